"""An engine of another package in all places that show or choose engines, by its spec alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line
from helpers.voices import auto_voice
from helpers.voices.plugging import offer_specs

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

CHOIR = """
from voicestream.engines.spec import SynthesizerSpec, VoiceList
from voicestream.engines.model import Model
from voicestream.engines.model import Licence

MODEL = Model(
    name="choir-1.0", title="Choir", engine="choir", licence="choral-1.0", repository="somebody/choir",
    required=("config.json",), optional=(), weights=(("model.bin",),),
    download_bytes=5_000_000, disk_bytes=5_000_000, memory_bytes=7_000_000,
)
LICENCE = Licence(
    id="choral-1.0", name="Choral Licence 1.0", version="1.0", url="https://example.org/choral",
    summary="You may sing along.",
)

class Choir:
    name = "choir"
    device = "cpu"
    sample_rate = 24_000
    needs_normalized_text = False
    needs_postprocessing = False

    def max_characters(self, language):
        return 0

    def supports(self, language):
        return True

    def synthesize(self, text, language, voice, seed, *, speed=1.0):
        import numpy as np
        if voice not in ("", "alto"):
            raise ValueError(voice)
        yield np.zeros(2_400, np.float32)

    def close(self):
        pass

SPEC = SynthesizerSpec(
    name="choir", title="Choir", rank=1000, summary="many at once", languages=frozenset(["en"]),
    packages=("click",), install="pip install voicestream-choir", models=(MODEL,), licences=(LICENCE,),
    load=lambda settings, report: Choir(),
    voices=lambda models: VoiceList(["alto", "tenor"]), language_of=lambda voice: "cy",
)
"""


@pytest.fixture
def choir(place: Voicestream) -> Voicestream:
    """A place where the package is installed."""
    site = place.home / "site"
    entry_points = {"voicestream.synthesizers": {"choir": "choir:SPEC"}}
    place.environment["PYTHONPATH"] = offer_specs(site, "voicestream-choir", entry_points)
    (site / "choir.py").write_text(CHOIR, encoding="utf-8")
    return auto_voice.chooses(place)


def test_auto_takes_it_by_its_rank_and_by_the_name_of_its_voice(choir: Voicestream) -> None:
    run = choir.run("--voice", "Alto")
    run.write(line("One."))
    assert run.finish() == 0, run.stderr
    assert choir.worker("tts")["engine"] == "choir"
    run = choir.run()
    run.write(line("Two."))
    assert run.finish() == 0, run.stderr
    assert choir.worker("tts")["engine"] == "choir"


def test_its_voices_are_listed_and_tried_in_their_language(choir: Voicestream) -> None:
    assert "choir: alto, tenor\n" in choir.call("voices", "list").stdout
    rows = json.loads(choir.call("voices", "list", "--json").stdout)["voices"]
    assert {"name": "tenor", "kind": "built-in", "engine": "choir"} in rows
    refused = choir.call("voices", "add", "tenor", "me.wav", "--i-have-consent")
    assert 'choir has a voice "tenor" already' in refused.stderr
    assert "--voice alto" in choir.call("say", "--voice", "altto", "Hello.").stderr


def test_its_model_is_listed_and_set_up_under_its_licence(choir: Voicestream) -> None:
    pytest.importorskip("huggingface_hub", reason="make neural")
    models = json.loads(choir.call("models", "list", "--json").stdout)["models"]
    (found,) = [model for model in models if model["name"] == "choir-1.0"]
    assert (found["engine"], found["licence"], found["download_bytes"]) == ("choir", "choral-1.0", 5_000_000)
    shown = " ".join(choir.call("setup", "--help").stdout.split())
    assert "--voice-model choir|xtts|kokoro|piper|none" in shown
    assert "choir: many at once; xtts:" in shown
    refused = choir.call("setup", "--to", "en", "--yes", "--voice-model", "choir")
    assert refused.returncode == 78
    assert "Choral Licence 1.0. You may sing along." in refused.stderr
    assert "--accept-licence choral-1.0" in refused.stderr


def test_without_its_module_the_others_are_listed_and_one_line_tells_of_it(choir: Voicestream) -> None:
    (choir.home / "site" / "choir.py").write_text("raise RuntimeError('\\x1b[2J gone')", encoding="utf-8")
    done = choir.call("setup", "--help")
    assert done.returncode == 0
    assert "--voice-model xtts|kokoro|piper|none" in " ".join(done.stdout.split())
    (told,) = done.stderr.splitlines()
    assert told.startswith("voicestream: left out: the voice engine choir (choir:SPEC) cannot be loaded: RuntimeError:")
    assert told.isprintable()


def test_its_name_is_proposed_for_a_mistyped_one(choir: Voicestream) -> None:
    refused = choir.call("say", "--tts", "chior", "Hello.")
    assert refused.returncode == 2
    assert "Did you mean --tts choir?" in refused.stderr
    assert "auto, choir, espeak" in refused.stderr
