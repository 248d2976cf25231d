"""What ``make agents`` relies on: the stand-in for the models' APIs, and the comparison of speech and script."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from helpers.agents.clients import CLIENTS, Client
from helpers.agents.dialects import ENDINGS
from helpers.agents.interactive import ASKS, SESSIONS, Session, faults_of
from helpers.agents.run import ANNOUNCED, differences, spoken_in
from helpers.agents.scenarios import FIRST, SECOND, Call, Scenario, scenarios
from helpers.agents.script import UNSCRIPTED, Cut, Failure, Script, Tool, say
from helpers.agents.stand_in import StandIn, stand_in
from helpers.fixtures.deadline import remaining
from helpers.project.parsing import parse, spoken
from helpers.project.shadow_tree import REPOSITORY

TOOL = Tool("shell", {"command": "ls"})
STREAMED = ["/messages", "/responses", "/chat/completions", ":streamGenerateContent"]


@pytest.mark.parametrize("ending", STREAMED)
def test_each_dialect_streams_the_words_of_a_turn(ending: str) -> None:
    stream = b"".join(ENDINGS[ending].stream({}, (say(*FIRST), TOOL)))
    assert spoken(parse(stream)) == list(FIRST)
    assert b'"ls' in stream.replace(b"\\", b"")


@pytest.mark.parametrize("ending", ["/messages", "/chat/completions", ":generateContent"])
def test_each_dialect_has_the_words_in_one_object(ending: str) -> None:
    answer = ENDINGS[ending].whole({}, (say(*FIRST),))
    assert spoken(parse(json.dumps(answer).encode())) == list(FIRST)


@pytest.mark.parametrize("ending", STREAMED)
def test_a_cut_stream_breaks_off_behind_its_words(ending: str) -> None:
    whole = list(ENDINGS[ending].stream({}, (say("Some words."),)))
    cut = list(ENDINGS[ending].stream({}, (Cut("Some words."),)))
    assert len(cut) < len(whole)
    assert b's."' in cut[-1]


def test_a_script_goes_by_conversation_and_repeats_only_failures() -> None:
    script = Script(((say("One."),), (say("Two."),)), {"inner": ((Failure(529, "Overloaded"),),)})
    assert script.next_turn("Do it.") == (say("One."),)
    assert [script.next_turn("The inner task.") for _ in range(2)] == [(Failure(529, "Overloaded"),)] * 2
    assert script.left == 1
    assert script.next_turn("Do it.") == (say("Two."),)
    assert script.next_turn("Do it.") == UNSCRIPTED
    assert script.left == 0


def _post(server: StandIn, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(server.address + "/v1/messages", json.dumps(body).encode())  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=remaining()) as answer:  # noqa: S310 - http
        found: bytes = answer.read()
    return found


def test_the_stand_in_answers_fails_and_breaks_off_as_the_script_says() -> None:
    asked = {"stream": True, "tools": [{}], "messages": [{"role": "user", "content": "Do it."}]}
    with stand_in(Script(((say(*FIRST),), (Failure(529, "Overloaded"),), (Cut(FIRST[0]),)))) as server:
        assert spoken(parse(_post(server, asked))) == list(FIRST)
        with pytest.raises(urllib.error.HTTPError, match="529"):
            _post(server, asked)
        with pytest.raises(http.client.IncompleteRead):
            _post(server, asked)
        assert server.script.left == 0
        assert b"Work on the project" in _post(server, {"messages": []})


def test_the_stand_in_refuses_other_hosts_and_keeps_their_names() -> None:
    with stand_in(Script(())) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=remaining())
        connection.set_tunnel("example.com", 443)
        with pytest.raises(OSError, match="403"):
            connection.connect()
        connection.close()
        assert server.strangers == ["example.com:443"]


SCENARIO = Scenario("cut", (Call(()),), FIRST)
FAILING = Scenario("529", (Call(()),), FIRST[:1], "Overloaded")
ERROR = ANNOUNCED + "Overloaded."


@pytest.mark.parametrize(
    ("scenario", "heard", "faults"),
    [
        (SCENARIO, [*FIRST], 0),
        (SCENARIO, [FIRST[0]], 1),
        (SCENARIO, [*FIRST, FIRST[1]], 1),
        (SCENARIO, [*reversed(FIRST)], 1),
        (SCENARIO, [*FIRST, SECOND[0]], 1),
        (SCENARIO, [*FIRST, ERROR], 1),
        (FAILING, [FIRST[0], ERROR], 0),
        (FAILING, [FIRST[0]], 1),
        (FAILING, [FIRST[0], ERROR, ERROR], 1),
        (FAILING, [ERROR, FIRST[0]], 1),
        (FAILING, [FIRST[0], ANNOUNCED + "Another."], 1),
    ],
)
def test_what_is_missing_doubled_misplaced_or_too_much_is_a_fault(
    scenario: Scenario, heard: list[str], faults: int
) -> None:
    assert len(differences(scenario, heard)) == faults


def test_only_what_was_played_to_its_end_counts_as_spoken() -> None:
    events = [{"event": "sentence_found", "sentence": number, "text": text} for number, text in enumerate(FIRST)]
    assert spoken_in([*events, {"event": "playback_finished", "sentence": 1}]) == [FIRST[1]]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_scenarios_of_an_agent_have_names_of_their_own(client: Client) -> None:
    names = [scenario.name for scenario in scenarios(client)]
    assert len(names) == len(set(names))
    assert "text" in names


@pytest.mark.parametrize("page", ["agents.md", "interactive.md"])
def test_the_guide_names_the_versions_that_are_installed(page: str) -> None:
    text = (REPOSITORY / "docs" / "guide" / page).read_text(encoding="utf-8")
    assert [client.name for client in CLIENTS if f"| {client.title} | {client.version} |" not in text] == []


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.client.name)
def test_a_session_with_hooks_is_well_only_if_each_text_is_spoken_once_and_in_order(session: Session) -> None:
    well = [text for answer in session.answers for text in answer]
    asked = f"{session.client.title} {ASKS}"
    assert faults_of(session, [*well[:3], asked, *well[3:]]) == []
    for heard in (well, [asked, *well[1:]], [asked, *well, well[-1]], [asked, well[1], well[0], *well[2:]]):
        assert faults_of(session, heard) != []
