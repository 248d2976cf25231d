"""No process of ours opens a network socket, whichever engine it loads, nor leaves a file in the user's home."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import PACKAGES, VOICE_PACKAGES, skip_unless_installed
from helpers.models import piper_voices, tiny_kokoro
from helpers.process.running import COMMAND, line
from helpers.remote.fake_server import FakeServer
from helpers.voices import auto_voice

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream


NETWORK = re.compile(r"\b(AF_INET6?|AF_PACKET)\b")
UNIX_CONNECT = re.compile(r'connect\(\d+, \{sa_family=AF_UNIX, sun_path=@?"([^"]*)"')

NAME_SERVICE = "/nscd/socket"
"""glibc asks the name service of the machine itself who the user is."""


@pytest.fixture
def place(place: Voicestream) -> Voicestream:
    """A home of its own; variables by which a user may have allowed telemetry."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: sudo apt-get install strace")
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let strace trace")
    home = place.home / "user"
    home.mkdir()
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        place.environment.pop(name, None)
    place.environment |= {"HOME": str(home), "OMP_NUM_THREADS": "1"}
    place.environment |= {"ORT_DISABLE_TELEMETRY": "0", "DO_NOT_TRACK": "0", "HF_HUB_OFFLINE": "0"}
    return place


def traced(place: Voicestream) -> list[str]:
    """A command that starts another one and notes what it and its children do with sockets."""
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=network", "-o", str(place.home / "trace")]


def assert_private(place: Voicestream) -> None:
    """Nothing but the hub's socket was used, and the home is as it was."""
    trace = (place.home / "trace").read_text(errors="replace")
    assert [text for text in trace.splitlines() if NETWORK.search(text)] == []
    reached = {path for path in UNIX_CONNECT.findall(trace) if not path.endswith(NAME_SERVICE)}
    assert reached <= {str(place.runtime / "hub")}, reached
    assert sorted((place.home / "user").rglob("*")) == []


def speak(place: Voicestream, *options: str) -> None:
    """One sentence, all processes traced from their start to their end."""
    run = place.run("--keep-alive", "0", *options, under=traced(place))
    run.write(line("Hello."))
    assert run.finish() == 0, run.stderr
    assert len(run.of("playback_finished")) == 1, run.stderr
    assert "connect(" in (place.home / "trace").read_text(errors="replace"), "it was traced"
    assert_private(place)


def gather(place: Voicestream, *directories: Path) -> str:
    """One directory with the models of several, two engines at a time: each run starts all processes."""
    gathered = place.home / "models"
    gathered.mkdir(exist_ok=True)
    for directory in directories:
        for model in directory.iterdir():
            (gathered / model.name).symlink_to(model)
    return str(gathered)


def test_the_embedded_voice_and_the_systems_translator_use_no_network(place: Voicestream) -> None:
    translator = "apertium" if shutil.which("apertium") else "none"
    speak(place, "--tts", "espeak", "--translator", translator, "--to", "es")


def test_the_voice_that_auto_takes_uses_no_network(place: Voicestream) -> None:
    auto_voice.skip_unless_installed()
    speak(auto_voice.chooses(place), "--translator", "none")
    assert f"engine={auto_voice.NAME} chosen_by=auto" in place.log_text("tts")


def test_piper_uses_no_network(place: Voicestream) -> None:
    piper_voices.skip_unless_engine_installed()
    piper_voices.build(place.home / "models", "en_US-tiny-low", espeak="en-us")
    speak(place, "--tts", "piper", "--translator", "none", "--models", str(place.home / "models"))


def test_kokoro_and_ctranslate2_use_no_network(place: Voicestream, nllb_models: Path) -> None:
    skip_unless_installed((*PACKAGES, "onnxruntime", "onnx"))
    models = gather(place, nllb_models)
    tiny_kokoro.build(place.home / "models" / tiny_kokoro.NAME, network=tiny_kokoro.tones(rounds=0))
    speak(place, "--tts", "kokoro", "--translator", "nllb-ct2", "--to", "ja", "--models", models)


def test_the_light_translator_uses_no_network(place: Voicestream, firefox_models: Path) -> None:
    speak(place, "--tts", "espeak", "--translator", "firefox", "--to", "pt", "--models", str(firefox_models))


def test_xtts_and_nllb_use_no_network(place: Voicestream, xtts_models: Path, nllb_models: Path) -> None:
    skip_unless_installed((*PACKAGES, *VOICE_PACKAGES))
    models = gather(place, xtts_models, nllb_models)
    speak(place, "--tts", "xtts", "--translator", "nllb", "--to", "ja", "--models", models)


def test_a_voice_on_a_server_reaches_that_server_alone(place: Voicestream) -> None:
    with FakeServer() as server:
        (place.home / "config.toml").write_text(f'[remote]\ntts = ["{server.url}", "http://127.0.0.1:1"]\n')
        run = place.run("--keep-alive", "0", "--tts", "remote", under=traced(place))
        run.write(line("Hello."))
        assert run.finish() == 0, run.stderr
    reached = [text for text in (place.home / "trace").read_text().splitlines() if "connect(" in text]
    network = [text for text in reached if NETWORK.search(text)]
    assert network
    assert all(f"sin_port=htons({server.port})" in text for text in network), network


@pytest.mark.parametrize("arguments", [["models", "list"], ["voices", "list"]])
def test_commands_that_only_look_at_what_is_there_use_no_network(place: Voicestream, arguments: list[str]) -> None:
    done = subprocess.run(
        [*traced(place), *COMMAND, *arguments], env=place.environment, cwd=place.cwd, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert_private(place)
