"""Messages of a Model Context Protocol server: each request gets one answer, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.client.sources.mcp_protocol import (
    INVALID_PARAMETERS,
    INVALID_REQUEST,
    MAX_CHARACTERS,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    VERSIONS,
    Cancel,
    Reply,
    Speak,
    handle,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["text", "name", "arguments", "x"]), inner),
    max_leaves=5,
)


def ask(method: str, number: int | str = 1, **parameters: object) -> object:
    return handle(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}).encode())


def answer(reply: object) -> dict[str, Any]:
    assert isinstance(reply, Reply)
    found: dict[str, Any] = json.loads(reply.line)
    assert found["jsonrpc"] == "2.0"
    return found


def speak(**arguments: object) -> object:
    return ask("tools/call", name="speak", arguments=arguments)


def test_a_session_is_opened_with_the_version_of_the_client_or_the_newest() -> None:
    for asked, given_version in (*((version, version) for version in VERSIONS), ("1999-01-01", VERSIONS[0])):
        found = answer(ask("initialize", "a", protocolVersion=asked))
        assert (found["id"], found["result"]["protocolVersion"]) == ("a", given_version)
    assert answer(ask("ping"))["result"] == {}
    assert [tool["name"] for tool in answer(ask("tools/list"))["result"]["tools"]] == ["speak"]
    assert handle(b'{"jsonrpc":"2.0","method":"notifications/initialized"}') is None
    assert handle(b'{"jsonrpc":"2.0","id":1,"result":{}}') is None


def test_calls_of_the_tool_are_checked() -> None:
    assert speak(text="Hello.") == Speak(1, "Hello.", "", wait=False)
    assert speak(text="Hallo.", language="de", wait=True) == Speak(1, "Hallo.", "de", wait=True)
    wrongs: list[dict[str, object]] = [{}, {"text": " \n"}, {"text": 1}, {"text": "x" * (MAX_CHARACTERS + 1)}]
    for wrong in wrongs:
        assert answer(speak(**wrong))["result"]["isError"]
    assert answer(speak(text="x", wait="no"))["result"]["isError"]
    assert answer(speak(text="x", language=1))["result"]["isError"]
    cancel = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}'
    assert handle(cancel) == Cancel(7)


@pytest.mark.parametrize(
    ("line", "code", "number"),
    [
        (b"{", PARSE_ERROR, None),
        (b"\xff", PARSE_ERROR, None),
        (b"[" * 100_000, PARSE_ERROR, None),
        (b"[]", INVALID_REQUEST, None),
        (b'{"id":[],"method":"ping"}', INVALID_REQUEST, None),
        (b'{"id":1,"method":2}', INVALID_REQUEST, 1),
        (b'{"id":1,"method":"resources/list"}', METHOD_NOT_FOUND, 1),
        (b'{"id":1,"method":"tools/call","params":{"name":"shout"}}', INVALID_PARAMETERS, 1),
    ],
)
def test_what_is_wrong_gets_the_code_of_the_standard(line: bytes, code: int, number: int | None) -> None:
    found = answer(handle(line))
    assert (found["error"]["code"], found["id"]) == (code, number)


@settings(max_examples=50)
@given(ANYTHING, st.sampled_from(["initialize", "tools/call", "tools/list", "ping", "x", "notifications/cancelled"]))
def test_nothing_that_a_client_sends_raises_and_each_request_gets_one_answer(value: object, method: str) -> None:
    handle(json.dumps(value).encode())
    found = handle(json.dumps({"id": 1, "method": method, "params": value}).encode())
    assert isinstance(found, Reply | Speak)
