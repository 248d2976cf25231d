"""Translation stage of the ledger: batches of waiting sentences, one batch at a time for each worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.protocol.messages import Cancel, EventName, SourceSentence, Translate
from voicestream.records import FrozenRecord
from voicestream.supervisor.ledger.sentences import Stage
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, MAX_CHARACTERS, first_open, put_in_order

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from voicestream.protocol.messages import Translated, TranslationOptions, WorkFailed
    from voicestream.supervisor.ledger.commands import WorkerId
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import LedgerState, SessionState

MAX_BATCH: Final = 16
"""Sentences per batch: a larger batch gains little on a GPU and delays the first sentence."""

MAX_TRANSLATED_AHEAD: Final = 64
"""Translated sentences of a session that wait for tts; more would be lost work if the session is stopped."""


class _Wanted(NamedTuple):
    """Properties common to all sentences of a batch."""

    source: str
    target: str
    options: TranslationOptions


class _Batch(FrozenRecord, frozen=True):
    number: int
    rows: list[Row]
    since: float


class Translating:
    """Batches at the translation workers, and selection of the next."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state
        self._batches: dict[WorkerId, _Batch] = {}
        self._numbers = 0

    def in_flight(self, worker: WorkerId) -> int:
        """Return the number of sentences at a worker."""
        batch = self._batches.get(worker)
        return len(batch.rows) if batch else 0

    def busy_since(self, worker: WorkerId) -> float | None:
        """Return the time at which a worker's present batch was sent; None: no batch."""
        batch = self._batches.get(worker)
        return batch.since if batch else None

    def characters(self, worker: WorkerId) -> int:
        """Return the length of a worker's present batch, in characters."""
        batch = self._batches.get(worker)
        return sum(len(row.text) for row in batch.rows) if batch else 0

    def found(self, session: SessionState, row: Row) -> None:
        """Queue a new row; without translation it moves to the next stage at once."""
        if session.workers.translator is not None:
            put_in_order(session.found, row)
        else:
            self._move_on(row, engine=UNTRANSLATED)

    def translated(self, worker: WorkerId, answer: Translated) -> None:
        """Handle a translated batch; a stale one is ignored."""
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
                self._speak_original(row, made.failure)  # the worker has already retried
            elif len(made.text) > MAX_CHARACTERS:
                self._retry(row, f"a translation of {len(made.text)} characters")
            else:
                row.text, row.language = made.text, answer.language
                self._move_on(row, engine=answer.engine)

    def failed(self, worker: WorkerId, answer: WorkFailed) -> None:
        """Handle a sentence that the worker could not translate; the worker gives up its whole batch."""
        batch = self._batches.get(worker)
        if batch is None or (answer.session, answer.sentence) not in {row.key for row in batch.rows}:
            return
        del self._batches[worker]
        self._give_back(batch, answer.reason, counts_as_failure=True, permanent=answer.permanent)

    def revoke(self, row: Row) -> None:
        """Mark a sentence as ended: a worker need not finish its batch for it."""
        for worker, batch in self._batches.items():
            if any(row is one for one in batch.rows):
                self._state.send(worker, Cancel(session=row.session, sentence=row.sentence))

    def lost(self, worker: WorkerId, reason: str, *, counts_as_failure: bool) -> None:
        """Handle the loss of the worker; ``counts_as_failure``: the end was not requested."""
        batch = self._batches.pop(worker, None)
        if batch is not None:
            self._give_back(batch, reason, counts_as_failure=counts_as_failure, permanent=False)

    def dispatch(self, by_need: list[SessionState], busy_gpus: AbstractSet[str]) -> None:
        """Send each free worker its next batch.

        Args:
            by_need: sessions in the order of playback.
            busy_gpus: GPUs on which nothing is translated now.
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
    """Take the rows of the next batch from their queues; None: there is no batch."""
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
                break  # a sentence that lost a worker before goes alone: others must not fail with it
            wanted = its
            rows.append(session.found.popleft())
            if row.attempts:
                return rows, wanted
    return rows, wanted


def _has_room(session: SessionState, row: Row) -> bool:
    """Return whether a row may be translated now; True for one that is played before others that wait for tts."""
    queues = session.translated.values()
    is_full = sum(map(len, queues)) >= MAX_TRANSLATED_AHEAD
    return not is_full or row.place < max(queue[-1].place for queue in queues if queue)
