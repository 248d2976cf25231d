"""The pipeline as the worker uses it: pauses, checkpoints, limits, options."""

from __future__ import annotations

import time

import pytest

from helpers.project.parsing import assistant, cut, delta, event, found, lines, message, notices, parse, partial, spoken
from voicestream.protocol.messages import ParserOptions
from voicestream.workers.parser import lines as line_module
from voicestream.workers.parser.pipeline import Pipeline


def _pipeline(**options: object) -> Pipeline:
    return Pipeline(ParserOptions(**options))  # type: ignore[arg-type]


START = lines(
    event(type="message_start", message={"id": "m"}),
    event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}),
)


def test_a_sentence_leaves_two_characters_after_its_full_stop() -> None:
    pipeline = _pipeline()
    assert spoken(pipeline.feed(START + lines(delta("It is done.")))) == []
    assert spoken(pipeline.feed(lines(delta(" ")))) == []
    assert spoken(pipeline.feed(lines(delta("N")))) == ["It is done."]


@pytest.mark.parametrize("stop", "。！？")
def test_a_sentence_leaves_at_once_after_a_cjk_stop(stop: str) -> None:
    assert spoken(_pipeline().feed(START + lines(delta("できました" + stop)))) == ["できました" + stop]


def test_a_whole_message_leaves_with_its_line() -> None:
    pipeline = _pipeline()
    assert spoken(pipeline.feed(lines(assistant("Let me look:")))) == ["Let me look."]
    assert pipeline.open_message is None


def test_the_open_message_is_known_while_it_is_written() -> None:
    pipeline = _pipeline()
    pipeline.feed(lines(assistant("First.", "a")))
    pipeline.feed(START + lines(delta("Half a sen")))
    assert pipeline.open_message == 1
    pipeline.feed(lines(event(type="content_block_stop", index=0), event(type="message_stop")))
    assert pipeline.open_message is None


def test_messages_and_sentences_are_counted() -> None:
    out = found(parse(lines(assistant("One. Two.\n\nThree.", "a"), assistant("Four.", "b"))))
    assert [(f.ordinal, f.message, f.paragraph) for f in out] == [
        (0, 0, True),
        (1, 0, False),
        (2, 0, True),
        (3, 1, True),
    ]


CLOSING = {
    "a paragraph": ("One. Two.\n\nThree.", [False, True, True]),
    "lines of one paragraph": ("One. Two.\nThree.", [False, True, True]),
    "a line that goes on": ("One. Two and\nmore. Three.", [False, False, True]),
    "a paragraph without a stop": ("One. Two\n\nThree", [False, True, True]),
    "items": ("- One. Two.\n- Three.\n- Four", [False, True, True, True]),
    "a heading": ("# One. Two\nThree.", [False, True, True]),
    "an emphasized line": ("**One**\nTwo. Three.", [True, False, True]),
    "a colon before code": ("One. Two:\n```\nx\n```\nThree.", [False, True, True]),
    "Japanese, of which the end is not known": ("一です。二です。\n\n三です。", [False, False, False]),
}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("case", CLOSING)
def test_a_sentence_that_ends_with_its_line_closes_a_paragraph(case: str, size: int) -> None:
    text, closes = CLOSING[case]
    pieces = cut(partial([text]), [size])
    assert [f.closes for f in found(parse(pieces))] == closes
    if "\n" in text:
        in_deltas = partial(list(text))
        assert [f.closes for f in found(parse(in_deltas))] == closes


def test_of_a_message_of_one_line_the_last_sentence_closes_it() -> None:
    assert [f.closes for f in found(parse(message("One. Two. Three.")))] == [False, False, True]


def test_only_the_last_piece_of_a_sentence_that_was_divided_closes_a_paragraph() -> None:
    out = found(parse(message("The first clause is here, the second one is there."), max_characters=30))
    assert [f.closes for f in out] == [False, True]


def test_what_is_announced_closes_a_paragraph() -> None:
    code = found(parse(message("See:\n```py\nx = 1\n```\n"), code="announce"))
    assert [f.closes for f in code] == [True, True]


def test_a_pause_releases_plain_text_that_is_a_whole_sentence() -> None:
    pipeline = _pipeline()
    assert spoken(pipeline.feed(b"The tests are green.")) == []
    assert spoken(pipeline.pause()) == ["The tests are green."]
    assert spoken(pipeline.feed(b" Shall I go on? I wait for version 3.")) == ["Shall I go on?"]
    assert spoken(pipeline.pause()) == []
    assert spoken(pipeline.feed(b"11")) == []
    assert spoken(pipeline.end()) == ["I wait for version 3.11."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"Continue?", ["Continue?"]),
        (b"Continue? [y/N] ", ["Continue?", "[y/N]."]),
        (b"Building the project", ["Building the project."]),
        (b"Building the project\n", ["Building the project."]),
        (b"building the project\n", ["building the project."]),
    ],
)
@pytest.mark.parametrize("name", ["auto", "text"])
def test_a_second_pause_releases_plain_text_without_a_stop(name: str, text: bytes, said: list[str]) -> None:
    pipeline = _pipeline(format=name)
    before = [*pipeline.feed(text), *pipeline.pause(), *pipeline.pause()]
    assert spoken(before) == said
    checkpoint = pipeline.checkpoint()
    restarted = Pipeline(ParserOptions(format=name), offset=checkpoint.offset, state=checkpoint.state)
    for one in (pipeline, restarted):
        assert spoken([*one.pause(), *one.pause()]) == []
        assert spoken([*one.feed(b"\nIt is done.\n"), *one.end()]) == ["It is done."]


