"""Lines that no reader can read: never an exception, and the lines around them are spoken."""

from __future__ import annotations

import pytest

from voicestream.protocol.messages import ParserOptions
from voicestream.workers.parser.pipeline import Pipeline
from voicestream.workers.parser.results import Found

GOOD = b'{"content":[{"type":"text","text":"Good."}]}\n'
CLAUDE = (
    b'{"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"Good."}]},'
    b'"parent_tool_use_id":null,"session_id":"s"}\n'
)


@pytest.mark.parametrize("around", [GOOD, CLAUDE], ids=["bare", "claude"])
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b'{"content":[{"type":"text","text":"\xff\xfe"}]}', []),
        (b'{"content":[{"type":"text","text":"So \xff so."}]}', ["So so."]),
        (b'{"content":[{"type":"text","text":"\\ud800 alone."}]}', None),
        (b"[" * 100_000, []),
        (b'{"a":' * 100_000, []),
        (b'{"content":' + b"[" * 100_000, []),
        (b'[{"type":"\xff"}]', []),
        (b'{"type":"assistant","message":7}', []),
        (b'{"type":["assistant"]}', []),
        (b"\x00" * 10, []),
        (bytes(range(11, 256)), []),
    ],
)
def test_a_broken_line_costs_nothing_but_itself(around: bytes, broken: bytes, said: list[str] | None) -> None:
    pipeline = Pipeline(ParserOptions())
    results = pipeline.feed(around + broken + b"\n" + around.replace(b'"m"', b'"n"')) + pipeline.end()
    texts = [result.text for result in results if isinstance(result, Found)]
    assert (texts[0], texts[-1]) == ("Good.", "Good.")
    if said is not None:
        assert [text for text in texts[1:-1] if text.strip("\ufffd. ")] == said
