"""Licence prompt: explicit acceptance of a model's licence by option, variable or at a terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from voicestream.cli import prompts
from voicestream.models import licences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.model import Licence, Model

FLAG = "--accept-licence"

option = click.option(
    FLAG, "accepted", multiple=True, metavar="ID", help="Accept a model's licence, such as cc-by-nc-4.0 or cpml."
)


def is_interactive() -> bool:
    """Return whether a user at a terminal can see a question and answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ensure_accepted(model: Model, accepted: Sequence[str], *, may_ask: bool) -> None:
    """Make sure that the licence of a model was accepted, now or before.

    Args:
        model: the model.
        accepted: values of ``--accept-licence``.
        may_ask: ask at the terminal, if there is one.

    Raises:
        UsageError: a named licence does not exist.
        ConfigurationError: the licence was not accepted.
    """
    licence = licences.find(model.licence)
    named = [licences.find(identifier).id for identifier in accepted]
    if not licence.must_be_accepted:
        prompts.show(f"voicestream: {model.name}: {licence.name}. {licence.summary}")
        return
    if licences.is_accepted(licence):
        return
    if licence.id in named:
        by = FLAG
    elif licence.variable and os.environ.get(licence.variable) == "1":
        by = f"{licence.variable}=1"
        prompts.show(
            f"voicestream: {by} is set: the licence of {model.name} is accepted, and this is recorded:",
            f"  {licence.name}. {licence.summary}",
            f"  {licence.url}",
        )
    else:
        _ask(model, licence, may_ask=may_ask)
        by = "answered at the terminal"
    licences.accept(licence, by)


def _ask(model: Model, licence: Licence, *, may_ask: bool) -> None:
    if not (may_ask and is_interactive()):
        raise licences.not_accepted(licence)
    prompts.show(f"\n{model.name} has this licence:")
    prompts.show(f"  {licence.name}", f"  {licence.summary}", f"  {licence.url}")
    if not prompts.confirm("Do you accept it?"):
        raise licences.not_accepted(licence)
