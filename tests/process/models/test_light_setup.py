"""The light way of ``voicestream setup``: one command, nothing to accept, and what happens when something fails."""

from __future__ import annotations

import shlex
import socket
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models import light_engines
from helpers.models.hub_server import HubServer
from helpers.models.light_engines import MODEL, REPOSITORY, VOICE_MODEL, states
from helpers.models.pulling import listed_state_of, models_of
from helpers.process.running import COMMAND, line, wait_until
from helpers.process.terminal import Terminal
from helpers.voices import auto_voice
from voicestream.cli.columns import cells
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.process.running import Voicestream

SETUP = ("setup", "--to", "de", "--yes")
CTRL_C = "\x03"
CTRL_D = "\x04"


@pytest.fixture
def light_hub(place: Voicestream, tmp_path: Path) -> Iterator[HubServer]:
    """Has the models of a light translator and of a light voice for German."""
    with HubServer(light_engines.make_files(tmp_path / "light"), REPOSITORY) as server:
        light_engines.plug_in(place, server)
        yield server


def licences_of(place: Voicestream) -> Path:
    return place.home / "data" / "voicestream" / "licences.json"


def at_terminal(place: Voicestream, *options: str) -> Terminal:
    environment = {name: text for name, text in place.environment.items() if name not in ("COLUMNS", "LINES")}
    environment |= {"LANG": "de_DE.UTF-8", "LC_ALL": "", "LC_MESSAGES": "", "TERM": "xterm"}
    script = f"trap : INT; {shlex.join([*COMMAND, 'setup', *options])}; echo exit=$?"
    return Terminal(script, environment, place.cwd, columns=80)


def wait_for(terminal: Terminal, words: str) -> None:
    wait_until(lambda: words in terminal.shown, f"it shows {words}", seen=lambda: terminal.shown)


# --- what goes well


def test_one_command_sets_up_a_language_and_run_needs_no_other_option(place: Voicestream, light_hub: HubServer) -> None:
    done = place.call(*SETUP)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "ready to translate into and speak German" in done.stderr
    assert "\n  voicestream demo --to de\n" in done.stderr
    assert done.stderr.endswith("| voicestream run --to de\n")
    assert {name: listed_state_of(place, name) for name in (MODEL, VOICE_MODEL)} == states(place)
    assert states(place) == {MODEL: "installed", VOICE_MODEL: "installed"}
    assert not licences_of(place).exists()
    run = auto_voice.chooses(place).run("--to", "de")
    run.write(line("All tests pass."))
    assert run.finish() == 0, run.stderr
    assert [(event["text"], event["engine"]) for event in run.of("translated")] == [("ALL TESTS PASS.", "swift")]
    assert place.worker("tts")["engine"] == "reed"


def test_at_a_terminal_the_light_way_is_proposed_first_in_80_columns(place: Voicestream, light_hub: HubServer) -> None:
    with at_terminal(place) as terminal:
        wait_for(terminal, "Which language do you want to hear (en, ja, es, pt-BR …)? [de]")
        terminal.type("\n")
        wait_for(terminal, "Which way (light, heavy)? [light]")
        light, _, heavy = strip_terminal_codes(terminal.shown).replace("\r", "").partition("(heavy):")
        assert "translate  Swift, 5.0 kB, Free Licence 1.0" in light
        assert "speak      Reed, 200.0 kB, Free Licence 1.0" in light
        assert "2.5 GB, cc-by-nc-4.0: not for commercial purposes" in heavy
        assert "1.9 GB, cpml: not for commercial purposes" in heavy
        terminal.type("slow\n")
        wait_for(terminal, "There is light and heavy.")
        terminal.type("\n")
        wait_for(terminal, "exit=0")
        shown = strip_terminal_codes(terminal.shown).replace("\r", "\n").splitlines()
    assert [text for text in shown if cells(text) > 80] == []
    assert states(place) == {MODEL: "installed", VOICE_MODEL: "installed"}


def test_models_are_installed_from_a_directory_without_a_network(place: Voicestream, light_hub: HubServer) -> None:
    carried = place.home / "carried"
    carried.mkdir()
    empty = place.call(*SETUP, "--dir", str(carried))
    assert empty.returncode == 1
    assert f"{carried} has no models for German" in empty.stderr
    for name in (MODEL, VOICE_MODEL):
        assert f"\n  voicestream models pull {name} --dir DIR" in empty.stderr
        assert place.call("models", "pull", name, "--dir", str(carried)).returncode == 0
    light_hub.seen.clear()
    done = place.call(*SETUP, "--dir", str(carried))
    assert done.returncode == 0, done.stderr
    assert light_hub.seen == []
    assert states(place) == {MODEL: "installed", VOICE_MODEL: "installed"}


