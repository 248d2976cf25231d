"""Installed models that translate one direction only, and routes through English.

A few milliseconds, without the specs of engines: the supervisor asks when a session begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import UsageError
from voicestream.models import location, manifest

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

Direction = tuple[str, str]
"""Codes of source and target: ``("en", "pt")``."""

PIVOT: Final = "en"
"""Language through which a route without a model of its own goes."""

_SCRIPTS: Final = {"zh": "Hans", "sr": "Cyrl"}
"""The script that models know of languages that are written in more than one."""


def installed(models: str) -> dict[Direction, Path]:
    """Return the directories of the models of single directions; damaged manifests are left out.

    Args:
        models: a directory of models, or one model; empty = the user's.
    """
    root = location.root(models)
    try:
        places = [root] if (root / manifest.NAME).is_file() else sorted(root.iterdir())
    except OSError:
        return {}
    read = ((place, manifest.read(place)) for place in places)
    return {found.direction: place for place, found in read if found is not None and found.direction is not None}


def route(directions: Container[Direction], source: str, target: str) -> list[Direction]:
    """Return the directions to apply one after the other, at most two; none: there is no way.

    Args:
        directions: those that are installed.
        source: BCP-47 tag.
        target: BCP-47 tag.
    """
    try:
        first, last = code(source), code(target)
    except UsageError:
        return []
    if first == last:
        return []
    legs = [(first, last)] if (first, last) in directions else [(first, PIVOT), (PIVOT, last)]
    return legs if all(leg in directions for leg in legs) else []


def as_setting(models: str, source: str, target: str) -> str:
    """Return ``source-target`` if models are installed that translate it, else nothing."""
    legs = route(installed(models), source, target)
    return f"{legs[0][0]}-{legs[-1][1]}" if legs else ""


def code(tag: str) -> str:
    """Return the code of a BCP-47 tag in the names of models.

    Raises:
        UsageError: there is no such language, or it is written in a script that no model knows.
    """
    language = languages.parse(tag)
    script = _SCRIPTS.get(language.base)
    if script is not None and language.script != script:
        raise UsageError(f"no model of single directions knows {language.name}", hint=f"Try: {language.base}")
    return language.base
