"""The translation worker: what it asks of an engine, and what it says of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestream.engines.translator import CancelledError, Job
from voicestream.protocol.messages import (
    Ready,
    SourceSentence,
    Translate,
    Translated,
    TranslationOptions,
    TranslationPart,
    WorkFailed,
)
from voicestream.workers import engine_loading
from voicestream.workers.connection import Flag
from voicestream.workers.harness import Assignment
from voicestream.workers.translation.worker import TranslationWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.protocol.messages import FromWorker


class Engine:
    """Does what a test tells it to."""

    name = "scripted"
    needs_checks = False

    def __init__(self, act: Callable[[Sequence[str], Job], list[str]]) -> None:
        self.device = "gpu"
        self.act = act

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing", None)

    def supports(self, source: str, target: str) -> bool:
        return (source, target) == ("en", "ja")

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        assert self.supports(source, target)
        return self.act(texts, job)

    def close(self) -> None:
        pass


class Link:
    """What a worker needs of its connection."""

    def __init__(self) -> None:
        self.sent: list[FromWorker] = []
        self.cancelled: set[int] = set()
        self.stopping = Flag()

    def send(self, message: FromWorker) -> None:
        self.sent.append(message)

    def is_cancelled(self, session: str, sentence: int) -> bool:
        assert session == "s"
        return sentence in self.cancelled


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def start(link: Link, monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine], TranslationWorker]:
    """A worker with this engine, loaded."""

    def begin(engine: Engine) -> TranslationWorker:
        monkeypatch.setattr(engine_loading, "load_translator", lambda _name, _report, _explain: engine)
        assignment = Assignment(
            role="translation", incarnation=1, hub=Path(), parent_pid=0, lifeline=0, engine="scripted", pool=None
        )
        worker = TranslationWorker(assignment, link)  # type: ignore[arg-type]
        worker.load(lambda *_: None)
        return worker

    return begin


def batch(*texts: str, target: str = "ja", beams: int = 1) -> Translate:
    return Translate(parts=[part(7, *texts, target=target, beams=beams)])


def part(number: int, *texts: str, target: str = "ja", beams: int = 1, first: int = 0) -> TranslationPart:
    sentences = [SourceSentence(session="s", sentence=first + at, text=text) for at, text in enumerate(texts)]
    options = TranslationOptions(beams=beams)
    return TranslationPart(batch=number, source="en", target=target, options=options, sentences=sentences)


def test_a_batch_is_answered_with_each_sentence_and_the_engines_name(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    start(Engine(lambda texts, _: [text.upper() for text in texts])).handle(batch("one", "two"))
    (answer,) = link.sent
    assert isinstance(answer, Translated)
    assert (answer.batch, answer.language, answer.engine) == (7, "ja", "scripted")
    assert [(one.sentence, one.text, one.failure) for one in answer.sentences] == [(0, "ONE", ""), (1, "TWO", "")]


def test_the_session_says_how_many_beams(start: Callable[[Engine], TranslationWorker]) -> None:
    asked: list[int] = []

    def note(texts: Sequence[str], job: Job) -> list[str]:
        asked.append(job.beams)
        return list(texts)

    start(Engine(note)).handle(batch("one", beams=5))
    assert asked == [5]


def until_cancelled(texts: Sequence[str], job: Job) -> list[str]:
    """As a search that asks between two tokens, and gives up hope after a while."""
    for _ in range(1000):
        if job.is_cancelled():
            raise CancelledError
    return list(texts)


def test_a_batch_of_which_nobody_waits_for_any_is_given_up(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    link.cancelled = {0, 1}
    start(Engine(until_cancelled)).handle(batch("one", "two"))
    (answer,) = link.sent
    assert isinstance(answer, WorkFailed)
    assert (answer.session, answer.attempt, answer.reason, answer.permanent) == ("s", 7, "cancelled", False)


def test_a_batch_of_which_somebody_waits_for_one_is_finished(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    link.cancelled = {0}
    start(Engine(until_cancelled)).handle(batch("one", "two"))
    assert [type(message) for message in link.sent] == [Translated]


def test_a_worker_that_is_to_end_leaves_its_batch_and_blames_nobody(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    worker = start(Engine(until_cancelled))
    link.stopping.set()
    worker.handle(batch("one"))
    assert link.sent == []


def test_an_engine_that_has_moved_is_reported_once(start: Callable[[Engine], TranslationWorker], link: Link) -> None:
    engine = Engine(lambda texts, _: list(texts))
    worker = start(engine)
    engine.device = "cpu"
    worker.handle(batch("one"))
    worker.handle(batch("two"))
    assert [message.device for message in link.sent if isinstance(message, Ready)] == ["cpu"]


@pytest.mark.parametrize("error", [OSError("no"), RuntimeError("no"), ValueError("no")])
def test_what_a_library_says_of_one_batch_fails_that_batch(
    start: Callable[[Engine], TranslationWorker], link: Link, error: Exception
) -> None:
    def fail(_texts: Sequence[str], _job: Job) -> list[str]:
        raise error

    start(Engine(fail)).handle(batch("one"))
    (answer,) = link.sent
    assert isinstance(answer, WorkFailed)
    assert answer.reason == f"{type(error).__name__}: no"


def test_an_engine_that_asks_for_it_is_looked_at(start: Callable[[Engine], TranslationWorker], link: Link) -> None:
    engine = Engine(lambda texts, _: ["すべてのテストが成功しました。" for _ in texts])
    engine.needs_checks = True
    start(engine).handle(batch("All 42 tests pass.", "All the tests pass."))
    (answer,) = link.sent
    assert isinstance(answer, Translated)
    assert [bool(one.failure) for one in answer.sentences] == [True, False]


def test_a_pair_that_the_engine_does_not_have_fails_for_good(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    start(Engine(lambda texts, _: list(texts))).handle(batch("one", target="de"))
    (answer,) = link.sent
    assert isinstance(answer, WorkFailed)
    assert answer.permanent
    assert answer.reason == "scripted does not translate from en to de\nTry: voicestream setup --to de"


class MixedEngine(Engine):
    """Takes several languages at once, and notes what it is given."""

    max_batch = 16

    def __init__(self) -> None:
        super().__init__(lambda texts, _: [text.upper() for text in texts])
        self.given: list[tuple[list[str], list[str], int]] = []

    def supports(self, source: str, target: str) -> bool:
        return source == "en" and target in ("ja", "de")

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        return self.translate_mixed(texts, [(source, target)] * len(texts), job)

    def prepare(self) -> None:
        pytest.fail("only servers prepare for many sentences")

    def translate_mixed(self, texts: Sequence[str], pairs: Sequence[tuple[str, str]], job: Job) -> list[str]:
        self.given.append((list(texts), [target for _, target in pairs], job.beams))
        return self.act(texts, job)


PARTS = Translate(
    parts=[
        part(1, "a", "b", first=0),
        part(2, "c", target="en", first=2),
        part(3, "d", target="fr", first=3),
        part(4, "e", target="de", first=4),
        part(5, "f", beams=5, first=5),
    ]
)


def test_parts_of_equal_beams_are_translated_together_and_answered_each(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    engine = MixedEngine()
    start(engine).handle(PARTS)
    assert engine.given == [(["a", "b", "e"], ["ja", "ja", "de"], 1), (["f"], ["ja"], 5)]
    answers = {message.batch: message for message in link.sent if isinstance(message, Translated)}
    assert {number: [one.text for one in answer.sentences] for number, answer in answers.items()} == {
        1: ["A", "B"],
        2: ["c"],
        4: ["E"],
        5: ["F"],
    }
    assert [(answers[at].language, answers[at].engine) for at in (1, 2, 4)] == [
        ("ja", "scripted"),
        ("en", "none"),
        ("de", "scripted"),
    ]
    (failed,) = (message for message in link.sent if isinstance(message, WorkFailed))
    assert (failed.sentence, failed.attempt, failed.permanent) == (3, 3, True)


def test_an_engine_of_one_pair_at_a_time_gets_each_part_by_itself_and_fails_none_but_its_own(
    start: Callable[[Engine], TranslationWorker], link: Link
) -> None:
    def act(texts: Sequence[str], _job: Job) -> list[str]:
        if "a" in texts:
            raise ValueError("no")
        return [text.upper() for text in texts]

    start(Engine(act)).handle(Translate(parts=[part(1, "a", "b"), part(2, "c", beams=2, first=2)]))
    failed, done = link.sent
    assert isinstance(failed, WorkFailed)
    assert (failed.sentence, failed.attempt) == (0, 1)
    assert isinstance(done, Translated)
    assert [(one.sentence, one.text) for one in done.sentences] == [(2, "C")]
