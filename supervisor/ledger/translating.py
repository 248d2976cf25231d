"""The translation stage of the ledger: batches that form by themselves, one batch at the worker at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.protocol.messages import Cancel, EventName, SourceSentence, Translate
from voicestream.supervisor.ledger.sentences import Stage
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, MAX_CHARACTERS, first_open, put_in_order

if TYPE_CHECKING:
    from voicestream.protocol.messages import Translated, TranslationOptions, WorkFailed
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
    """What the translation worker has in hand, and what it gets next."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state
        self._batch: _Batch | None = None
        self._numbers = 0

    @property
    def in_flight(self) -> int:
        """Sentences at the worker."""
        return len(self._batch.rows) if self._batch else 0

    @property
    def busy_since(self) -> float | None:
        """When the batch in hand was sent."""
        return self._batch.since if self._batch else None

    @property
    def characters(self) -> int:
        """Length of the batch in hand."""
        return sum(len(row.text) for row in self._batch.rows) if self._batch else 0

    def found(self, book: SessionState, row: Row) -> None:
        """Take a new row; one of a session that wants no translation goes on at once."""
        if book.translates:
            put_in_order(book.found, row)
        else:
            self._move_on(row, engine=UNTRANSLATED)

    def done(self, answer: Translated) -> None:
        """Take a batch that is back; one that is not in hand is stale, and of no use."""
        batch = self._batch
        if batch is None or answer.batch != batch.number:
            return
        answers = {(one.session, one.sentence): one for one in answer.sentences}
        self._batch = None
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

    def failed(self, answer: WorkFailed) -> None:
        """Take a sentence back that the worker could not translate: the worker gives the whole batch up with it."""
        batch = self._batch
        if batch is None or (answer.session, answer.sentence) not in {row.key for row in batch.rows}:
            return
        self._batch = None
        self._give_back(batch, answer.reason, counts_as_failure=True, permanent=answer.permanent)

    def revoke(self, row: Row) -> None:
        """A sentence is over that may be at the worker: it need not be finished for its sake."""
        if self._batch is not None and any(row is one for one in self._batch.rows):
            self._state.send("translation", Cancel(session=row.session, sentence=row.sentence))

    def lost(self, reason: str, *, counts_as_failure: bool) -> None:
        """The worker is gone; ``counts_as_failure``: nobody asked for its end."""
        batch, self._batch = self._batch, None
        if batch is not None:
            self._give_back(batch, reason, counts_as_failure=counts_as_failure, permanent=False)

    def dispatch(self, by_need: list[SessionState]) -> None:
        """Send the next batch if the worker is free; ``by_need``: sessions, the one to be heard soonest first."""
        if self._batch is not None or "translation" not in self._state.available:
            return
        rows, wanted = _next_batch(by_need)
        if wanted is None:
            return
        self._numbers += 1
        for row in rows:
            row.move(Stage.TRANSLATING)
        self._batch = _Batch(number=self._numbers, rows=rows, since=self._state.now)
        sentences = [SourceSentence(session=r.session, sentence=r.sentence, text=r.text) for r in rows]
        self._state.send(
            "translation",
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
        put_in_order(self._state.sessions[row.session].translated, row)
        self._state.report(EventName.TRANSLATED, row, text=row.text, language=row.language, engine=engine)


def _next_batch(by_need: list[SessionState]) -> tuple[list[Row], _Wanted | None]:
    """Take the rows of a batch from where they wait, as many as go together; None: there is none."""
    rows: list[Row] = []
    wanted: _Wanted | None = None
    for book in by_need:
        while len(rows) < MAX_BATCH:
            row = first_open(book.found)
            if row is None or not _has_room(book, row):
                break
            its = _Wanted(row.language, book.options.target, book.options.translation)
            if wanted is not None and wanted != its:
                break
            if row.attempts and rows:
                break  # one that cost us a worker before goes alone, so that the others are not blamed for it
            wanted = its
            rows.append(book.found.popleft())
            if row.attempts:
                return rows, wanted
    return rows, wanted


def _has_room(book: SessionState, row: Row) -> bool:
    """Whether a row may be translated now; one that is to be heard before others that wait for tts always may."""
    return len(book.translated) < MAX_TRANSLATED_AHEAD or row.place < book.translated[-1].place
