"""A session's input: read once, in order, whoever dies; and a line that kills parsers is found and left out alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.protocol.messages import MAX_STATE_BYTES
from voicestream.supervisor.sessions.input_log import MAX_UNREAD_BYTES, InputLog, Piece

MAX_LOSSES = 3

PAUSE = b"<pause>"
"""Stands in a parser's text where it was told of a pause."""


class KilledError(Exception):
    """The parser has ended in the middle of a piece."""


class Parser:
    """One parser process: reads pieces in order; its state is everything before the checkpoint, as it was read.

    As the real one it keeps no incomplete line in its state: the checkpoint is at the beginning of a line.
    """

    def __init__(self, log: InputLog, poison: bytes = b"") -> None:
        self.received = log.checkpoint
        self._read = bytearray(log.state)
        self._settled = len(log.state)
        self._poison = poison

    def read(self, piece: Piece) -> tuple[int, int, bytes]:
        """One piece; returns the acknowledgement: received, checkpoint, state."""
        assert piece.offset == self.received, "a gap, or a second time"
        self._read += piece.data
        self.received += len(piece.data)
        if self._poison and self._poison in self._read:
            raise KilledError
        self._settled = max(self._settled, self._read.rfind(b"\n") + 1)
        if piece.pause and not self._read.endswith(PAUSE):
            # Nothing is held back after a pause, so that a second one finds nothing to do.
            self._read += PAUSE
            self._settled = len(self._read)
        return self.received, self.received - (len(self._read) - self._settled), bytes(self._read[: self._settled])

    @property
    def text(self) -> bytes:
        """All that was read, its predecessors' share included."""
        return bytes(self._read)


class World:
    """A log with its client and its parser."""

    def __init__(self, poison: bytes = b"") -> None:
        self.log = InputLog()
        self._poison = poison
        self.parser = Parser(self.log, poison)
        self.under_way: list[Piece] = []
        self.answers: list[tuple[int, int, bytes]] = []
        self.skipped: list[int] = []
        self.deaths = 0

    def arrive(self, data: bytes, *, pause: bool = False) -> None:
        assert self.log.append(self.log.end, data, pause=pause)

    def send(self) -> bool:
        if self.log.is_skipping:
            return False
        if self.parser.received < self.log.checkpoint:
            self.parser = Parser(self.log, self._poison)
        piece = self.log.next_piece()
        if piece is not None:
            self.under_way.append(piece)
        return piece is not None

    def read(self) -> None:
        if self.under_way:
            try:
                self.answers.append(self.parser.read(self.under_way.pop(0)))
            except KilledError:
                self.lose(count=True)

    def acknowledge(self) -> None:
        if self.answers:
            self.log.acknowledge(*self.answers.pop(0))

    def lose(self, *, count: bool) -> None:
        """The parser is gone, and what is on the way to and from it."""
        self.deaths += 1
        self.under_way.clear()
        self.answers.clear()
        if self.log.rewind(count=count) >= MAX_LOSSES:
            self.skipped.append(self.log.skip_line())
        self.parser = Parser(self.log, self._poison)

    def settle(self) -> None:
        for _ in range(10_000):
            if not self.send() and not self.under_way and not self.answers:
                return
            self.read()
            self.acknowledge()
        raise AssertionError("it never comes to an end")


LINES = st.lists(
    st.sampled_from([b"one\n", b"two two\n", b"\n", b"no end", b"a\nb\nc", b"x" * 30, b"end\n"]), max_size=30
)


@settings(max_examples=150)
@given(pieces=LINES, seed=st.integers(0, 2**32))
def test_every_byte_is_read_exactly_once_and_in_order_whoever_is_lost_when(pieces: list[bytes], seed: int) -> None:
    rng = random.Random(seed)
    world = World()
    expected = b""
    waiting = list(pieces)
    for _ in range(200):
        draw = rng.random()
        if draw < 0.2 and waiting:
            data = waiting.pop(0)
            world.arrive(data)
            expected += data
        elif draw < 0.23 and not expected.endswith(PAUSE):
            world.arrive(b"", pause=True)
            expected += PAUSE
        elif draw < 0.5:
            world.send()
        elif draw < 0.75:
            world.read()
        elif draw < 0.97:
            world.acknowledge()
        else:
            world.lose(count=False)
    world.settle()
    assert world.parser.text == expected
    assert world.log.under_way == 0
    assert world.log.is_all_sent
    assert world.log.received == world.log.end


