"""The translation stage of the ledger: batches that form by themselves, at each worker one batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.protocol.messages import Cancel, EventName, SourceSentence, Translate
from voicestream.supervisor.ledger.sentences import Stage
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, MAX_CHARACTERS, first_open, put_in_order

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from voicestream.protocol.messages import Translated, TranslationOptions, WorkFailed
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import LedgerState, SessionState

MAX_BATCH: Final = 16
"""Sentences in one batch: beyond this a GPU gains little and the first sentence waits longer."""

MAX_TRANSLATED_AHEAD: Final = 64
"""Sentences of a session that wait translated for tts: more would only be lost work if the session is stopped."""


class _Wanted(NamedTuple):
    """What all sentences of a batch have in common."""

    source: str
    target: str
    options: TranslationOptions


@dataclass(frozen=True)
class _Batch:
    number: int
    rows: list[Row]
    since: float


class Translating:
    """What the translation workers have in hand, and what each gets next."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state
        self._batches: dict[WorkerId, _Batch] = {}
        self._numbers = 0

    def in_flight(self, worker: WorkerId) -> int:
        """Sentences at a worker."""
        batch = self._batches.get(worker)
        return len(batch.rows) if batch else 0

    def busy_since(self, worker: WorkerId) -> float | None:
        """When the batch that a worker has in hand was sent."""
        batch = self._batches.get(worker)
        return batch.since if batch else None

    def characters(self, worker: WorkerId) -> int:
        """Length of the batch that a worker has in hand."""
        batch = self._batches.get(worker)
        return sum(len(row.text) for row in batch.rows) if batch else 0

    def found(self, session: SessionState, row: Row) -> None:
        """Take a new row; one of a session that wants no translation goes on at once."""
        if session.workers.translator is not None:
            put_in_order(session.found, row)
        else:
            self._move_on(row, engine=UNTRANSLATED)

    def translated(self, worker: WorkerId, answer: Translated) -> None:
        """Take a batch that is back; one that is not in hand is stale, and of no use."""
        batch = self._batches.get(worker)
        if batch is None or answer.batch != batch.number:
            return
        answers = {(one.session, one.sentence): one for one in answer.sentences}
        del self._batches[worker]
        for row in batch.rows:
            if row.outcome is not None:
                continue
            made = answers.get(row.key)
            if made is None:
                self._retry(row, "the translator left it out")
            elif made.failure:
                self._speak_original(row, made.failure)  # it has tried again itself
            elif len(made.text) > MAX_CHARACTERS:
                self._retry(row, f"a translation of {len(made.text)} characters")
            else:
                row.text, row.language = made.text, answer.language
                self._move_on(row, engine=answer.engine)

    def failed(self, worker: WorkerId, answer: WorkFailed) -> None:
        """Take a sentence back that the worker could not translate: the worker gives the whole batch up with it."""
        batch = self._batches.get(worker)
        if batch is None or (answer.session, answer.sentence) not in {row.key for row in batch.rows}:
            return
        del self._batches[worker]
        self._give_back(batch, answer.reason, counts_as_failure=True, permanent=answer.permanent)

    def revoke(self, row: Row) -> None:
        """A sentence is over that may be at a worker: it need not be finished for its sake."""
        for worker, batch in self._batches.items():
            if any(row is one for one in batch.rows):
                self._state.send(worker, Cancel(session=row.session, sentence=row.sentence))

    def lost(self, worker: WorkerId, reason: str, *, counts_as_failure: bool) -> None:
        """The worker is gone; ``counts_as_failure``: nobody asked for its end."""
        batch = self._batches.pop(worker, None)
        if batch is not None:
            self._give_back(batch, reason, counts_as_failure=counts_as_failure, permanent=False)

    def dispatch(self, by_need: list[SessionState], busy_gpus: AbstractSet[str]) -> None:
        """Send each worker that is free its next batch.

        Args:
            by_need: sessions, the one to be heard soonest first.
            busy_gpus: those on which nothing is translated now.
        """
        for worker in sorted({one.workers.translator for one in by_need if one.found and one.workers.translator}):
            is_free = worker in self._state.available and worker not in self._batches
            gpu = self._state.gpu_of(worker)
            if is_free and not (gpu and gpu in busy_gpus):
                self._send_batch(worker, [one for one in by_need if one.workers.translator == worker])

    def _send_batch(self, worker: WorkerId, by_need: list[SessionState]) -> None:
        rows, wanted = _next_batch(by_need)
        if wanted is None:
            return
        self._numbers += 1
        for row in rows:
            row.move(Stage.TRANSLATING)
        self._batches[worker] = _Batch(number=self._numbers, rows=rows, since=self._state.now)
        sentences = [SourceSentence(session=r.session, sentence=r.sentence, text=r.text) for r in rows]
        self._state.send(
            worker,
            Translate(
                batch=self._numbers,
                source=wanted.source,
                target=wanted.target,
                options=wanted.options,
                sentences=sentences,
            ),
        )

    def _give_back(self, batch: _Batch, reason: str, *, counts_as_failure: bool, permanent: bool) -> None:
        for row in reversed(batch.rows):
            if row.outcome is None:
                if counts_as_failure:
                    self._retry(row, reason, permanent=permanent and len(batch.rows) == 1)
                else:
                    self._wait_again(row)

    def _retry(self, row: Row, reason: str, *, permanent: bool = False) -> None:
        row.attempts += 1
        if permanent or row.attempts >= MAX_ATTEMPTS:
            self._speak_original(row, reason)
        else:
            self._wait_again(row)

    def _wait_again(self, row: Row) -> None:
        row.move(Stage.FOUND)
        put_in_order(self._state.sessions[row.session].found, row)

    def _speak_original(self, row: Row, reason: str) -> None:
        row.untranslated = True
        if not row.is_announcement:
            self._state.sessions[row.session].untranslated_count += 1
        self._state.report(EventName.FAILED, row, stage="translation", reason=reason)
        self._move_on(row, engine=UNTRANSLATED)

    def _move_on(self, row: Row, engine: str) -> None:
        row.move(Stage.TRANSLATED)
        self._state.await_speech(row)
        self._state.report(EventName.TRANSLATED, row, text=row.text, language=row.language, engine=engine)


def _next_batch(by_need: list[SessionState]) -> tuple[list[Row], _Wanted | None]:
    """Take the rows of a batch from where they wait, as many as go together; None: there is none."""
    rows: list[Row] = []
    wanted: _Wanted | None = None
    for session in by_need:
        while len(rows) < MAX_BATCH:
            row = first_open(session.found)
            if row is None or not _has_room(session, row):
                break
            its = _Wanted(row.language, session.options.target, session.options.translation)
            if wanted is not None and wanted != its:
                break
            if row.attempts and rows:
                break  # one that cost us a worker before goes alone, so that the others are not blamed for it
            wanted = its
            rows.append(session.found.popleft())
            if row.attempts:
                return rows, wanted
    return rows, wanted


def _has_room(session: SessionState, row: Row) -> bool:
    """Whether a row may be translated now; one that is to be heard before others that wait for tts always may."""
    queues = session.translated.values()
    is_full = sum(map(len, queues)) >= MAX_TRANSLATED_AHEAD
    return not is_full or row.place < max(queue[-1].place for queue in queues if queue)
