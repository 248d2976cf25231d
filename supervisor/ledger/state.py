"""State shared by the stages of the ledger: sessions with their rows, slots, available workers, pending commands."""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.config import languages
from voicestream.protocol.messages import Cancel, Counts, EventName, SessionEvent
from voicestream.records import FrozenRecord, Record
from voicestream.supervisor.ledger.commands import ChooseVoice, Command, Report, Send
from voicestream.supervisor.ledger.controls.recent_sentences import RecentSentences
from voicestream.supervisor.ledger.sentences import Outcome, Row, Stage
from voicestream.supervisor.ledger.turns.round_robin import HOLD_SECONDS, Queued

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.messages import SessionOptions, ToWorker
    from voicestream.protocol.messages import Stage as StageName
    from voicestream.supervisor.ledger.commands import SessionWorkers, VoiceRoute, WorkerId
    from voicestream.supervisor.ledger.slots import SlotTable

MAX_ATTEMPTS: Final = 3
"""Losses of a worker, or failures, after which a sentence is given up at a stage."""

SKIPPED_ON_REQUEST: Final = "skipped on request"
"""Reason of sentences that ``skip``, ``hush`` or a prompt in the agent has dropped."""

MAX_LANGUAGES: Final = 16
"""Languages per session that may have voices of their own; all others use the voice of the session."""

MAX_CHARACTERS: Final = 10_000
"""Upper bound of a sentence's length; the parser cuts at about 2,000. A batch must fit a frame."""

_log = logging.getLogger(__name__)

Key = tuple[str, int]
"""The id of a sentence: session and ordinal."""


class Waiting(FrozenRecord, frozen=True):
    """A message, and the time since which it waits for playback."""

    message: int
    sentence: int
    """Its first sentence."""
    since: float
    """Age of the session, in seconds without pauses, at which the sentence was found."""


class SessionState(Record):
    """State of one session."""

    session: str
    options: SessionOptions
    workers: SessionWorkers
    queued: Queued | None = None
    """Place in the queue of detached sessions; None: it takes part in round-robin scheduling."""
    rows: dict[int, Row] = field(default_factory=dict[int, Row])
    """All rows without an outcome, in order."""
    found: collections.deque[Row] = field(default_factory=collections.deque[Row])
    """Rows that wait for translation; some may have ended."""
    translated: dict[WorkerId | None, collections.deque[Row]] = field(
        default_factory=dict["WorkerId | None", collections.deque[Row]]
    )
    """Rows that wait for tts, by worker; None: no voice was chosen yet. Some may have ended."""
    voices: dict[str, VoiceRoute | None] = field(default_factory=dict[str, "VoiceRoute | None"])
    """Voices by language (BCP-47 tag); None: one is being chosen."""
    unplayed: collections.deque[Row] = field(default_factory=collections.deque[Row])
    """Rows that were not sent to the player yet; some may have ended."""
    ahead: int = 0
    """Number of rows in stage SPEAKING or SPOKEN: the lead of synthesis over playback."""
    expected: int = 0
    """Ordinal of the next new sentence."""
    open_message: int | None = None
    input_ended: bool = False
    input_skipped: bool = False
    held: bool = False
    """True if the session is paused by itself."""
    is_now: bool = False
    """True if its sentences interrupt those of other sessions."""
    repeated_session: str = ""
    """Ended session whose sentences it plays again; empty: it has sentences of its own."""
    taken_at: float | None = None
    """Time at which its last sentence was sent to the player, in seconds of the monotonic clock; None: none was."""
    skipped_message: int | None = None
    """Message whose sentences are skipped as they are found."""
    quiet_since: float | None = None
    """Time since which playback of the session is paused, alone or with all others; None: it is not."""
    quiet_seconds: float = 0.0
    """Seconds of all earlier pauses."""
    output_open: bool = False
    """True if the present player has opened the session's output."""
    next_position: int = 0
    """Frame of the output at which the next sentence will begin."""
    waiting: collections.deque[Waiting] = field(default_factory=collections.deque[Waiting])
    """Messages younger than ``max_lag_seconds``, played or not; empty without a limit."""
    newest_message: int = -1
    """Newest message added to ``waiting``."""
    begun_message: int = -1
    """Newest message of which a sentence was sent to the player."""
    unannounced: int = 0
    """Skipped messages to be announced before any sentence of another message."""
    announced: int = 0
    """Number of messages that the last announcement reports as skipped."""
    announcements: int = 0
    last_found: tuple[int, bool] = (-1, True)
    """Message of the newest sentence, and True if that sentence closes a paragraph."""
    found_count: int = 0
    untranslated_count: int = 0
    outcomes: collections.Counter[Outcome] = field(default_factory=collections.Counter[Outcome])

    def voice_of(self, language: str) -> VoiceRoute | None:
        """Return the voice of a language; None: it has to be chosen."""
        is_own = language in self.voices or not self.workers.follows_language or len(self.voices) >= MAX_LANGUAGES
        if is_own or languages.are_known_and_same(language, self.options.target):
            return self.voices.get(language, self.workers.voice)
        return None

    def is_interrupting(self, now: float) -> bool:
        """Return whether other sessions wait for the next sentence of this one, which has interrupted them."""
        if not self.is_now or self.held or self.taken_at is None:
            return False
        is_expected = not self.input_ended and now < self.taken_at + HOLD_SECONDS
        return is_expected or first_open(self.unplayed) is not None

    def waiting_for_voice(self, worker: WorkerId | None) -> collections.deque[Row]:
        """Return the rows that wait for a tts worker, in order."""
        return self.translated.setdefault(worker, collections.deque())

    def counts(self) -> Counts:
        """Return the outcomes of its sentences."""
        return Counts(
            found=self.found_count,
            played=self.outcomes[Outcome.PLAYED],
            skipped=self.outcomes[Outcome.SKIPPED],
            failed=self.outcomes[Outcome.FAILED],
            untranslated=self.untranslated_count,
        )

    @property
    def is_clean(self) -> bool:
        """True if all sentences so far were spoken without a loss."""
        return not (
            self.outcomes[Outcome.SKIPPED]
            or self.outcomes[Outcome.FAILED]
            or self.untranslated_count
            or self.input_skipped
        )