@settings(max_examples=150)
@given(
    before=st.lists(st.sampled_from([b"one\n", b"two\n", b"three\nfour\n"]), max_size=6),
    after=st.lists(st.sampled_from([b"five\n", b"six\n", b"seven\neight\n"]), max_size=6),
    seed=st.integers(0, 2**32),
)
def test_a_line_that_kills_parsers_is_left_out_alone_however_the_input_was_cut(
    before: list[bytes], after: list[bytes], seed: int
) -> None:
    killer = b"a line with POISON in it\n"
    text = b"".join([*before, killer, *after])
    rng = random.Random(seed)
    world = World(poison=b"POISON")
    for _ in range(5000):
        draw = rng.random()
        if draw < 0.3 and text:
            cut = rng.randint(1, min(len(text), 40))
            world.arrive(text[:cut])
            text = text[cut:]
        elif draw < 0.6:
            world.send()
        elif draw < 0.8:
            world.read()
        else:
            world.acknowledge()
    world.settle()
    assert world.parser.text == b"".join([*before, *after])
    assert len(world.skipped) == 1
    # One in the crowd, and then, line by line, one after another on the line itself.
    assert world.deaths <= 1 + MAX_LOSSES


def test_the_rest_of_a_line_that_was_given_up_is_left_out_when_it_arrives_later() -> None:
    world = World(poison=b"POISON")
    world.arrive(b"good\nPOISON and ")
    world.settle()
    assert world.skipped == [len(b"POISON and ")]
    assert world.log.is_skipping
    world.arrive(b"more of ")
    world.arrive(b"", pause=True)
    world.settle()
    assert world.log.is_skipping
    assert world.log.received == world.log.end
    assert world.log.under_way == 0
    world.arrive(b"it\nfine\n")
    assert not world.log.is_skipping
    world.settle()
    assert world.parser.text == b"good\nfine\n"
    assert world.log.received == world.log.end


def test_an_end_of_line_that_arrives_with_a_pause_keeps_the_pause() -> None:
    world = World(poison=b"POISON")
    world.arrive(b"POISON")
    world.settle()
    assert world.log.append(world.log.end, b"\n", pause=True)
    world.settle()
    assert world.parser.text == PAUSE


def test_a_pause_that_was_not_read_yet_is_read_by_the_next_parser() -> None:
    """Otherwise what was held back at the pause would be said only when more comes, which may be never."""
    world = World()
    world.arrive(b"a line\n")
    world.arrive(b"", pause=True)
    assert world.send()
    world.read()
    world.acknowledge()
    world.lose(count=False)
    world.settle()
    assert world.parser.text == b"a line\n" + PAUSE


def test_the_second_reading_is_cut_as_the_first_was() -> None:
    log = InputLog()
    for number, data in enumerate((b"one", b" two\nthr", b"", b"ee\n")):
        assert log.append(log.end, data, pause=number == 2)
    first = [log.next_piece() for _ in range(4)]
    log.rewind(count=False)
    assert [log.next_piece() for _ in range(4)] == first
    assert log.next_piece() is None


def test_input_that_does_not_follow_what_came_before_is_refused() -> None:
    log = InputLog()
    assert log.append(0, b"abc", pause=False)
    for offset in (0, 2, 4, -1):
        assert not log.append(offset, b"x", pause=False)
    assert log.end == 3
    assert log.append(3, b"d", pause=False)


def test_only_so_much_is_under_way_at_a_time() -> None:
    log = InputLog()
    chunk = bytes(256 << 10)
    for _ in range(40):
        assert log.append(log.end, chunk, pause=False)
    sent = 0
    while (piece := log.next_piece()) is not None:
        sent = piece.end
    assert log.under_way == sent == MAX_UNREAD_BYTES
    assert not log.is_all_sent
    log.acknowledge(len(chunk), 0, b"")
    assert log.next_piece() is not None
    assert log.next_piece() is None


def test_what_lies_before_the_checkpoint_is_not_kept() -> None:
    log = InputLog()
    for _ in range(10):
        assert log.append(log.end, b"12345\n", pause=False)
        assert log.next_piece() is not None
    log.acknowledge(60, 33, b"state")
    assert log.kept_bytes == 27
    assert sum(len(piece.data) for piece in log._pieces) == 30
    log.rewind(count=False)
    assert log.next_piece() == Piece(offset=33, data=b"45\n", pause=False)
    assert log.state == b"state"


@pytest.mark.parametrize(
    ("received", "checkpoint"),
    [(7, 0), (3, 4), (-1, -1), (6, -1), (2**63, 0)],
    ids=["unsent", "checkpoint ahead", "negative", "negative checkpoint", "huge"],
)
def test_an_acknowledgement_that_cannot_be_is_left_out(received: int, checkpoint: int) -> None:
    log = InputLog()
    assert log.append(0, b"abcdef", pause=False)
    assert log.append(6, b"ghi", pause=False)
    assert log.next_piece() is not None
    log.acknowledge(received, checkpoint, b"nonsense")
    assert (log.received, log.checkpoint, log.state) == (0, 0, b"")


