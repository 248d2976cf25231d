"""What the stages of the ledger share: sessions with their rows, slots, the workers' seats, the commands so far."""

from __future__ import annotations

import collections
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.protocol.messages import Cancel, Counts, EventName, SessionEvent
from voicestream.supervisor.ledger.commands import ChooseVoice, Command, Report, Send
from voicestream.supervisor.ledger.round_robin import Queued
from voicestream.supervisor.ledger.sentences import Outcome, Row, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.messages import SessionOptions, ToWorker
    from voicestream.protocol.messages import Stage as StageName
    from voicestream.supervisor.ledger.commands import SessionWorkers, VoiceRoute, WorkerId
    from voicestream.supervisor.ledger.slots import SlotTable

MAX_ATTEMPTS: Final = 3
"""How often a sentence may cost a stage its worker, or make it fail, before it is given up there."""

MAX_LANGUAGES: Final = 16
"""Languages of a session that may have voices of their own; sentences in any other have the voice of the session."""

MAX_CHARACTERS: Final = 10_000
"""Of a sentence; the parser cuts at some 2,000. A batch of them must fit a frame."""

_log = logging.getLogger(__name__)

Key = tuple[str, int]
"""The id of a sentence: session and ordinal."""


@dataclass(frozen=True)
class Waiting:
    """A message, and since when it waits to be heard."""

    message: int
    sentence: int
    """Its first."""
    since: float
    """When that was found, in seconds in which something could be heard."""


@dataclass
class SessionState:
    """One session's page."""

    session: str
    options: SessionOptions
    workers: SessionWorkers
    queued: Queued | None = None
    """Its place among the sessions that are spoken one after another; None: it takes turns with all others."""
    rows: dict[int, Row] = field(default_factory=dict[int, Row])
    """All rows without an outcome, in order."""
    found: collections.deque[Row] = field(default_factory=collections.deque[Row])
    """Rows that wait for translation (among them may be some that have ended)."""
    translated: dict[WorkerId | None, collections.deque[Row]] = field(
        default_factory=dict["WorkerId | None", collections.deque[Row]]
    )
    """Rows that wait for tts (likewise), by worker; under None those for whose language no voice was chosen yet."""
    voices: dict[str, VoiceRoute | None] = field(default_factory=dict[str, "VoiceRoute | None"])
    """Voices by language (BCP-47 tag), as far as they were looked for; None: one is being chosen."""
    unplayed: collections.deque[Row] = field(default_factory=collections.deque[Row])
    """Rows that were not given to the player yet (likewise)."""
    ahead: int = 0
    """Rows SPEAKING or SPOKEN that have not ended: how far its stage runs ahead of its playing."""
    expected: int = 0
    """Ordinal of the next new sentence."""
    open_message: int | None = None
    input_ended: bool = False
    input_skipped: bool = False
    held: bool = False
    """Nothing of it is heard until it is let go on; other sessions are."""
    quiet_since: float | None = None
    """Since when nothing of it can be heard, because it or everything is held; None: it can."""
    quiet_seconds: float = 0.0
    """For how long that was so before."""
    output_open: bool = False
    """Whether the player of now has opened its output."""
    next_position: int = 0
    """Frame of its output at which the next sentence will begin."""
    waiting: collections.deque[Waiting] = field(default_factory=collections.deque[Waiting])
    """Messages that are younger than ``max_lag_seconds``, whether heard or not; empty where there is no limit."""
    newest_message: int = -1
    """The last that came into ``waiting``."""
    begun_message: int = -1
    """The last of which the player was given a sentence."""
    unannounced: int = 0
    """Skipped messages that are still to be announced before anything of another message is heard."""
    announced: int = 0
    """Messages that the last announcement says were skipped."""
    announcements: int = 0
    last_found: tuple[int, bool] = (-1, True)
    """Message of the sentence that was found last, and whether it closes a paragraph."""
    found_count: int = 0
    untranslated_count: int = 0
    outcomes: collections.Counter[Outcome] = field(default_factory=collections.Counter[Outcome])

    def voice_of(self, language: str) -> VoiceRoute | None:
        """The voice of a language; None: one has to be chosen."""
        is_own = language in self.voices or not self.workers.follows_language or len(self.voices) >= MAX_LANGUAGES
        if is_own or languages.are_known_and_same(language, self.options.target):
            return self.voices.get(language, self.workers.voice)
        return None

    def waiting_for_voice(self, worker: WorkerId | None) -> collections.deque[Row]:
        """The rows that wait for a tts worker, in order."""
        return self.translated.setdefault(worker, collections.deque())

    def counts(self) -> Counts:
        """What became of its sentences."""
        return Counts(
            found=self.found_count,
            played=self.outcomes[Outcome.PLAYED],
            skipped=self.outcomes[Outcome.SKIPPED],
            failed=self.outcomes[Outcome.FAILED],
            untranslated=self.untranslated_count,
        )

    @property
    def is_clean(self) -> bool:
        """Whether everything so far was spoken as it should be."""
        return not (
            self.outcomes[Outcome.SKIPPED]
            or self.outcomes[Outcome.FAILED]
            or self.untranslated_count
            or self.input_skipped
        )


def first_open(queue: collections.deque[Row]) -> Row | None:
    """The first row of a queue that has no outcome; the others are thrown away."""
    while queue and queue[0].outcome is not None:
        queue.popleft()
    return queue[0] if queue else None