def first_open(queue: collections.deque[Row]) -> Row | None:
    """Return the first unfinished row of a queue; ended rows before it are removed."""
    while queue and queue[0].outcome is not None:
        queue.popleft()
    return queue[0] if queue else None


def put_in_order(queue: collections.deque[Row], row: Row) -> None:
    """Insert a row in the order of playback: it may return late, or precede others.

    A row that the player holds comes first: nothing else is played before the rest of it is synthesized.
    """
    order = (not row.serial, row.place)
    if not queue or (not queue[-1].serial, queue[-1].place) < order:
        queue.append(row)
        return
    at = next(index for index, other in enumerate(queue) if (not other.serial, other.place) >= order)
    queue.insert(at, row)


class _PendingRelease(Record):
    """Slots that a worker may still access until it answers or is reaped."""

    slots: set[int] = field(default_factory=set[int])
    waiting_for: set[WorkerId] = field(default_factory=set["WorkerId"])


class LedgerState:
    """State of the ledger; the stages read and change it, and add their commands to it."""

    def __init__(self, slots: SlotTable) -> None:
        self.slots: Final = slots
        self.sessions: Final[dict[str, SessionState]] = {}
        self.available: Final[set[WorkerId]] = set()
        """Workers that are ready for work."""
        self.devices: Final[dict[WorkerId, str]] = {}
        """Device of each worker, or of its last incarnation: ``cpu``, ``cuda:0``."""
        self.batch_sizes: Final[dict[WorkerId, int]] = {}
        """Sentences that each tts worker takes at once, likewise; 1 if it is not here."""
        self.now = 0.0
        self.recent: Final = RecentSentences()
        self._pending_release: Final[dict[Key, _PendingRelease]] = {}
        self._queued = 0
        self._commands: list[Command] = []

    def take_commands(self) -> list[Command]:
        """Return the commands since the last call."""
        commands, self._commands = self._commands, []
        return commands

    def queue(self, session: str, *, is_complete: bool) -> None:
        """Append a session of ``run --detach`` to the queue of detached sessions, at its opening and at its handover.

        Args:
            session: the session; one that is gone, or was handed over before, stays as it is.
            is_complete: it is handed over.
        """
        book = self.sessions.get(session)
        if book is not None and not (book.queued and book.queued.is_complete):
            self._queued += 1
            book.queued = Queued(number=self._queued, is_complete=is_complete)

    def gpu_of(self, worker: WorkerId) -> str:
        """Return the NVIDIA GPU that a worker uses; empty: none."""
        device = self.devices.get(worker, "")
        return device if device.startswith("cuda") else ""

    @property
    def is_release_pending(self) -> bool:
        """True if a worker has not confirmed the release of slots yet."""
        return any(pending.slots for pending in self._pending_release.values())

    def command(self, command: Command) -> None:
        """Add a command."""
        self._commands.append(command)

    def send(self, worker: WorkerId, message: ToWorker) -> None:
        """Add a message to a worker."""
        self._commands.append(Send(worker=worker, message=message))

    def report(self, event: EventName, row: Row, **fields: str | int | None) -> None:
        """Add an event of a sentence; ``fields`` are those of SessionEvent."""
        self._commands.append(
            Report(
                SessionEvent(event=event, session=row.session, sentence=row.sentence, time=self.now, **fields)  # type: ignore[arg-type]
            )
        )

    def announce(self, session: SessionState, text: str, language: str, *, is_urgent: bool = False) -> Row:
        """Add an announcement of the ledger before the next sentence to be played (see ``insert``)."""
        return self.insert(session, text, language, EventName.ANNOUNCEMENT, is_urgent=is_urgent)

    def insert(
        self,
        session: SessionState,
        text: str,
        language: str,
        event: EventName,
        *,
        is_urgent: bool,
        repeats: int | None = None,
    ) -> Row:
        """Add a row that is not counted before the next sentence to be played; it is in no queue but ``unplayed``.

        Args:
            session: its session.
            text: to be spoken.
            language: BCP-47 tag of the text.
            event: reports it.
            is_urgent: it is played before the sentences of all sessions.
            repeats: ordinal of the sentence that is played again, if any.
        """
        following = first_open(session.unplayed)
        session.announcements += 1
        row = Row(
            session=session.session,
            sentence=-session.announcements,
            message=following.message if following else max(session.begun_message, 0),
            text=text,
            language=language,
            before=following.place[0] if following else session.expected,
            is_urgent=is_urgent,
            repeats=repeats,
        )
        session.rows[row.sentence] = row
        self.report(event, row, text=text, language=language, repeats=repeats)
        put_in_order(session.unplayed, row)
        return row

    def row(self, session: str, sentence: int) -> Row | None:
        """Return the row of a sentence, unless it has ended."""
        book = self.sessions.get(session)
        return book.rows.get(sentence) if book else None

    def end(self, row: Row, outcome: Outcome, *, stage: StageName = "player", reason: str = "") -> None:
        """End a row; slots that no worker can access are free from now on (see ``free``)."""
        book = self.sessions[row.session]
        row.outcome = outcome
        del book.rows[row.sentence]
        if not row.is_announcement:
            book.outcomes[outcome] += 1
        if row.stage in (Stage.SPEAKING, Stage.SPOKEN):
            book.ahead -= 1
        self.recent.add(row, book.options)
        self.free(row.key, row.held_slots())
        row.segments = []
        row.leased = []
        if outcome is Outcome.PLAYED:
            self.report(EventName.PLAYBACK_FINISHED, row, frames=row.frames)
        else:
            self.report(EventName(outcome.value), row, stage=stage, reason=reason)

    def await_speech(self, row: Row) -> None:
        """Append a row to the queue of the tts worker of its language."""
        session = self.sessions[row.session]
        if row.voice is None:
            row.voice = session.voice_of(row.language)
        if row.voice is None and row.language not in session.voices:
            session.voices[row.language] = None
            self.command(ChooseVoice(session=row.session, language=row.language))
        put_in_order(session.waiting_for_voice(row.voice.worker if row.voice else None), row)

    def revoke(self, worker: WorkerId, key: Key, slots: Iterable[int] = ()) -> None:
        """Tell a worker to release a sentence; ``slots``, and those freed meanwhile, stay held until it answers."""
        pending = self._pending_release.setdefault(key, _PendingRelease())
        pending.waiting_for.add(worker)
        pending.slots.update(slots)
        self.send(worker, Cancel(session=key[0], sentence=key[1]))

    def free(self, key: Key, slots: Iterable[int]) -> None:
        """Return slots of a sentence to the table, or make their release pending while a worker may access them."""
        pending = self._pending_release.get(key)
        if pending is not None:
            pending.slots.update(slots)
        else:
            self.slots.release(slots)

    def released(self, worker: WorkerId, session: str, sentence: int | None) -> None:
        """Handle a worker's release of a sentence (None: of the session)."""
        for key in [k for k in self._pending_release if k[0] == session and (sentence is None or k[1] == sentence)]:
            self._release_for(worker, key)

    def released_all(self, worker: WorkerId) -> None:
        """Release all slots that a reaped worker could access."""
        for key in list(self._pending_release):
            self._release_for(worker, key)

    def _release_for(self, worker: WorkerId, key: Key) -> None:
        pending = self._pending_release[key]
        pending.waiting_for.discard(worker)
        if not pending.waiting_for:
            del self._pending_release[key]
            self.slots.release(pending.slots)