def test_a_running_supervisor_gets_what_was_replaced_or_beside_a_session_the_command(
    place: Voicestream, light_hub: HubServer
) -> None:
    assert place.call("up").returncode == 0
    alone = place.call(*SETUP)
    assert (alone.returncode, "restarting translation" in alone.stderr) == (0, True), alone.stderr
    assert place.worker("translation")["restarts"] == 1
    other = place.run()
    other.wait_for("session_opened")
    beside = place.call(*SETUP)
    assert "Try: voicestream workers restart translation" in beside.stderr
    assert place.worker("translation")["restarts"] == 1
    assert other.finish() == 0, other.stderr


# --- what ends the questions


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [
        (CTRL_C, "exit=130", "stopped; nothing was installed"),
        (CTRL_D, "exit=2", "the input ended before the question was answered"),
    ],
)
def test_a_question_that_gets_no_answer_ends_it_and_nothing_is_installed(
    place: Voicestream, light_hub: HubServer, key: str, code: str, said: str
) -> None:
    with at_terminal(place, "--to", "de") as terminal:
        wait_for(terminal, "Which way")
        terminal.type(key)
        wait_for(terminal, code)
        assert said in terminal.shown
    assert light_hub.seen == []
    assert not models_of(place).exists()


def test_yes_accepts_no_licence_where_only_the_heavy_way_has_the_language(place: Voicestream) -> None:
    skip_unless_installed()
    done = place.call("setup", "--to", "sw", "--yes")
    assert done.returncode == 78
    assert "no light model translates into Swahili" in done.stderr
    assert "add: --accept-licence cc-by-nc-4.0" in done.stderr
    assert not licences_of(place).exists()
    assert not models_of(place).exists()


def test_a_language_that_no_voice_speaks_is_told(place: Voicestream) -> None:
    done = place.call("setup", "--to", "gl", "--yes")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "voicestream: no voice speaks Galician")


def test_missing_packages_are_told_with_every_command_before_anything_is_fetched(
    place: Voicestream, light_hub: HubServer
) -> None:
    light_engines.plug_in(place, light_hub, packages=("module_that_is_nowhere",))
    place.environment["PYTHONPATH"] += f":{without_packages(place, 'onnxruntime', 'fxtranslate')}"
    done = place.call(*SETUP)
    assert done.returncode == 78
    assert done.stderr.endswith(
        "Try: pip install voicestream-swift\n     pip install voicestream-reed\nThen: voicestream setup --to de --yes\n"
    ), done.stderr
    assert light_hub.seen == []


def test_packages_that_an_engine_needs_for_the_language_are_told(place: Voicestream) -> None:
    skip_unless_installed(("fugashi", "fxtranslate", "huggingface_hub", "onnx", "onnxruntime", "unidic_lite"))
    place.environment["PYTHONPATH"] = str(without_packages(place, "fugashi"))
    done = place.call("setup", "--to", "ja", "--yes")
    assert done.returncode == 78
    assert "Kokoro needs fugashi" in done.stderr
    assert "pip install 'voicestream[kokoro]'\nThen: voicestream setup --to ja --yes\n" in done.stderr


# --- what fails on the way


def test_without_a_network_it_says_what_to_carry_here(place: Voicestream, light_hub: HubServer) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place.environment["VOICESTREAM_MIRROR"] = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = place.call(*SETUP)
    assert done.returncode == 1
    assert "the connection to 127.0.0.1" in done.stderr
    for name in (MODEL, VOICE_MODEL):
        assert f"\n  voicestream models pull {name} --dir DIR\n" in done.stderr
    assert done.stderr.endswith("\n  voicestream setup --to de --dir DIR\n")
    assert "installed" not in states(place).values()


@pytest.mark.parametrize("fault", ["damaged", "cut"])
def test_what_fails_leaves_no_half_model_and_the_same_command_goes_on(
    place: Voicestream, light_hub: HubServer, fault: str
) -> None:
    if fault == "damaged":
        light_hub.faults.changed = frozenset(("reed.bin",))
    else:
        light_hub.faults.cut_after = 1  # of each connection
    done = place.call(*SETUP)
    if fault == "damaged":
        assert done.returncode == 1
        assert "reed.bin from 127.0.0.1" in done.stderr
        assert "its checksum is wrong" in done.stderr
        assert states(place) == {MODEL: "installed", VOICE_MODEL: "incomplete"}
        light_hub.faults.changed = frozenset()
        done = place.call(*SETUP)
    assert done.returncode == 0, done.stderr
    assert states(place) == {MODEL: "installed", VOICE_MODEL: "installed"}


def test_too_little_room_for_both_is_told_before_the_first_is_fetched(place: Voicestream, light_hub: HubServer) -> None:
    light_engines.plug_in(place, light_hub, disk_bytes=10**15)
    done = place.call(*SETUP)
    assert done.returncode == 1
    assert "GB free" in done.stderr
    assert light_hub.seen == []


def without_packages(place: Voicestream, *names: str) -> Path:
    """A directory that hides packages."""
    hidden = place.home / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *more: None if name in {names!r} else find(name, *more)\n"
    )
    return hidden