def test_a_checkpoint_never_goes_back() -> None:
    log = InputLog()
    assert log.append(0, b"abcdef", pause=False)
    assert log.next_piece() is not None
    log.acknowledge(6, 4, b"four")
    log.acknowledge(6, 2, b"two")
    assert (log.checkpoint, log.state) == (4, b"four")
    log.acknowledge(5, 4, b"five")
    assert (log.received, log.under_way) == (6, 0)


def test_after_a_loss_lines_go_one_at_a_time_up_to_where_it_was_and_then_together_again() -> None:
    log = InputLog()
    assert log.append(0, b"one\ntwo\nthree", pause=False)
    assert log.append(13, b" and more\nlast\n", pause=True)
    while log.next_piece() is not None:
        pass
    assert log.append(28, b"four\nfive\n", pause=False)
    assert log.rewind(count=True) == 1

    sent: list[bytes] = []
    while (piece := log.next_piece()) is not None:
        sent.append(piece.data)
        assert piece.pause == (piece.data == b"last\n"), "the pause stays at the end of its piece"
        if piece.end < 28:
            assert log.next_piece() is None, "the next line waits until this one is read"
            log.acknowledge(piece.end, 0, b"")
    assert sent == [b"one\n", b"two\n", b"three", b" and more\n", b"last\n", b"four\nfive\n"]


def test_a_loss_that_nobody_is_blamed_for_changes_nothing_but_the_place() -> None:
    log = InputLog()
    assert log.append(0, b"one\ntwo\n", pause=False)
    for _ in range(10):
        assert log.next_piece() == Piece(offset=0, data=b"one\ntwo\n", pause=False)
        assert log.rewind(count=False) == 0


def test_progress_wipes_out_blame() -> None:
    log = InputLog()
    assert log.append(0, b"one\ntwo\nthree\n", pause=False)
    assert log.next_piece() is not None
    assert log.rewind(count=True) == 1
    assert log.rewind(count=True) == 2
    piece = log.next_piece()
    assert piece is not None
    log.acknowledge(piece.end, piece.end, b"")
    assert log.rewind(count=True) == 1


def test_skipping_gives_up_one_line_even_over_several_pieces() -> None:
    log = InputLog()
    for data in (b"ba", b"d", b" line\ngood", b"\n"):
        assert log.append(log.end, data, pause=False)
    while log.next_piece() is not None:
        pass
    log.rewind(count=True)
    assert log.skip_line() == len(b"bad line\n")
    assert log.checkpoint == log.received == len(b"bad line\n")
    assert not log.is_skipping
    assert log.next_piece() == Piece(offset=9, data=b"good", pause=False)
    log.acknowledge(13, 9, b"")
    assert log.next_piece() == Piece(offset=13, data=b"\n", pause=False)


def test_after_a_line_was_given_up_the_next_one_has_its_own_trials() -> None:
    log = InputLog()
    assert log.append(0, b"bad\nworse\n", pause=False)
    assert log.next_piece() is not None
    assert [log.rewind(count=True) for _ in range(3)] == [1, 2, 3]
    assert log.skip_line() == 4
    assert log.next_piece() is not None
    assert [log.rewind(count=True) for _ in range(3)] == [1, 2, 3]
    assert log.skip_line() == 6
    assert log.is_all_sent


def test_pauses_without_end_are_kept_as_two() -> None:
    log = InputLog()
    log.append(0, b"begun", pause=False)
    for _ in range(1000):
        assert log.append(5, b"", pause=True)
    assert log.next_piece() == Piece(offset=0, data=b"begun", pause=False)
    for _ in range(2):
        assert log.next_piece() == Piece(offset=5, data=b"", pause=True)
    assert log.next_piece() is None
    log.append(5, b" line\n", pause=True)
    for _ in range(2):
        log.append(11, b"", pause=True)
    assert log.next_piece() == Piece(offset=5, data=b" line\n", pause=True)
    assert log.next_piece() == Piece(offset=11, data=b"", pause=True)
    assert log.next_piece() is None


@pytest.mark.parametrize(
    ("received", "checkpoint"), [(-1, -1), (0, 1), (5, -1), (6, 0), (2**63, 0), (2**63, 2**63), (1, 2)]
)
def test_an_acknowledgement_that_cannot_be_changes_nothing(received: int, checkpoint: int) -> None:
    log = InputLog()
    log.append(0, b"12345", pause=False)
    log.next_piece()
    assert log.acknowledge(received, checkpoint, b"state") is False
    assert (log.received, log.checkpoint, log.state) == (0, 0, b"")
    assert log.acknowledge(5, 5, bytes(MAX_STATE_BYTES + 1)) is False
    assert not log.is_all_read
    assert log.acknowledge(5, 5, b"state") is True
    assert log.is_all_read
