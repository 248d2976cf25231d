"""The audio pool: real processes share it, by its name or by a descriptor that they inherit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from voicestream.protocol import audio_pool, pool_memory, untracked_memory
from voicestream.protocol.audio_pool import HEADER_BYTES, SAMPLE_BYTES, SLOT_FRAMES, AudioPool, Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS = 3
WHOLE_SLOT = SLOT_FRAMES * SAMPLE_BYTES


@pytest.fixture
def descriptor() -> Iterator[int]:
    """A small segment."""
    made = audio_pool.create(SLOTS)
    yield made
    os.close(made)


@pytest.fixture
def pool(descriptor: int) -> Iterator[AudioPool]:
    """Our view of it."""
    made = AudioPool(descriptor)
    yield made
    made.close()


def in_another_process(program: str, descriptor: int) -> subprocess.CompletedProcess[str]:
    """Run a program with ``pool``, its own view of the same segment."""
    head = (
        "import os, signal, sys\n"
        "from voicestream.protocol.audio_pool import AudioPool\n"
        "pool = AudioPool(int(sys.argv[1]))\n"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", head + textwrap.dedent(program), str(descriptor)],
        pass_fds=[descriptor],
        capture_output=True,
        text=True,
        check=False,
        timeout=remaining(),
    )


def write(pool: AudioPool, slot: int, start: int, data: bytes) -> None:
    with pool.frames(slot, start, len(data) // SAMPLE_BYTES) as place:
        place[:] = data


def read(pool: AudioPool, slot: int, start: int, count: int) -> bytes:
    with pool.frames(slot, start, count) as place:
        return bytes(place)


# --- what is where


def test_a_new_pool_is_silent_and_its_cursor_stands_before_everything(pool: AudioPool) -> None:
    assert pool.slots == SLOTS
    assert pool.cursor == Cursor(serial=0, frame=0)
    for slot in range(SLOTS):
        assert read(pool, slot, 0, SLOT_FRAMES) == bytes(WHOLE_SLOT)


def test_slots_and_cursor_do_not_touch_each_other(pool: AudioPool) -> None:
    pool.set_cursor(7, 123_456)
    for slot in range(SLOTS):
        write(pool, slot, 0, bytes([slot + 1]) * WHOLE_SLOT)
    for slot in range(SLOTS):
        assert read(pool, slot, 0, SLOT_FRAMES) == bytes([slot + 1]) * WHOLE_SLOT
    assert pool.cursor == Cursor(serial=7, frame=123_456)


def test_a_stretch_begins_at_its_frame(pool: AudioPool) -> None:
    write(pool, 1, 10, b"abcdefgh")
    assert read(pool, 1, 9, 4) == bytes(4) + b"abcdefgh" + bytes(4)


@pytest.mark.parametrize(
    ("slot", "start", "count"),
    [
        (-1, 0, 1),
        (SLOTS, 0, 1),
        (0, -1, 1),
        (0, 0, -1),
        (0, 0, SLOT_FRAMES + 1),
        (0, SLOT_FRAMES, 1),
        (SLOTS - 1, 1, SLOT_FRAMES),
        (0, 2**62, 1),
    ],
)
def test_a_stretch_that_is_not_inside_one_slot_is_refused(pool: AudioPool, slot: int, start: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"slot {slot} are not in a pool of {SLOTS} slots"):
        pool.frames(slot, start, count)


def test_the_very_ends_of_a_slot_are_inside(pool: AudioPool) -> None:
    assert len(read(pool, SLOTS - 1, 0, SLOT_FRAMES)) == WHOLE_SLOT
    assert read(pool, 0, SLOT_FRAMES, 0) == b""


@pytest.mark.parametrize(
    ("serial", "frame", "expected"),
    [
        (1, 0, Cursor(serial=1, frame=0)),
        (2**24 - 1, 2**40 - 1, Cursor(serial=2**24 - 1, frame=2**40 - 1)),
        (2**24 + 5, 9, Cursor(serial=5, frame=9)),
    ],
)
def test_the_cursor_keeps_serial_and_frame_apart(pool: AudioPool, serial: int, frame: int, expected: Cursor) -> None:
    pool.set_cursor(serial, frame)
    assert pool.cursor == expected


def test_a_view_that_was_not_given_back_is_found_at_the_end(descriptor: int) -> None:
    pool = AudioPool(descriptor)
    view = pool.frames(0, 0, 1)
    with pytest.raises(BufferError):
        pool.close()
    view.release()
    pool._map.close()


# --- who sees it


def test_another_process_sees_what_was_written_and_we_see_what_it_writes(pool: AudioPool, descriptor: int) -> None:
    write(pool, 2, 5, b"from us!")
    pool.set_cursor(3, 77)
    done = in_another_process(
        """
        with pool.frames(2, 5, 2) as place:
            print(bytes(place), pool.cursor, pool.slots)
            place[:] = b"from it!"
        pool.set_cursor(4, 88)
        pool.close()
        """,
        descriptor,
    )
    assert done.stdout == f"b'from us!' {Cursor(serial=3, frame=77)} {SLOTS}\n", done.stderr
    assert read(pool, 2, 5, 2) == b"from it!"
    assert pool.cursor == Cursor(serial=4, frame=88)


def test_what_a_killed_process_wrote_stays_and_the_next_one_finds_it(descriptor: int) -> None:
    killed = in_another_process(
        """
        with pool.frames(1, 0, 2) as place:
            place[:] = b"finished"
            pool.set_cursor(9, 2)
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        descriptor,
    )
    assert killed.returncode == -signal.SIGKILL
    successor = in_another_process(
        "with pool.frames(1, 0, 2) as place:\n    print(bytes(place), pool.cursor)", descriptor
    )
    assert successor.stdout == f"b'finished' {Cursor(serial=9, frame=2)}\n", successor.stderr


