"""Named shared memory: private, reserved, and known to no resource tracker, on every Python that runs it."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import SHARED_MEMORY
from voicestream.protocol import untracked_memory
from voicestream.protocol.untracked_memory import UnsafeSegmentError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 8192

PYTHONS = [sys.executable, *filter(None, map(shutil.which, ("python3.12", "python3.13", "python3.14")))]
"""What this machine has; the first one is always there."""

PROGRAM = """
import importlib.util, subprocess, sys
spec = importlib.util.spec_from_file_location("untracked_memory", sys.argv[1])
memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(memory)
if len(sys.argv) > 2:
    found = memory.attach(sys.argv[2])
    print(found.view[0], found.size)
    sys.exit()
name = memory.new_name()
made = memory.create(name, 8192)
made.view[0] = 9
print(subprocess.run([sys.executable, "-P", "-c", sys.orig_argv[3], sys.argv[1], name], text=True, capture_output=True))
print("its name", memory.refers_to(name, made.descriptor))
made.unlink()
print("its name", memory.refers_to(name, made.descriptor))
from multiprocessing import resource_tracker
print("tracker", resource_tracker._resource_tracker._pid)
"""


@pytest.fixture
def name() -> Iterator[str]:
    """The name of a segment that is there during the test."""
    made = untracked_memory.create(untracked_memory.new_name(), SIZE)
    yield made.name
    made.close()
    with contextlib.suppress(FileNotFoundError):
        made.unlink()


@pytest.mark.parametrize("python", PYTHONS)
def test_a_process_that_attached_and_ended_removes_nothing_and_no_tracker_is_started(python: str) -> None:
    if subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode != 0:
        return  # the name of a version that is not chosen here (pyenv)
    done = subprocess.run(
        [python, "-P", "-c", PROGRAM, untracked_memory.__file__],
        capture_output=True,
        text=True,
        check=False,
        timeout=remaining(),
    )
    lines = done.stdout.splitlines()
    assert "returncode=0, stdout='9 8192\\n', stderr=''" in lines[0], done
    assert lines[1:] == ["its name True", "its name False", "tracker None"], done
    assert done.stderr == ""


def test_the_tracker_and_its_package_are_not_imported() -> None:
    program = "import sys; import voicestream.protocol.untracked_memory; print('multiprocessing' in sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done.stderr


def test_other_shared_memory_of_the_process_is_tracked_as_ever() -> None:
    program = """
    import voicestream.protocol.untracked_memory
    from multiprocessing import resource_tracker, shared_memory
    made = shared_memory.SharedMemory(create=True, size=1)
    made.unlink()
    print(resource_tracker._resource_tracker._pid is not None)
    """
    program = "\n".join(part.strip() for part in program.splitlines())
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
def test_it_is_for_this_user_alone_under_any_umask_and_its_memory_is_there() -> None:
    before = os.umask(0)
    try:
        made = untracked_memory.create(untracked_memory.new_name(), SIZE)
    finally:
        os.umask(before)
    found = (SHARED_MEMORY / made.name).stat()
    assert (found.st_mode & 0o777, found.st_uid, found.st_size) == (0o600, os.geteuid(), SIZE)
    assert found.st_blocks * 512 >= SIZE
    made.unlink()
    made.close()


def test_no_two_names_are_alike_and_all_are_short_enough() -> None:
    names = {untracked_memory.new_name() for _ in range(100)}
    assert len(names) == 100
    assert all(untracked_memory.is_ours(name) for name in names)
    # macOS allows 31 bytes with the slash in front.
    assert sys.platform != "darwin" or max(map(len, names)) <= 30


@pytest.mark.parametrize(
    "name",
    ["", "psm_12345678", "../etc/passwd", "voicestream-0-0", f"voicestream-{os.geteuid() + 1}-0123456789abcdef", "a/b"],
)
def test_names_that_are_not_of_our_making_are_never_removed(name: str) -> None:
    assert not untracked_memory.remove(name)


def test_what_was_removed_is_gone_and_removing_it_again_is_no_error(name: str) -> None:
    assert untracked_memory.remove(name)
    assert not untracked_memory.remove(name)
    with pytest.raises(FileNotFoundError):
        untracked_memory.attach(name)


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_one_that_others_may_open_is_refused_and_left(name: str, mode: int) -> None:
    (SHARED_MEMORY / name).chmod(mode)
    with pytest.raises(UnsafeSegmentError, match=f"open to other users \\(mode 0{mode:o}\\)"):
        untracked_memory.attach(name)
    assert not untracked_memory.remove(name)
    assert (SHARED_MEMORY / name).exists()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
def test_one_of_another_user_is_refused_and_left(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.geteuid()
    # Only root could give a file away.
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(UnsafeSegmentError, match=f"belongs to user {owner}, not to us"):
        untracked_memory.attach(name)
    assert (SHARED_MEMORY / name).exists()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")
def test_an_empty_one_is_refused(name: str) -> None:
    os.truncate(SHARED_MEMORY / name, 0)
    with pytest.raises(UnsafeSegmentError, match="is empty"):
        untracked_memory.attach(name)


def test_too_little_room_leaves_neither_a_name_nor_a_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _offset: int, _length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    gc.collect()  # what other tests of this process have left would be closed meanwhile
    before = len(list(Path("/dev/fd").iterdir()))
    name = untracked_memory.new_name()
    if not hasattr(os, "posix_fallocate"):
        return
    with pytest.raises(OSError, match="No space left"):
        untracked_memory.create(name, SIZE)
    assert len(list(Path("/dev/fd").iterdir())) == before
    with pytest.raises(FileNotFoundError):
        untracked_memory.attach(name)


def test_a_name_stands_for_its_own_segment_only(name: str) -> None:
    other = untracked_memory.create(untracked_memory.new_name(), SIZE)
    assert untracked_memory.refers_to(other.name, other.descriptor)
    assert not untracked_memory.refers_to(name, other.descriptor)
    other.unlink()
    assert not untracked_memory.refers_to(other.name, other.descriptor)
    other.close()


KILLED = """
import os, signal
from voicestream.protocol import untracked_memory
made = untracked_memory.create(untracked_memory.new_name(), 8192)
print(made.name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists shared memory")
def test_what_a_killed_process_left_is_swept_and_what_is_held_is_not(name: str) -> None:
    """Whatever became of the run directory in which its name was recorded."""
    done = subprocess.run([sys.executable, "-P", "-c", KILLED], capture_output=True, text=True, check=False)
    left = done.stdout.strip()
    untracked_memory.sweep()  # or that of another supervisor that starts just now
    assert not (SHARED_MEMORY / left).exists(), done
    assert (SHARED_MEMORY / name).exists()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists shared memory")
def test_files_of_others_in_shared_memory_are_never_swept() -> None:
    foreign = SHARED_MEMORY / f"psm_{os.getpid()}"
    foreign.write_bytes(b"not ours")
    foreign.chmod(0o600)
    try:
        untracked_memory.sweep()
        assert foreign.exists()
    finally:
        foreign.unlink()
