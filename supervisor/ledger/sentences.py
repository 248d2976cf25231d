"""Rows of the ledger: sentences with their stages and their synthesized audio.

The stages are FOUND → TRANSLATING → TRANSLATED → SPEAKING → SPOKEN. A sentence is PLAYING from the moment its first
samples are sent to the player, which may be while it is still SPEAKING. The outcome is PLAYED, SKIPPED or FAILED.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.protocol.audio_pool import SLOT_FRAMES
from voicestream.records import FrozenRecord, Record

if TYPE_CHECKING:
    from voicestream.protocol.messages import PlayerSignal, SentenceKind, SessionOptions
    from voicestream.supervisor.ledger.chunk_timeline import ChunkTimeline
    from voicestream.supervisor.ledger.commands import VoiceRoute


class Stage(enum.Enum):
    """Stages of a sentence."""

    FOUND = enum.auto()
    TRANSLATING = enum.auto()
    TRANSLATED = enum.auto()
    SPEAKING = enum.auto()
    SPOKEN = enum.auto()


class Outcome(enum.Enum):
    """Outcomes of a sentence."""

    PLAYED = "played"
    SKIPPED = "skipped"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """Announcement that was replaced by another one."""


_NEXT: Final = {
    Stage.FOUND: {Stage.TRANSLATING, Stage.TRANSLATED},
    Stage.TRANSLATING: {Stage.FOUND, Stage.TRANSLATED},
    Stage.TRANSLATED: {Stage.SPEAKING, Stage.SPOKEN},
    Stage.SPEAKING: {Stage.TRANSLATED, Stage.SPOKEN},
    Stage.SPOKEN: {Stage.TRANSLATED},
}
"""All transitions.

