"""Translation stage of the ledger: batches of waiting sentences, one message at a time for each worker.

A message has sentences of all sessions that wait for the worker, in parts with the same languages and options. Each
part is a batch with a number of its own, and is answered by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.protocol.messages import Cancel, EventName, SourceSentence, Translate, TranslationPart
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
"""Sentences per message: a larger batch gains little on a GPU and delays the first sentence."""

MAX_OPTION_CHARACTERS: Final = 50_000
"""Characters in the words and glossaries of a message with several parts; it must fit a frame."""

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
        self._batches: dict[WorkerId, list[_Batch]] = {}
        """Unanswered batches of each worker; a worker without one has no entry."""
        self._numbers = 0

    def in_flight(self, worker: WorkerId) -> int:
        """Return the number of sentences at a worker."""
        return len(self._rows(worker))

    def busy_since(self, worker: WorkerId) -> float | None:
        """Return the time of a worker's last message or answer, while answers are missing; None: none is missing."""
        return max((batch.since for batch in self._batches.get(worker, ())), default=None)

    def characters(self, worker: WorkerId) -> int:
        """Return the length of a worker's unanswered batches, in characters."""
        return sum(len(row.text) for row in self._rows(worker))

    def found(self, session: SessionState, row: Row) -> None:
        """Queue a new row; without translation it moves to the next stage at once."""
        if session.workers.translator is not None:
            put_in_order(session.found, row)
        else:
            self._move_on(row, engine=UNTRANSLATED)

    def translated(self, worker: WorkerId, answer: Translated) -> None:
        """Handle a translated batch; a stale one is ignored."""
        batch = next((one for one in self._batches.get(worker, ()) if one.number == answer.batch), None)
        if batch is None:
            return
        answers = {(one.session, one.sentence): one for one in answer.sentences}
        self._answered(worker, batch)
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
        key = answer.session, answer.sentence
        batches = self._batches.get(worker, ())
        batch = next((one for one in batches if any(row.key == key for row in one.rows)), None)
        if batch is None:
            return
        self._answered(worker, batch)
        self._give_back(batch, answer.reason, counts_as_failure=True, permanent=answer.permanent)

    def revoke(self, row: Row) -> None:
        """Mark a sentence as ended: a worker need not finish its batch for it."""
        for worker in self._batches:
            if any(row is one for one in self._rows(worker)):
                self._state.send(worker, Cancel(session=row.session, sentence=row.sentence))

    def lost(self, worker: WorkerId, reason: str, *, counts_as_failure: bool) -> None:
        """Handle the loss of the worker; ``counts_as_failure``: the end was not requested."""
        for batch in reversed(self._batches.pop(worker, [])):
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

    def _rows(self, worker: WorkerId) -> list[Row]:
        """Return the rows at a worker."""
        return [row for batch in self._batches.get(worker, ()) for row in batch.rows]

    def _answered(self, worker: WorkerId, batch: _Batch) -> None:
        """Remove an answered batch; the time of the others begins now."""
        left = [_Batch(one.number, one.rows, self._state.now) for one in self._batches[worker] if one is not batch]
        if left:
            self._batches[worker] = left
        else:
            del self._batches[worker]

    def _send_batch(self, worker: WorkerId, by_need: list[SessionState]) -> None:
        parts: list[TranslationPart] = []
        batches: list[_Batch] = []
        for wanted, rows in _next_batches(by_need):
            self._numbers += 1
            for row in rows:
                row.move(Stage.TRANSLATING)
            batches.append(_Batch(number=self._numbers, rows=rows, since=self._state.now))
            sentences = [SourceSentence(session=r.session, sentence=r.sentence, text=r.text) for r in rows]
            parts.append(TranslationPart(batch=self._numbers, sentences=sentences, **wanted._asdict()))
        if batches:
            self._batches[worker] = batches
            self._state.send(worker, Translate(parts=parts))

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


def _next_batches(by_need: list[SessionState]) -> list[tuple[_Wanted, list[Row]]]:
    """Take the rows of the next message from their queues, in parts with equal properties."""
    parts: list[tuple[_Wanted, list[Row]]] = []
    count = options_size = 0
    for session in by_need:
        while count < MAX_BATCH:
            row = first_open(session.found)
            if row is None or not _has_room(session, row):
                break
            if row.attempts and parts:
                break  # a sentence that lost a worker before goes alone: others must not fail with it
            wanted = _Wanted(row.language, session.options.target, session.options.translation)
            # Options hold lists and dicts, which have no hash.
            rows: list[Row] | None = next((rows for its, rows in parts if its == wanted), None)
            if rows is None:
                options_size += _size(wanted.options)
                if parts and options_size > MAX_OPTION_CHARACTERS:
                    return parts
                rows = []
                parts.append((wanted, rows))
            rows.append(session.found.popleft())
            count += 1
            if row.attempts:
                return parts
    return parts


def _size(options: TranslationOptions) -> int:
    """Return the characters of the words of options."""
    return sum(map(len, options.keep)) + sum(len(word) + len(its) for word, its in options.glossary.items())


def _has_room(session: SessionState, row: Row) -> bool:
    """Return whether a row may be translated now; True for one that is played before others that wait for tts."""
    queues = session.translated.values()
    is_full = sum(map(len, queues)) >= MAX_TRANSLATED_AHEAD
    return not is_full or row.place < max(queue[-1].place for queue in queues if queue)
