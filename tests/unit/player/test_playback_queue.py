"""What the device's callback hands over, block by block."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicestream.protocol import audio_pool
from voicestream.protocol.audio_pool import AudioPool, Cursor
from voicestream.workers.player.playback_queue import PlaybackQueue, QueuedSegment, Track
from voicestream.workers.player.sinks.lead_in import ASLEEP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 120
BLOCK_SECONDS = BLOCK / 24_000


class Deck:
    """A tape on a pool whose samples count up from 1, and a device that asks for a block at a time."""

    def __init__(self, pool: AudioPool) -> None:
        self.pool = pool
        self.now = 100.0
        self.tape = PlaybackQueue(pool, lambda: self.now)
        self.played: list[int] = []
        for slot in range(pool.slots):
            with pool.frames(slot, 0, audio_pool.SLOT_FRAMES) as place:
                first = slot * audio_pool.SLOT_FRAMES + 1
                place[:] = np.arange(first, first + audio_pool.SLOT_FRAMES, dtype=np.float32).tobytes()

    def track(self, serial: int, heard: int = 0) -> Track:
        return Track(session="s", sentence=serial, serial=serial, played=heard)

    def add(self, track: Track, frame: int, frames: int, *, last: bool = False, slot: int = 0) -> QueuedSegment:
        """A piece whose samples are those of its frames."""
        piece = QueuedSegment(
            track=track, frame=frame, frames=frames, samples=self.pool.frames(slot, frame, frames), last=last
        )
        track.segments.append(piece)
        self.tape.add(piece)
        return piece

    def ask(self, blocks: int = 1, *, after_seconds: float = BLOCK_SECONDS) -> list[int]:
        """What the device gets."""
        got: list[int] = []
        for _ in range(blocks):
            self.now += after_seconds
            out = bytearray(b"\xff" * BLOCK * 4)
            self.tape.read(memoryview(out))
            got += np.frombuffer(out, np.float32).astype(int).tolist()
        return got


@pytest.fixture
def deck() -> Iterator[Deck]:
    descriptor = audio_pool.create(2)
    yield Deck(AudioPool(descriptor))
    os.close(descriptor)


def test_an_empty_tape_is_silence(deck: Deck) -> None:
    assert deck.ask() == [0] * BLOCK


def test_pieces_and_sentences_follow_each_other_within_a_block(deck: Deck) -> None:
    first, second = deck.track(1), deck.track(2)
    deck.add(first, 0, 30)
    deck.add(first, 30, 50, last=True)
    deck.add(second, 0, 60, last=True)
    assert deck.ask() == [*range(1, 81), *range(1, 41)]
    assert (first.end, second.end) == (80, None)
    assert deck.ask() == [*range(41, 61), *[0] * 100]
    assert second.end == 60


def test_a_frame_is_heard_when_enough_further_ones_were_asked_for(deck: Deck) -> None:
    deck.tape.delay_frames = 2 * BLOCK
    track = deck.track(7)
    deck.add(track, 0, 300, last=True)
    seen: list[tuple[int, int]] = []
    for _ in range(6):
        deck.ask()
        seen.append((track.played, deck.pool.cursor.frame))
    assert seen == [(0, 0), (0, 0), (120, 120), (240, 240), (300, 300), (300, 300)]
    assert deck.pool.cursor == Cursor(serial=7, frame=300)
    assert deck.tape.is_drained


def test_held_is_silent_at_the_next_block_and_goes_on_with_the_next_frame(deck: Deck) -> None:
    track = deck.track(1)
    deck.add(track, 0, 240, last=True)
    deck.ask()
    deck.tape.is_paused = True
    assert deck.ask(3) == [0] * 3 * BLOCK
    deck.tape.is_paused = False
    assert deck.ask() == list(range(121, 241))
    assert track.underrun_frames == 0


def test_silence_within_a_sentence_is_missing_and_silence_after_it_is_not(deck: Deck) -> None:
    track = deck.track(1)
    deck.add(track, 0, 100)
    deck.ask(3)
    assert track.underrun_frames == 0  # it may have been the end: only what comes next can tell
    deck.add(track, 100, 20)
    deck.ask(2)
    assert track.underrun_frames == 20 + 2 * BLOCK
    deck.add(track, 120, 0, last=True)
    deck.ask(5)
    assert track.underrun_frames == 20 + 2 * BLOCK
    assert track.end == 120


def test_a_sentence_that_is_late_as_a_whole_misses_nothing(deck: Deck) -> None:
    first, second = deck.track(1), deck.track(2)
    deck.add(first, 0, 100, last=True)
    deck.ask(3)
    deck.add(second, 0, 100, last=True)
    deck.ask(2)
    assert (first.underrun_frames, second.underrun_frames) == (0, 0)


def test_a_callback_that_comes_late_counts_what_was_beyond_the_buffer(deck: Deck) -> None:
    deck.tape.delay_frames = 2 * BLOCK
    track = deck.track(1)
    deck.add(track, 0, 1_000)
    deck.ask(2)
    deck.ask(after_seconds=3 * BLOCK_SECONDS)
    assert (deck.tape.late_calls, track.underrun_frames) == (0, 0)
    deck.ask(after_seconds=0.1)
    assert deck.tape.late_calls == 1
    assert abs(track.underrun_frames - (2_400 - 3 * BLOCK)) <= 1


def test_a_dropped_sentence_is_skipped_and_its_samples_are_not_read(deck: Deck) -> None:
    first, second, third = deck.track(1), deck.track(2), deck.track(3)
    for track in (first, second, third):
        deck.add(track, 0, 200, last=True)
    deck.ask()
    for track in (first, second):
        track.dropped = True
    deck.tape.wait_for_callback()
    for piece in (*first.segments, *second.segments):
        piece.samples.release()  # reading them would raise now
    assert deck.ask(2) == [*range(1, 201), *[0] * 40]
    assert first.played == BLOCK  # what was heard before stays so
    assert deck.pool.cursor.serial == 3


@pytest.mark.parametrize(
    ("heard", "left"),
    [(0, (100, 50)), (100, (100, 50)), (120, (120, 30)), (150, None), (200, None)],
)
def test_what_is_left_of_a_piece(deck: Deck, heard: int, left: tuple[int, int] | None) -> None:
    rest = deck.add(deck.track(1), 100, 50).rest_from(heard)
    assert (rest and (rest.frame, rest.frames)) == left
    if rest is not None:
        assert np.frombuffer(rest.samples, np.float32)[0] == rest.frame + 1


def test_the_end_of_a_sentence_is_never_left_out(deck: Deck) -> None:
    rest = deck.add(deck.track(1), 100, 50, last=True).rest_from(150)
    assert rest is not None
    assert (rest.frame, rest.frames, rest.last) == (150, 0, True)


def test_a_tape_that_was_reset_begins_anew(deck: Deck) -> None:
    track = deck.track(1)
    deck.add(track, 0, 500)
    deck.ask()
    deck.tape.reset()
    assert deck.tape.is_drained
    assert deck.ask(after_seconds=10.0) == [0] * BLOCK
    assert deck.tape.late_calls == 0


def test_silence_while_the_device_is_opened_anew_within_a_sentence_is_missing(deck: Deck) -> None:
    deck.tape.delay_frames = BLOCK
    track = deck.track(1)
    deck.add(track, 0, 500)
    deck.ask(2)
    deck.tape.is_stopped = True
    assert deck.ask(2) == [0] * 2 * BLOCK
    deck.tape.reset()
    deck.add(track, 240, 260, last=True)
    assert deck.ask(after_seconds=0.1) == list(range(241, 361))
    # What is asked for still while it stands still, then the tenth of a second less what was in the buffer by then.
    assert abs(track.underrun_frames - (2 * BLOCK + 2_400 - 2 * BLOCK)) <= 1
    assert deck.tape.late_calls == 0


def test_silence_is_missing_too_when_all_was_handed_over_and_some_of_it_is_played_again(deck: Deck) -> None:
    deck.tape.delay_frames = 2 * BLOCK
    track = deck.track(1)
    deck.add(track, 0, 240, last=True)
    deck.ask(2)
    deck.tape.reset()
    deck.add(track, 120, 120, last=True)
    deck.ask(after_seconds=0.1)
    assert abs(track.underrun_frames - (2_400 - 3 * BLOCK)) <= 1


def test_a_pause_in_which_the_device_is_let_go_of_is_not_missing(deck: Deck) -> None:
    track = deck.track(1)
    deck.add(track, 0, 240, last=True)
    deck.ask()
    deck.tape.pause()  # and no callback comes any more
    deck.now += 10.0
    deck.tape.is_paused = False
    deck.tape.reset()
    deck.add(track, 120, 120, last=True)
    deck.ask()
    assert track.underrun_frames == 0


def test_a_sentence_that_begins_on_a_device_opened_anew_misses_nothing(deck: Deck) -> None:
    first, second = deck.track(1), deck.track(2)
    deck.add(first, 0, 120, last=True)
    deck.ask(2)
    deck.tape.reset()
    deck.add(second, 0, 120, last=True)
    deck.ask(after_seconds=1.0)
    assert (first.underrun_frames, second.underrun_frames) == (0, 0)


def test_an_idle_device_gets_quiet_before_the_first_frame_and_counts_it_nowhere(deck: Deck) -> None:
    deck.tape.lead_in_frames = BLOCK + 20
    first = deck.track(1)
    deck.add(first, 0, 60, last=True)
    assert deck.ask(3) == [*[0] * (BLOCK + 20), *range(1, 61), *[0] * (2 * BLOCK - 80)]
    assert (first.end, first.delivered, first.underrun_frames) == (60, 60, 0)
    deck.add(deck.track(2), 0, 60, last=True)
    assert deck.ask()[:60] == list(range(1, 61)), "it is awake"
    deck.ask(after_seconds=ASLEEP_SECONDS + 1)
    third = deck.track(3)
    third.lead_in_frames = 10  # its session asks for less than the device needs
    deck.add(third, 0, 60, last=True)
    assert deck.ask()[:70] == [*[0] * 10, *range(1, 61)]


def test_a_lead_in_goes_on_after_the_device_was_opened_again(deck: Deck) -> None:
    deck.tape.lead_in_frames = 2 * BLOCK
    track = deck.track(1)
    piece = deck.add(track, 0, 60, last=True)
    assert deck.ask() == [0] * BLOCK
    deck.tape.reset()
    deck.tape.add(piece)
    assert deck.ask(2)[BLOCK : BLOCK + 60] == list(range(1, 61))


def test_a_pause_that_puts_the_device_to_sleep_is_followed_by_quiet_within_the_sentence(deck: Deck) -> None:
    deck.tape.lead_in_frames = 30
    track = deck.track(1)
    deck.add(track, 0, 240, last=True)
    deck.ask(2)
    deck.tape.pause()
    deck.ask(after_seconds=ASLEEP_SECONDS + 1)
    deck.tape.is_paused = False
    assert deck.ask() == [*[0] * 30, *range(211, 241), *[0] * 60]
    assert track.underrun_frames == 0


def test_a_signal_is_heard_once_before_its_sentence_and_is_in_no_position(deck: Deck) -> None:
    deck.tape.lead_in_frames = 10
    track = deck.track(1)
    track.signal = memoryview(np.full(BLOCK, 9, np.float32).tobytes())
    deck.add(track, 0, 60)
    deck.add(track, 60, 60, last=True)
    assert deck.ask(3)[:250] == [*[0] * 10, *[9] * BLOCK, *range(1, 121)]
    assert (track.end, track.delivered) == (120, 120)