A stage moves forward by one (past translation if none is needed). It moves back by one when the worker is lost, or when
audio is dropped in favour of a session that is played earlier. A sentence whose voice failed is played as far as it was
synthesized.
"""

_RESULTS: Final = {Stage.TRANSLATING: {Stage.TRANSLATED}, Stage.SPEAKING: {Stage.SPOKEN}}
"""Transitions by which a worker delivers: they reset the attempts at the stage."""


class AudioSegment(FrozenRecord, frozen=True):
    """Committed samples of one slot."""

    slot: int
    start: int
    """First frame within the slot."""
    frames: int
    at: int
    """Frame of the sentence at which the segment begins."""

    @property
    def end(self) -> int:
        """Frame of the sentence after the segment."""
        return self.at + self.frames


class Row(Record):
    """An unfinished sentence."""

    session: str
    sentence: int
    """Ordinal; announcements of the ledger count down from -1."""
    message: int
    text: str
    """Text to speak, in ``language``; replaced by its translation."""
    language: str
    found_at: float = 0.0
    """Time at which it was found, in seconds of the monotonic clock."""
    kind: SentenceKind = "speech"
    paragraph: bool = False
    closes: bool = False
    """True if it is known to be the last of its paragraph, so that a longer pause follows."""
    opens_late: bool = False
    """True if it opens a paragraph and the sentence before it was not known to close its own."""
    before: int | None = None
    """Ordinal of the sentence before which an announcement or a repetition is played."""
    is_urgent: bool = False
    """True for a sentence that is played before those of all other sessions."""
    repeats: int | None = None
    """Ordinal of the sentence that is played again, for a repetition."""
    is_introduced: bool = False
    """True if the name of its session was announced before it."""
    signal: PlayerSignal = ""
    """Sound before its first frame."""
    heard_at: float = 0.0
    """Time at which its first frame was passed to the output, in seconds of the monotonic clock."""
    stage: Stage = Stage.FOUND
    voice: VoiceRoute | None = None
    """Voice that speaks it; None: not chosen yet."""
    attempts: int = 0
    """Consecutive failures or lost workers at this stage without progress."""
    attempt: int = 0
    """Number of Speak jobs sent, to recognize stale results."""
    segments: list[AudioSegment] = field(default_factory=list[AudioSegment])
    """Committed audio that was not played yet, in order."""
    frames: int = 0
    """Frames committed so far."""
    expected_seconds: float = 0.0
    """Estimated duration, set when synthesis is first requested."""
    timeline: ChunkTimeline | None = None
    """Timeline of the chunks of the last job."""
    leased: list[int] = field(default_factory=list[int])
    """Slots leased to tts, the one in use first."""
    used_of_slot: int = 0
    """Frames committed in the first leased slot."""
    serial: int = 0
    """Position in the order of playback; 0 = not sent to the player yet."""
    position: int = 0
    """Frame of the session's output at which the sentence begins."""
    sent_frames: int = 0
    """Frames that the present player was told of."""
    last_sent: bool = False
    """True if the present player was told the end."""
    played_frames: int = 0
    heard: bool = False
    """True if playback_started was reported."""
    told_started: bool = False
    """True if speech_started was reported,"""
    told_finished: bool = False
    """and True if speech_finished was reported; synthesis again reports neither twice."""
    player_attempts: int = 0
    """Consecutive losses of the player at the same frame, ``player_attempts_at``."""
    player_attempts_at: int = -1
    give_up_reason: str = ""
    """Reason for giving up its stage after some audio was committed; empty = not given up."""
    untranslated: bool = False
    outcome: Outcome | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Id of the sentence."""
        return self.session, self.sentence

    @property
    def is_announcement(self) -> bool:
        """True for an announcement or a repetition, which are not counted; False for new text of the agent."""
        return self.before is not None

    @property
    def place(self) -> tuple[int, int, int]:
        """Sort key of the rows of a session in the order of playback."""
        if self.before is None:
            return self.sentence, 3, 0
        if self.repeats is not None:
            return self.before, 2, self.repeats
        return self.before, 0 if self.is_urgent else 1, -self.sentence

    @property
    def is_complete(self) -> bool:
        """True if all of its audio is committed."""
        return self.stage is Stage.SPOKEN

    @property
    def is_playable(self) -> bool:
        """True if there is something to send to the player, if only the end."""
        return self.is_complete or self.frames > 0

    @property
    def origin(self) -> int:
        """Ordinal of the agent's sentence that it is, repeats or precedes."""
        if self.before is None:
            return self.sentence
        return self.before if self.repeats is None else self.repeats

    def pauses(self, options: SessionOptions) -> tuple[float, float]:
        """Return the seconds of silence before and after it; a faster voice has shorter pauses."""
        is_closing = self.closes or (self.is_announcement and self.repeats is None)
        after = options.paragraph_pause_seconds if is_closing else options.sentence_pause_seconds
        missing = options.paragraph_pause_seconds - options.sentence_pause_seconds
        before = max(0.0, missing) if self.opens_late else 0.0
        return before / options.speed, after / options.speed

    def move(self, to: Stage) -> None:
        """Change the stage; the only place that does so."""
        if to not in _NEXT[self.stage]:
            raise AssertionError(f"{self.key}: {self.stage.name} cannot become {to.name}")
        if to in _RESULTS.get(self.stage, ()):
            self.attempts = 0
        self.stage = to

    def commit(self, slot: int, start: int, frames: int) -> bool:
        """Record written samples; return False if they do not match the lease (nothing is changed then)."""
        if not self.leased or self.leased[0] != slot or start != self.used_of_slot:
            return False
        if frames < 0 or start + frames > SLOT_FRAMES:
            return False
        self.used_of_slot += frames
        if frames:
            self.segments.append(AudioSegment(slot=slot, start=start, frames=frames, at=self.frames))
            self.frames += frames
            self.attempts = 0
        if self.used_of_slot == SLOT_FRAMES:
            # Full: its segments hold the slot until they are played.
            self.leased.pop(0)
            self.used_of_slot = 0
        return True

    def held_slots(self) -> set[int]:
        """Return all slots that contain, or may get, samples of the sentence."""
        return {segment.slot for segment in self.segments} | set(self.leased)

    def unused_slots(self) -> list[int]:
        """Return leased slots without samples of the sentence."""
        if self.leased and self.used_of_slot > 0:
            return self.leased[1:]
        return list(self.leased)

    def drop_lease(self) -> list[int]:
        """Drop the lease; return the slots that become free."""
        free = self.unused_slots()
        # The segments keep a partly used slot, unless they were already played.
        if self.leased and self.used_of_slot > 0 and self.leased[0] not in {s.slot for s in self.segments}:
            free.append(self.leased[0])
        self.leased = []
        self.used_of_slot = 0
        return free

    def drop_unplayed(self) -> list[int]:
        """Drop unplayed audio; return the slots that become free.

        Allowed only while neither a tts worker nor the player holds the row.
        """
        slots = sorted({segment.slot for segment in self.segments})
        self.segments = []
        self.frames = self.played_frames
        return slots

    def play_up_to(self, frame: int) -> list[int]:
        """Record that all frames before ``frame`` were played; return the slots that become free."""
        self.played_frames = max(self.played_frames, min(frame, self.frames))
        done = [segment for segment in self.segments if segment.end <= self.played_frames]
        self.segments = [segment for segment in self.segments if segment.end > self.played_frames]
        still_held = self.held_slots()
        return sorted({segment.slot for segment in done} - still_held)
