"""Messages about voice engines that are not ready, and the packages that their hints install."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path

import pytest

from helpers.project.shadow_tree import PYPROJECT
from helpers.voices import auto_voice
from helpers.voices.plugging import offer_specs
from voicestream.engines import registry
from voicestream.models import packages
from voicestream.workers import engine_loading

_DISTRIBUTIONS = {"TTS": "coqui-tts", "hibari": "hibari-tts"}
"""Distributions that are not named like their module."""

NOT_READY = """
from voicestream.engines.spec import SynthesizerSpec
from voicestream.errors import EngineNotReadyError

def load(settings, report):
    raise EngineNotReadyError("it is hoarse", hint="cure")

SPEC = SynthesizerSpec(name="somebody-elses", title="plugged in", rank=1000, load=load)
"""


def there_are(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda name: name in names)


@pytest.mark.parametrize(
    ("installed", "weights", "instead", "is_missed"),
    [
        ((), False, "espeak", False),
        (("torch",), False, "espeak", False),
        (("TTS", "torch"), False, "espeak", True),
        (("TTS", "torch"), False, "kokoro", False),
        ((), True, "espeak", True),
        ((), True, "kokoro", True),
    ],
)
def test_a_voice_that_somebody_asked_for_is_missed_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: tuple[str, ...],
    instead: str,
    *,
    weights: bool,
    is_missed: bool,
) -> None:
    there_are(monkeypatch, *installed)
    if weights:
        (tmp_path / "xtts-v2").mkdir()
    specs = {spec.name: spec for spec in registry.specs(registry.SYNTHESIZERS)}
    assert packages.is_wanted(specs["xtts"], specs[instead], str(tmp_path)) is is_missed


def test_auto_tells_of_those_that_are_missed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there_are(monkeypatch, "onnx", "onnxruntime")
    monkeypatch.setenv("VOICESTREAM_MODELS", str(tmp_path))
    offer_specs(
        tmp_path / "site", "a-plug-in", {registry.SYNTHESIZERS.entry_points: {"somebody-elses": "plug_in:SPEC"}}
    )
    (tmp_path / "site" / "plug_in.py").write_text(NOT_READY)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    notes: list[str] = []
    monkeypatch.setitem(sys.modules, auto_voice.PACKAGE, None)
    assert engine_loading.load_synthesizer("auto", lambda *_: None, notes.append).name == "espeak"
    (note,) = notes
    assert note.startswith("somebody-elses is not ready: it is hoarse (cure); kokoro is not ready: ")
    assert "xtts" not in note


def test_models_that_may_not_be_read_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(place))

    there_are(monkeypatch, "TTS", "torch")
    (tmp_path / "xtts-v2").mkdir()
    specs = {spec.name: spec for spec in registry.specs(registry.SYNTHESIZERS)}
    monkeypatch.setattr(Path, "stat", refuse)
    assert not packages.is_ready(specs["xtts"], str(tmp_path), "en")
    assert not packages.is_ready(specs["piper"], str(tmp_path), "de")
    monkeypatch.setattr(os, "stat", refuse)
    assert not packages.is_wanted(specs["xtts"], specs["kokoro"], str(tmp_path))


def _parts(extra: str) -> list[str]:
    """The extras that an extra is made of, itself among them."""
    optional = PYPROJECT["project"]["optional-dependencies"]
    named = (re.match(r"voicestream\[(.*)\]", line) for line in optional[extra])
    return [extra, *(part for found in named if found for each in found[1].split(",") for part in _parts(each))]


def test_the_hint_of_an_engine_names_no_larger_extra_than_it_needs() -> None:
    optional = PYPROJECT["project"]["optional-dependencies"]
    for spec in registry.all_specs():
        named = re.match(r"pip install 'voicestream\[(.*)\]'", spec.install)
        if named is None:
            continue
        needed = {_DISTRIBUTIONS.get(name, name) for name in spec.packages} - {"onnxruntime"}  # hibari-tts brings it
        for extra in optional:
            packages = {re.split(r"[<>=~\[ ]", line)[0] for part in _parts(extra) for line in optional[part]}
            if extra == named[1]:
                assert needed <= packages, spec.name
            elif extra in _parts(named[1]):
                assert not needed <= packages, f"{spec.name}: {extra} is enough"