def put_in_order(queue: collections.deque[Row], row: Row) -> None:
    """Put a row where it is to be heard: it may come back late, or have to go before others."""
    place = row.place
    if not queue or queue[-1].place < place:
        queue.append(row)
        return
    at = next(index for index, other in enumerate(queue) if other.place >= place)
    queue.insert(at, row)


@dataclass
class _PendingRelease:
    """Slots that a worker may still touch until it answers or is reaped."""

    slots: set[int] = field(default_factory=set[int])
    waiting_for: set[WorkerId] = field(default_factory=set["WorkerId"])


class LedgerState:
    """The state of the ledger; the stages read and change it, and add their commands to it."""

    def __init__(self, slots: SlotTable) -> None:
        self.slots: Final = slots
        self.sessions: Final[dict[str, SessionState]] = {}
        self.available: Final[set[WorkerId]] = set()
        """The workers that are ready for work."""
        self.devices: Final[dict[WorkerId, str]] = {}
        """Where each worker computes, or its last incarnation did: ``cpu``, ``cuda:0``."""
        self.now = 0.0
        self._pending_release: Final[dict[Key, _PendingRelease]] = {}
        self._queued = 0
        self._commands: list[Command] = []

    def take_commands(self) -> list[Command]:
        """The commands since the last call."""
        commands, self._commands = self._commands, []
        return commands

    def queue(self, session: str, *, is_complete: bool) -> None:
        """Put a session of ``run --detach`` at the end of their queue: when it is opened, and when it is handed over.

        Args:
            session: the session; one that is gone, or was handed over before, stays as it is.
            is_complete: it is handed over.
        """
        book = self.sessions.get(session)
        if book is not None and not (book.queued and book.queued.is_complete):
            self._queued += 1
            book.queued = Queued(number=self._queued, is_complete=is_complete)

    def gpu_of(self, worker: WorkerId) -> str:
        """The NVIDIA GPU on which a worker computes; empty: on none."""
        device = self.devices.get(worker, "")
        return device if device.startswith("cuda") else ""

    @property
    def is_release_pending(self) -> bool:
        """Whether slots are to be released by a worker that was told so."""
        return any(pending.slots for pending in self._pending_release.values())

    def command(self, command: Command) -> None:
        """Add a command."""
        self._commands.append(command)

    def send(self, worker: WorkerId, message: ToWorker) -> None:
        """Add a message to a worker."""
        self._commands.append(Send(worker=worker, message=message))

    def report(self, event: EventName, row: Row, **fields: str | int | None) -> None:
        """Add an event about a sentence; ``fields`` are those of SessionEvent."""
        self._commands.append(
            Report(
                SessionEvent(event=event, session=row.session, sentence=row.sentence, time=self.now, **fields)  # type: ignore[arg-type]
            )
        )

    def row(self, session: str, sentence: int) -> Row | None:
        """The row of a sentence, unless it has ended."""
        book = self.sessions.get(session)
        return book.rows.get(sentence) if book else None

    def end(self, row: Row, outcome: Outcome, *, stage: StageName = "player", reason: str = "") -> None:
        """Close a row. Slots that no worker can touch are free from now on (see ``hold_slots``)."""
        book = self.sessions[row.session]
        row.outcome = outcome
        del book.rows[row.sentence]
        if not row.is_announcement:
            book.outcomes[outcome] += 1
        if row.stage in (Stage.SPEAKING, Stage.SPOKEN):
            book.ahead -= 1
        self.free(row.key, row.held_slots())
        row.segments = []
        row.leased = []
        if outcome is Outcome.PLAYED:
            self.report(EventName.PLAYBACK_FINISHED, row, frames=row.frames)
        else:
            self.report(EventName(outcome.value), row, stage=stage, reason=reason)

    def await_speech(self, row: Row) -> None:
        """Put a row where it waits for the tts worker of its language."""
        session = self.sessions[row.session]
        if row.voice is None:
            row.voice = session.voice_of(row.language)
        if row.voice is None and row.language not in session.voices:
            session.voices[row.language] = None
            self.command(ChooseVoice(session=row.session, language=row.language))
        put_in_order(session.waiting_for_voice(row.voice.worker if row.voice else None), row)

    def revoke(self, worker: WorkerId, key: Key, slots: Iterable[int] = ()) -> None:
        """Tell a worker to let go of a sentence; ``slots`` (and those freed until it answers) stay held so long."""
        pending = self._pending_release.setdefault(key, _PendingRelease())
        pending.waiting_for.add(worker)
        pending.slots.update(slots)
        self.send(worker, Cancel(session=key[0], sentence=key[1]))

    def free(self, key: Key, slots: Iterable[int]) -> None:
        """Give slots of a sentence back to the table, or into pending while a worker may touch them."""
        pending = self._pending_release.get(key)
        if pending is not None:
            pending.slots.update(slots)
        else:
            self.slots.release(slots)

    def released(self, worker: WorkerId, session: str, sentence: int | None) -> None:
        """A worker will not touch this sentence (None: this session) any more."""
        for key in [k for k in self._pending_release if k[0] == session and (sentence is None or k[1] == sentence)]:
            self._release_for(worker, key)

    def released_all(self, worker: WorkerId) -> None:
        """A worker was reaped: it will not touch anything any more."""
        for key in list(self._pending_release):
            self._release_for(worker, key)

    def _release_for(self, worker: WorkerId, key: Key) -> None:
        pending = self._pending_release[key]
        pending.waiting_for.discard(worker)
        if not pending.waiting_for:
            del self._pending_release[key]
            self.slots.release(pending.slots)
