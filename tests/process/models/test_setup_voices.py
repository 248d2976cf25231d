"""``voicestream setup`` and ``models`` with voices: which are proposed, under which licences, and what is fetched."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.models import tiny_voices
from helpers.models.pulling import ACCEPT, models_of, state_of
from helpers.models.tiny_nllb import NAME
from helpers.process.running import COMMAND, wait_until
from helpers.process.terminal import Terminal

if TYPE_CHECKING:
    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream

XTTS = ("setup", "--to", "en", "--yes", "--voice-model", "xtts")
KOKORO = ("setup", "--to", "en", "--yes", "--voice-model", "kokoro")


@pytest.fixture(autouse=True)
def packages(place: Voicestream) -> None:
    """Modules with the names of those that speak: nothing is spoken here."""
    for name in ("TTS", "onnx", "onnxruntime"):
        module = place.home / "packages" / name
        module.mkdir(parents=True)
        (module / "__init__.py").touch()
    place.environment |= {"PYTHONPATH": str(place.home / "packages")}


def acceptance(place: Voicestream, identifier: str) -> dict[str, str] | None:
    kept = place.home / "data" / "voicestream" / "licences.json"
    found: dict[str, dict[str, str]] = json.loads(kept.read_text()) if kept.exists() else {}
    return found.get(identifier)


# --- scripts


def test_a_script_that_accepts_the_licence_gets_the_voice_alone_for_english(
    place: Voicestream, voice_hub: HubServer
) -> None:
    done = place.call(*XTTS, "--accept-licence", "cpml")
    assert done.returncode == 0, done.stderr
    assert "ready to speak English" in done.stderr
    names = {path.name for path in (models_of(place) / "xtts-v2").iterdir()}
    assert names == {
        "LICENSE.txt",
        "config.json",
        "model.pth",
        "speakers_xtts.pth",
        "vocab.json",
        "voicestream-model.json",
    }
    assert acceptance(place, "cpml") is not None
    assert "licence cpml, version 1.0.0, accepted on 20" in place.call("models", "list").stdout


@pytest.mark.parametrize("variable", [None, "0", "yes"])
def test_yes_alone_accepts_no_licence_and_fetches_nothing(
    place: Voicestream, voice_hub: HubServer, variable: str | None
) -> None:
    if variable is not None:
        place.environment["COQUI_TOS_AGREED"] = variable
    done = place.call(*XTTS, *ACCEPT)
    assert done.returncode == 78
    assert "add: --accept-licence cpml" in done.stderr
    assert "non-commercial purposes only" in done.stderr
    assert voice_hub.seen == []
    assert acceptance(place, "cpml") is None


def test_coquis_own_variable_accepts_and_that_is_said_and_written_down(
    place: Voicestream, voice_hub: HubServer
) -> None:
    place.environment["COQUI_TOS_AGREED"] = "1"
    done = place.call("models", "pull", "xtts-v2")
    assert done.returncode == 0, done.stderr
    assert "COQUI_TOS_AGREED=1 is set" in done.stderr
    assert "Coqui Public Model License 1.0.0" in done.stderr
    kept = acceptance(place, "cpml")
    assert kept is not None
    assert kept["by"] == "COQUI_TOS_AGREED=1"
    assert "(COQUI_TOS_AGREED=1)" in place.call("models", "list").stdout
    # It is another licence's variable: that of NLLB is not accepted by it.
    assert place.call("models", "pull", NAME).returncode == 78


def test_a_voice_under_a_free_licence_needs_no_acceptance_and_keeps_its_sub_directories(
    place: Voicestream, kokoro_hub: HubServer
) -> None:
    done = place.call(*KOKORO)
    assert done.returncode == 0, done.stderr
    assert "Apache License 2.0" in done.stderr
    directory = models_of(place) / "kokoro-82m-v1.0"
    names = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert names == {
        "config.json",
        "onnx/model.onnx",
        "tokenizer.json",
        "voices/af_heart.bin",
        "voices/jf_alpha.bin",
        "voicestream-model.json",
    }
    sent = kokoro_hub.sent
    assert "installed and verified" in place.call(*KOKORO).stderr
    assert kokoro_hub.sent == sent
    assert place.call("models", "remove", "kokoro-82m-v1.0").returncode == 0
    assert state_of(place, "kokoro-82m-v1.0") == "not installed"


def test_what_coqui_has_fetched_is_not_fetched_again(place: Voicestream, voice_hub: HubServer) -> None:
    root = place.home / "huggingface" / "hub" / "models--tts-hub--XTTS-v2"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("c0ffee")
    tiny_voices.xtts(root / "snapshots" / "c0ffee")
    (root / "snapshots" / "c0ffee" / "vocab.json").write_text("[]")  # as long, and another
    assert place.call(*XTTS, "--accept-licence", "cpml").returncode == 1
    assert voice_hub.sent_of("model.pth") == voice_hub.sent_of("vocab.json") == 0
    (root / "snapshots" / "c0ffee" / "vocab.json").unlink()
    assert place.call(*XTTS).returncode == 0
    assert voice_hub.sent_of("model.pth") == 0
    assert voice_hub.sent_of("vocab.json") > 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--to", "ja", "--voice-model", "flute"), 2, "There is xtts, kokoro, piper, and none."),
        (("--to", "de", "--voice-model", "kokoro"), 2, "Kokoro does not speak German\nTry: --voice-model xtts"),
        (("--to", "sw", "--voice-model", "xtts"), 2, "XTTS v2 does not speak Swahili\nTry: --voice-model none"),
    ],
)
def test_a_voice_that_does_not_fit_is_said_before_anything_is_fetched(
    place: Voicestream, voice_hub: HubServer, options: tuple[str, ...], code: int, said: str
) -> None:
    done = place.call("setup", "--yes", "--compute", "cpu", *options, *ACCEPT, "--accept-licence", "cpml")
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert voice_hub.seen == []


@pytest.mark.parametrize("lost", ["TTS", "huggingface_hub"])
def test_without_the_packages_of_a_voice_the_command_that_installs_them_is_named(
    place: Voicestream, voice_hub: HubServer, lost: str
) -> None:
    (place.home / "packages" / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *more: None if name == {lost!r} else find(name, *more)\n"
    )
    done = place.call(*XTTS)  # before the licence is asked for
    assert done.returncode == 78
    assert f"XTTS needs {lost}, not installed here\nTry: pip install 'voicestream[xtts]'" in done.stderr
    constraints = Path(__file__).parents[3] / "constraints.txt"
    assert f" --constraint {constraints}\n" in done.stderr
    assert done.stderr.endswith("Then: voicestream setup --to en --yes --voice-model xtts\n")
    assert voice_hub.seen == []


def test_a_translator_and_a_voice_come_together_from_a_directory(place: Voicestream, hub: HubServer) -> None:
    carried = place.home / "carried"
    assert place.call("models", "pull", NAME, "--dir", str(carried), *ACCEPT).returncode == 0
    hub.directory, hub.repository = tiny_voices.kokoro(place.home / "kokoro"), "onnx-community/Kokoro-82M-v1.0-ONNX"
    assert place.call("models", "pull", "kokoro-82m-v1.0", "--dir", str(carried)).returncode == 0
    hub.seen.clear()
    options = ("--yes", "--to", "ja", "--compute", "cuda", "--voice-model", "kokoro", "--dir", str(carried))
    done = place.call("setup", *options)
    assert done.returncode == 0, done.stderr
    assert "ready to translate into and speak Japanese" in done.stderr
    assert hub.seen == []
    assert state_of(place) == state_of(place, "kokoro-82m-v1.0") == "installed"


def test_who_names_no_voice_is_told_how_to_get_one(place: Voicestream, hub: HubServer) -> None:
    done = place.call("setup", "--yes", "--to", "ja", "--compute", "cuda", *ACCEPT)
    assert done.returncode == 0, done.stderr
    assert "add: --voice-model xtts or --voice-model kokoro" in done.stderr
    assert "ready to translate into Japanese" in done.stderr


# --- at a terminal


def at_terminal(place: Voicestream, *options: str) -> Terminal:
    environment = place.environment | {"LANG": "C", "LC_ALL": "", "LC_MESSAGES": "", "TERM": "xterm"}
    return Terminal(f"{shlex.join([*COMMAND, 'setup', *options])}; echo exit=$?", environment, place.cwd)


def wait_for(terminal: Terminal, words: str, times: int = 1) -> None:
    wait_until(lambda: terminal.shown.count(words) >= times, f"it shows {words}", seen=lambda: terminal.shown)


def test_at_a_terminal_voices_are_proposed_with_sizes_and_what_they_may_be_used_for(
    place: Voicestream, voice_hub: HubServer
) -> None:
    with at_terminal(place, "--to", "en") as terminal:
        wait_for(terminal, "Which way (light, heavy)? [light]")
        terminal.type("heavy\n")
        wait_for(terminal, "Which voice (or none)? [xtts]")
        for words in ("download   1.9 GB", "not for commercial purposes, recommended", "kokoro", "for any purpose"):
            assert words in terminal.shown
        terminal.type("flute\n")
        wait_for(terminal, "There is xtts, kokoro, piper, and none.")
        wait_for(terminal, "Which voice (or none)?", times=2)
        terminal.type("\n")
        wait_for(terminal, "Do you accept it? [y/n]")
        assert "Coqui Public Model License 1.0.0" in terminal.shown
        terminal.type("y\n")
        wait_for(terminal, "exit=")
        assert "exit=0" in terminal.shown
        assert "ready to speak English" in terminal.shown
    kept = acceptance(place, "cpml")
    assert kept is not None
    assert kept["by"] == "answered at the terminal"


def test_who_wants_no_voice_gets_none_and_is_asked_no_licence(place: Voicestream, voice_hub: HubServer) -> None:
    with at_terminal(place, "--to", "en") as terminal:
        wait_for(terminal, "Which way (light, heavy)?")
        terminal.type("heavy\n")
        wait_for(terminal, "Which voice (or none)?")
        terminal.type("none\n")
        wait_for(terminal, "exit=0")
        assert "Do you accept" not in terminal.shown
    assert voice_hub.seen == []
