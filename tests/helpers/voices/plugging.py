"""Plugs engines in as anybody's package does: by the metadata of a distribution, in a directory on ``PYTHONPATH``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report

TESTS = Path(__file__).parents[2]


def offer(
    directory: Path, name: str, *, translators: dict[str, str] | None = None, synthesizers: dict[str, str] | None = None
) -> str:
    """Make ``directory`` one that offers engines, each with a spec that says no more than it must.

    Args:
        directory: is made where it is not there.
        name: of the distribution.
        translators: by what stands after ``--translator``, where the class is: ``module:Class``.
        synthesizers: likewise after ``--tts``.

    Returns:
        The ``PYTHONPATH`` with which they are found, and ``helpers``.
    """
    module = f"specs_of_{name.replace('-', '_')}"
    specs = ["from helpers.voices.plugging import synthesizer, translator\n"]
    found: dict[str, dict[str, str]] = {"voicestream.translators": {}, "voicestream.synthesizers": {}}
    for kind, engines in (("translator", translators), ("synthesizer", synthesizers)):
        for engine, where in (engines or {}).items():
            variable = f"{kind}_{len(specs)}"
            specs.append(f"{variable} = {kind}({engine!r}, {where!r})\n")
            found[f"voicestream.{kind}s"][engine] = f"{module}:{variable}"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{module}.py").write_text("".join(specs), encoding="utf-8")
    return offer_specs(directory, name, found)


def offer_specs(directory: Path, name: str, entry_points: dict[str, dict[str, str]]) -> str:
    """Write the metadata of a distribution.

    Args:
        directory: is made where it is not there.
        name: of the distribution.
        entry_points: by group and name, where the spec is: ``module:SPEC``.

    Returns:
        As ``offer``.
    """
    information = directory / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    text = "".join(
        f"[{group}]\n" + "".join(f"{engine} = {where}\n" for engine, where in engines.items())
        for group, engines in entry_points.items()
    )
    (information / "entry_points.txt").write_text(text, encoding="utf-8")
    return f"{directory}:{TESTS}"


def translator(name: str, where: str) -> TranslatorSpec:
    """The spec of a translator of a test."""
    return TranslatorSpec(name=name, title=name, load=_loading(where))


def synthesizer(name: str, where: str) -> SynthesizerSpec:
    """The spec of a voice of a test, which takes samples, too."""
    return SynthesizerSpec(name=name, title=name, takes_samples=True, load=_loading(where))


def _loading(where: str) -> Any:  # noqa: ANN401 - of both kinds of specs
    """What loads an engine of a class whose objects have a method ``load``."""

    def load(_settings: EngineSettings, report: Report) -> object:
        module, _, class_name = where.partition(":")
        engine = getattr(importlib.import_module(module), class_name)()
        try:
            engine.load(report)
        except BaseException:
            engine.close()
            raise
        return engine

    return load