def test_a_second_pause_releases_nothing_of_an_agents_stream_or_of_a_banner() -> None:
    stream = _pipeline()
    stream.feed(START + lines(delta("The quick bro")))
    assert spoken([*stream.pause(), *stream.pause()]) == []
    banner = _pipeline()
    assert spoken([*banner.feed(b"> npm run agent\n"), *banner.pause(), *banner.pause()]) == []


def test_data_between_two_pauses_makes_them_short() -> None:
    pipeline = _pipeline(format="text")
    out = [*pipeline.feed(b"Building"), *pipeline.pause(), *pipeline.feed(b" the project"), *pipeline.pause()]
    assert spoken(out) == []


def test_a_pause_releases_an_object_that_lacks_only_its_line_end() -> None:
    line = lines(assistant("It is done.", "a")).rstrip()
    pipeline = _pipeline()
    assert spoken(pipeline.feed(line[:-1])) == []
    assert spoken(pipeline.pause()) == [], "it is not whole"
    assert spoken(pipeline.feed(line[-1:])) == []
    assert spoken(pipeline.pause()) == ["It is done."]
    checkpoint = pipeline.checkpoint()
    assert checkpoint.offset == pipeline.received
    restarted = Pipeline(ParserOptions(), offset=checkpoint.offset, state=checkpoint.state)
    for one in (pipeline, restarted):
        assert spoken(one.feed(b"\n" + lines(assistant("And this.", "b")))) == ["And this."]
        assert notices(one.end()) == []


def test_a_pause_behind_a_brace_inside_of_an_object_or_of_a_text_releases_nothing() -> None:
    for pipeline, begun, rest in (
        (_pipeline(), b'{"content":[{"type":"text","text":"Hello."}', b"]}\n"),
        (_pipeline(format="text"), b'{"a": 1}', b" Hello.\n"),
    ):
        assert spoken(pipeline.feed(begun)) == []
        assert spoken(pipeline.pause()) == []
        assert spoken([*pipeline.feed(rest), *pipeline.end()])[-1].endswith("Hello.")


def test_a_pause_does_not_take_a_banner_for_text() -> None:
    pipeline = _pipeline()
    pipeline.feed(b"=== Iteration 1 (Thu Jan 22 17:43:29 CST 2026) ===\n")
    assert spoken(pipeline.pause()) == []
    assert spoken(pipeline.feed(lines(assistant("Hello.")))) == ["Hello."]


def test_text_that_turns_out_to_be_a_stream_is_read_as_one() -> None:
    banner = b"Welcome to the shell.\nNow using node v20.\nIt is ready.\nAnd go.\n"
    assert spoken(parse(banner + lines(assistant("Hello."))))[-1] == "Hello."


def test_silent_lines_are_not_kept() -> None:
    pipeline = _pipeline()
    pipeline.feed(lines(assistant("Hello.")))
    pipeline.feed(b'{"type":"user","message":{"content":"')
    for _ in range(64):
        pipeline.feed(b"x" * 65536)
    checkpoint = pipeline.checkpoint()
    assert checkpoint.offset == pipeline.received
    assert len(checkpoint.state) < 2000
    resumed = Pipeline(ParserOptions(), offset=checkpoint.offset, state=checkpoint.state)
    assert spoken(resumed.feed(b'"}}\n' + lines(assistant("Bye.", "b")))) == ["Bye."]


def test_ordinals_go_on_behind_sentences_that_the_checkpoint_does_not_know() -> None:
    pipeline = _pipeline()
    pipeline.feed(lines(assistant("One.", "a")))
    checkpoint = pipeline.checkpoint()
    for known, first in ((0, 1), (1, 1), (4, 4)):
        resumed = Pipeline(ParserOptions(), offset=checkpoint.offset, state=checkpoint.state, found=known)
        out = resumed.feed(lines(assistant("Next. And next.", "b")))
        assert [one.ordinal for one in found(out)] == [first, first + 1]


def test_a_line_that_is_too_long_is_skipped_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "LONGEST_LINE", 1000)
    data = lines(assistant("Before.", "a"), {"kind": "x" * 3000}, assistant("After.", "b"))
    out = parse(cut(data, [100]))
    assert spoken(out) == ["Before.", "After."]
    assert sum("a line of more than" in text for text in notices(out)) == 1


