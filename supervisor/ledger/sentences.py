"""One row of the ledger: a sentence, how far it is, and the sound made of it so far.

A sentence is *made* in stages, FOUND → TRANSLATING → TRANSLATED → SPEAKING → SPOKEN, and it is PLAYING from the
moment its first samples go to the player, which may be while it is still SPEAKING. It ends as PLAYED, SKIPPED or
FAILED.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicestream.protocol.audio_pool import SLOT_FRAMES

if TYPE_CHECKING:
    from voicestream.protocol.messages import SentenceKind
    from voicestream.supervisor.ledger.chunk_timeline import ChunkTimeline
    from voicestream.supervisor.ledger.commands import VoiceRoute


class Stage(enum.Enum):
    """How far the stage of a sentence is."""

    FOUND = enum.auto()
    TRANSLATING = enum.auto()
    TRANSLATED = enum.auto()
    SPEAKING = enum.auto()
    SPOKEN = enum.auto()


class Outcome(enum.Enum):
    """How a sentence ended."""

    PLAYED = "played"
    SKIPPED = "skipped"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """An announcement whose place another has taken."""


_NEXT: Final = {
    Stage.FOUND: {Stage.TRANSLATING, Stage.TRANSLATED},
    Stage.TRANSLATING: {Stage.FOUND, Stage.TRANSLATED},
    Stage.TRANSLATED: {Stage.SPEAKING, Stage.SPOKEN},
    Stage.SPEAKING: {Stage.TRANSLATED, Stage.SPOKEN},
    Stage.SPOKEN: {Stage.TRANSLATED},
}
"""Every transition there is: forward by one (past translation where none is wanted), or back by one when the worker is
lost, or the sound is given up for a session that is heard before; a sentence that was begun by a voice which cannot go
on is spoken as far as it is."""

_RESULTS: Final = {Stage.TRANSLATING: {Stage.TRANSLATED}, Stage.SPEAKING: {Stage.SPOKEN}}
"""The transitions by which a worker delivers: the attempts at that stage are over."""


@dataclass(frozen=True)
class AudioSegment:
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


@dataclass
class Row:
    """A sentence that is not done yet."""

    session: str
    sentence: int
    """Its ordinal; announcements of the ledger itself count down from -1."""
    message: int
    text: str
    """What is to be said, in ``language``; replaced by its translation."""
    language: str
    found_at: float = 0.0
    """When it was found; seconds on the monotonic clock."""
    kind: SentenceKind = "speech"
    paragraph: bool = False
    closes: bool = False
    """It is known to be the last of its paragraph, so a longer pause follows it."""
    opens_late: bool = False
    """It opens a paragraph, and the sentence before it did not know that it was the last of its own."""
    before: int | None = None
    """Of an announcement: ordinal of the sentence before which it is heard."""
    heard_at: float = 0.0
    """When its first frame was handed to the output."""
    stage: Stage = Stage.FOUND
    voice: VoiceRoute | None = None
    """Who speaks it; None: that is not known yet."""
    attempts: int = 0
    """Times in a row that a worker was lost or failed on it at this stage without getting further."""
    attempt: int = 0
    """Counts the Speak jobs sent for it, so that a stale answer is known."""
    segments: list[AudioSegment] = field(default_factory=list[AudioSegment])
    """Committed sound that was not played yet, in order."""
    frames: int = 0
    """Frames committed so far."""
    expected_seconds: float = 0.0
    """How long it should take to say it, set when its sound is first asked for."""
    timeline: ChunkTimeline | None = None
    """How its sound came from the last job."""
    leased: list[int] = field(default_factory=list[int])
    """Slots that tts may write to, the one in use first."""
    used_of_slot: int = 0
    """Frames committed in the first leased slot."""
    serial: int = 0
    """Order of playing; 0 = not given to the player yet."""
    position: int = 0
    """Frame of the session's output at which the sentence begins."""
    sent_frames: int = 0
    """Frames of it that the player of now was told of."""
    last_sent: bool = False
    """Whether the player of now was told where it ends."""
    played_frames: int = 0
    heard: bool = False
    """Whether playback_started was reported."""
    told_started: bool = False
    """Whether speech_started was reported,"""
    told_finished: bool = False
    """and speech_finished: sound that is made again is no news."""
    player_attempts: int = 0
    """Times in a row that a player was lost on it at the same frame, ``player_attempts_at``."""
    player_attempts_at: int = -1
    give_up_reason: str = ""
    """Set when its stage was given up after some of it was committed."""
    untranslated: bool = False
    outcome: Outcome | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The id of the sentence."""
        return self.session, self.sentence

    @property
    def is_announcement(self) -> bool:
        """Whether these are the ledger's own words, and not the agent's."""
        return self.before is not None

    @property
    def place(self) -> tuple[int, bool]:
        """What sorts the rows of a session as they are to be heard."""
        return (self.sentence, True) if self.before is None else (self.before, False)

    @property
    def is_complete(self) -> bool:
        """Whether all of its sound is committed."""
        return self.stage is Stage.SPOKEN

    @property
    def is_playable(self) -> bool:
        """Whether there is something to give to the player, if only its end."""
        return self.is_complete or self.frames > 0

    def move(self, to: Stage) -> None:
        """Change the stage; the one place where that happens."""
        if to not in _NEXT[self.stage]:
            raise AssertionError(f"{self.key}: {self.stage.name} cannot become {to.name}")
        if to in _RESULTS.get(self.stage, ()):
            self.attempts = 0
        self.stage = to

    def commit(self, slot: int, start: int, frames: int) -> bool:
        """Take note of written samples; False when they are not what was leased (nothing is changed then)."""
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
            # Full: from here on its segments hold it, until they are played.
            self.leased.pop(0)
            self.used_of_slot = 0
        return True

    def held_slots(self) -> set[int]:
        """All slots in which it has, or may get, samples."""
        return {segment.slot for segment in self.segments} | set(self.leased)

    def unused_slots(self) -> list[int]:
        """Leased slots with nothing of it in them."""
        if self.leased and self.used_of_slot > 0:
            return self.leased[1:]
        return list(self.leased)

    def drop_lease(self) -> list[int]:
        """Forget the lease; returns the slots that are free by that."""
        free = self.unused_slots()
        # A partly used slot stays held through its segments, unless these were played already.
        if self.leased and self.used_of_slot > 0 and self.leased[0] not in {s.slot for s in self.segments}:
            free.append(self.leased[0])
        self.leased = []
        self.used_of_slot = 0
        return free

    def drop_unplayed(self) -> list[int]:
        """Forget the sound that was not played yet; returns the slots that are free by that.

        Only while neither the voice nor the player has the row in hand.
        """
        slots = sorted({segment.slot for segment in self.segments})
        self.segments = []
        self.frames = self.played_frames
        return slots

    def play_up_to(self, frame: int) -> list[int]:
        """Take note that all frames before ``frame`` were played; returns the slots that are free by that."""
        self.played_frames = max(self.played_frames, min(frame, self.frames))
        done = [segment for segment in self.segments if segment.end <= self.played_frames]
        self.segments = [segment for segment in self.segments if segment.end > self.played_frames]
        still_held = self.held_slots()
        return sorted({segment.slot for segment in done} - still_held)