def test_the_pool_outlives_its_descriptor_in_the_process_that_maps_it() -> None:
    descriptor = audio_pool.create(1)
    pool = AudioPool(descriptor)
    os.close(descriptor)
    write(pool, 0, 0, b"here")
    assert read(pool, 0, 0, 1) == b"here"
    pool.close()


def test_only_a_process_that_is_given_the_descriptor_inherits_it(descriptor: int) -> None:
    assert not os.get_inheritable(descriptor)
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import os, sys; os.fstat(int(sys.argv[1]))", str(descriptor)],
        capture_output=True,
        text=True,
        check=False,
        close_fds=False,
    )
    assert "Bad file descriptor" in done.stderr


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
def test_an_anonymous_one_has_no_name_by_which_anybody_could_find_or_leave_it() -> None:
    descriptor = audio_pool.create(SLOTS)
    pool = AudioPool(descriptor)
    assert os.fstat(descriptor).st_nlink == 0
    pool.close()
    os.close(descriptor)


def test_a_process_that_knows_its_name_needs_no_descriptor() -> None:
    made = pool_memory.reserve(lambda _name: None, SLOTS)
    ours = AudioPool(made.descriptor)
    write(ours, 2, 5, b"from us!")
    program = """
    pool = AudioPool(sys.argv[1])
    with pool.frames(2, 5, 2) as place:
        print(bytes(place), pool.slots)
        place[:] = b"from it!"
    pool.set_cursor(4, 88)
    pool.frames(0, 0, 1)  # never given back: the end of the process is no error
    """
    head = "import sys\nfrom voicestream.protocol.audio_pool import AudioPool\n"
    done = subprocess.run(
        [sys.executable, "-P", "-c", head + textwrap.dedent(program), made.name],
        capture_output=True,
        text=True,
        check=False,
        timeout=remaining(),
    )
    assert (done.stdout, done.stderr) == (f"b'from us!' {SLOTS}\n", "")
    assert read(ours, 2, 5, 2) == b"from it!"
    assert ours.cursor == Cursor(serial=4, frame=88)
    ours.close()
    made.remove()
    with pytest.raises(FileNotFoundError):
        AudioPool(made.name)


def test_a_segment_without_room_for_sound_is_refused() -> None:
    name = untracked_memory.new_name()
    made = untracked_memory.create(name, HEADER_BYTES)
    with pytest.raises(OSError, match="a segment of 4096 bytes has no room for sound"):
        AudioPool(name)
    made.unlink()
    made.close()


# --- memory


def test_all_of_its_memory_is_taken_at_the_start(descriptor: int) -> None:
    found = os.fstat(descriptor)
    assert found.st_size == HEADER_BYTES + SLOTS * WHOLE_SLOT
    assert found.st_blocks * 512 >= found.st_size


def test_too_little_memory_is_refused_up_front_and_leaves_no_descriptor() -> None:
    """The system's limit for the size of files stands in for a full memory: the call is refused in the same way."""
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            textwrap.dedent(
                """
                import os, resource
                from pathlib import Path
                from voicestream.protocol import audio_pool
                from voicestream.protocol import pool_memory as segment
                from voicestream.protocol import untracked_memory
                resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
                before = len(list(Path("/dev/fd").iterdir()))
                try:
                    audio_pool.create(100)
                except OSError as error:
                    print("refused:", error.strerror, len(list(Path("/dev/fd").iterdir())) - before)
                """
            ),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "refused: File too large 0\n", done.stderr


def test_what_the_system_refuses_to_reserve_is_an_error_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, offset: int, length: int) -> None:
        assert (offset, length) == (0, HEADER_BYTES + SLOTS * WHOLE_SLOT)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(OSError, match="No space left"):
        audio_pool.create(SLOTS)
    assert len(list(Path("/dev/fd").iterdir())) == before