def test_a_line_cut_off_at_the_end_is_noise() -> None:
    out = parse(lines(assistant("Hello.")) + b'{"type":"assistant","message":{"id":"n","content":[{"type":"text","te')
    assert spoken(out) == ["Hello."]
    assert any("ends inside a line" in text for text in notices(out))


def test_bad_utf8_and_lone_surrogates_do_not_lose_a_line() -> None:
    broken = b'{"content":[{"type":"text","text":"A \xff B. \\ud83d C."}]}\n'
    assert spoken(parse(broken)) == ["A B.", "C."]


def test_unusual_line_separators_inside_json_do_not_end_a_line() -> None:
    assert spoken(parse('{"content":[{"type":"text","text":"One\u2028two\u0085three."}]}\n'.encode())) == [
        "One two three."
    ]


def test_code_is_announced_on_request() -> None:
    code = "Look:\n```python\n" + "x = 1\n" * 12 + "```\nDone."
    assert spoken(parse(message(code), code="announce")) == ["Look.", "Twelve lines of Python.", "Done."]
    assert spoken(parse(partial(code), code="announce")) == ["Look.", "Twelve lines of Python.", "Done."]
    assert spoken(parse(message(code))) == ["Look.", "Done."]


def test_the_users_words_replace_whole_words() -> None:
    rules = {"kubectl": "cube control", "C++": "C plus plus", "API": "A P I"}
    text = "Kubectl calls the API. kubectls does not; C++ and api do."
    assert spoken(parse(message(text), replacements=rules)) == [
        "cube control calls the A P I.",
        "kubectls does not; C plus plus and api do.",
    ]


def test_a_long_sentence_is_divided_at_its_clauses() -> None:
    text = "This is long, with several clauses, that go on; and then 1,234.56 more words follow."
    parts = spoken(parse(message(text), max_characters=40))
    assert " ".join(parts) == text
    assert all(len(part) <= 40 for part in parts)
    assert parts[0].endswith(",")


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Siehe `main.py:7`. Das ist alles, und es ist gut.", "de", "Siehe main.py line 7."),
        ("Der Fehler ist in `main.py:7` und nicht hier.", "de", "Der Fehler ist in main.py Zeile 7 und nicht hier."),
        ("El error está en `main.py:7`.", "es", "El error está en main.py línea 7."),
        ("La fonction est dans `main.py:7`.", "fr", "La fonction est dans main.py ligne 7."),
        ("エラーは `main.py:7` にあります。", "ja", "エラーは main.py 7行目 にあります。"),
        ("错误在 `main.py:7`。", "zh", "错误在 main.py 第7行。"),
    ],
)
def test_inserted_words_are_in_the_language_of_the_text(text: str, language: str, said: str) -> None:
    out = found(parse(message(text)))
    assert out[0].text == said
    assert out[-1].language == language


def test_the_sessions_language_is_taken_where_the_text_shows_none() -> None:
    assert found(parse(message("OK. 完了"), language="ja"))[0].language == "ja"
    assert found(parse(message("修正"), language="ja"))[0].language == "ja"
    assert found(parse(message("修正")))[0].language == "zh"


SECRETS = [
    "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
    "sk-proj-abcdefghijklmnop1234",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcDEF",
    "AIzaSyA1234567890abcdefghijklmnopqrstu",
    "hf_abcdefghijklmnopqrstuvwx",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "glpat-abcdefghijklmnopqrst",
    "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "around", ["The key is {}. Use it.", "Set `API_KEY={}` now.", "- **{}**", "| key | {} |", "Use {}"]
)
def test_a_secret_is_never_spoken(secret: str, around: str) -> None:
    out = spoken(parse(message(around.format(secret)))) + spoken(parse(partial(around.format(secret))))
    assert out
    assert not any(secret[8:16].lower() in sentence.lower() for sentence in out)


def test_a_password_behind_its_name_is_never_spoken() -> None:
    out = " ".join(spoken(parse(message("Use `password: hunter2!`. Or postgres://user:s3cret@db.example.com/x."))))
    assert "hunter2" not in out
    assert "s3cret" not in out


def test_a_secret_in_noise_is_not_shown_either() -> None:
    out = parse(lines(assistant("Hello."), "export KEY=ghp_abcdefghijklmnopqrstuvwxyz0123456789"))
    assert not any("ghp_" in text for text in notices(out))


def test_a_message_given_up_by_the_agent_is_not_finished() -> None:
    data = START + lines(delta("Said already. Half a sen")) + START.replace(b'"m"', b'"n"') + lines(delta("Again."))
    assert spoken(parse(data)) == ["Said already.", "Again."]


def test_a_line_becomes_a_sentence_within_a_millisecond() -> None:
    pipeline = _pipeline()
    data = [message(f"Hello world number {n}. Let me **run** the `tests` now!") for n in range(400)]
    took: list[float] = []
    for line in data:
        start = time.thread_time()
        pipeline.feed(line)
        took.append(time.thread_time() - start)
    assert sorted(took)[int(len(took) * 0.99)] < 0.001
