"""``voicestream setup`` as people and scripts use it."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from helpers.models.pulling import ACCEPT, models_of
from helpers.models.tiny_nllb import NAME
from helpers.process.running import COMMAND, wait_until
from helpers.process.terminal import Terminal

if TYPE_CHECKING:
    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream


def setup_at_terminal(place: Voicestream, *options: str) -> Terminal:
    environment = place.environment | {"LANG": "es_ES.UTF-8", "LC_ALL": "", "LC_MESSAGES": "", "TERM": "xterm"}
    return Terminal(f"{shlex.join([*COMMAND, 'setup', *options])}; echo exit=$?", environment, place.cwd)


def answer(terminal: Terminal, question: str, keys: str, times: int = 1) -> None:
    """Wait for a question to have been asked so many times, then type."""
    wait_until(lambda: terminal.shown.count(question) >= times, f"it asks {question}", seen=lambda: terminal.shown)
    terminal.type(keys + "\n")


def wait_for(terminal: Terminal, words: str) -> None:
    wait_until(lambda: words in terminal.shown, f"it shows {words}", seen=lambda: terminal.shown)


# --- scripts


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "no terminal to answer at"),
        (("--to", "ja"), 2, "no terminal to answer at"),
        (("--yes",), 2, "needs the language"),
        (("--yes", "--to", "ja", "--compute", "cpu"), 78, "add: --accept-licence cc-by-nc-4.0"),
        (("--yes", "--to", "jp", *ACCEPT), 2, 'Did you mean "ja"'),
        (("--yes", "--to", "br", *ACCEPT), 2, "does not translate into Breton"),
        (("--yes", "--to", "ja", "--quality", "best", *ACCEPT), 2, "small, medium, large"),
        (("--yes", "--to", "ja", "--compute", "cpu", "--accept-licence", "mit"), 2, "There is cc-by-nc-4.0, cpml."),
    ],
)
def test_what_a_script_left_out_is_said_and_nothing_is_fetched(
    place: Voicestream, hub: HubServer, options: tuple[str, ...], code: int, said: str
) -> None:
    done = place.call("setup", *options)
    assert done.returncode == code
    assert said in done.stderr
    assert hub.seen == []


def test_what_all_options_answer_needs_no_terminal(place: Voicestream, hub: HubServer) -> None:
    options = ("--to", "ja", "--compute", "cuda", "--quality", "small", "--voice-model", "none")
    done = place.call("setup", *options, *ACCEPT)
    assert done.returncode == 0, done.stderr


# --- at a terminal


def test_at_a_terminal_it_asks_explains_shows_the_licence_and_a_bar(place: Voicestream, hub: HubServer) -> None:
    hub.faults.delay_seconds = 0.2
    with setup_at_terminal(place) as terminal:
        answer(terminal, "Which language do you want to hear", "jp")
        wait_for(terminal, 'Did you mean "ja"')
        assert "[es]" in terminal.shown  # the locale's
        answer(terminal, "Which language do you want to hear", "ja", times=2)
        answer(terminal, "Which way (light, heavy)? [light]", "heavy")
        wait_for(terminal, "best to translate with: ")
        answer(terminal, "Where to translate (cpu, mps, cuda)?", "gpu")
        answer(terminal, "Where to translate (cpu, mps, cuda)?", "cuda", times=2)
        wait_for(terminal, "Which one?")
        for words in ("small", "medium", "large", "download", "2.5 GB", "1.6 GB", "recommended"):
            assert words in terminal.shown
        answer(terminal, "Which one?", "")
        answer(terminal, "Which voice (or none)?", "none")
        wait_for(terminal, "Creative Commons Attribution-NonCommercial 4.0 International")
        answer(terminal, "Do you accept it? [y/n]", "y")
        wait_for(terminal, "exit=")
        assert "exit=0" in terminal.shown
        assert "fetching model.safetensors" in terminal.shown
        assert "run --to ja" in terminal.shown
    assert (models_of(place) / NAME / "voicestream-model.json").exists()


def test_a_slip_of_the_finger_in_an_option_is_told_before_any_question(place: Voicestream) -> None:
    with setup_at_terminal(place, "--quality", "best") as terminal:
        wait_for(terminal, "exit=2")
        assert "?" not in terminal.shown.partition("exit=2")[0]


def test_who_does_not_accept_the_licence_gets_nothing(place: Voicestream, hub: HubServer) -> None:
    with setup_at_terminal(
        place, "--to", "ja", "--compute", "cuda", "--quality", "small", "--voice-model", "none"
    ) as terminal:
        answer(terminal, "Do you accept it?", "n")
        wait_for(terminal, "exit=78")
    assert hub.seen == []
    assert not (place.home / "data" / "voicestream" / "licences.json").exists()


# --- without a network


def test_a_directory_that_was_made_elsewhere_is_all_that_is_needed(place: Voicestream, hub: HubServer) -> None:
    carried = place.home / "carried"
    assert place.call("models", "pull", NAME, "--dir", str(carried), *ACCEPT).returncode == 0
    assert not models_of(place).exists()
    hub.seen.clear()
    done = place.call("setup", "--yes", "--to", "ja", "--compute", "cuda", "--dir", str(carried), *ACCEPT)
    assert done.returncode == 0, done.stderr
    assert f"copying {NAME} from {carried}" in done.stderr
    assert hub.seen == []
    assert place.call("models", "path", NAME).stdout == f"{models_of(place) / NAME}\n"


def test_a_directory_that_was_damaged_on_the_way_is_said(place: Voicestream, hub: HubServer) -> None:
    carried = place.home / "carried"
    assert place.call("models", "pull", NAME, "--dir", str(carried), *ACCEPT).returncode == 0
    os.truncate(carried / NAME / "model.safetensors", 1000)
    done = place.call("setup", "--yes", "--to", "ja", "--compute", "cuda", "--dir", str(carried), *ACCEPT)
    assert done.returncode == 1
    assert "model.safetensors in" in done.stderr
    assert not (models_of(place) / NAME).exists()
