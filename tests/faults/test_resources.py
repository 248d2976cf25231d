"""What runs out: memory, disks, descriptors, names; and what is deleted under a running supervisor."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, SHARED_MEMORY, line, wait_until
from helpers.voices.planted_voices import DEATH_VARIABLE, plant

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

# Most take a second or two; the machines that run this are shared.
HELLO = line("Hello world.")

TINY_DISK = """
options=$1; at=$2; fill=$3; shift 3
mount -t tmpfs -o "$options" tmpfs "$at" || exit
if [ "$fill" ]; then head -c 1M /dev/zero 2> /dev/null > "$fill"; fi
exec "$@"
"""
"""A disk that one command and its children alone see, and that is gone with them. The filling meets the disk's end."""


def tiny_disk(options: str, at: Path, fill: str = "") -> list[str]:
    """A command that starts another one, for which ``at`` is a disk of its own; skips the test where that cannot be.

    Args:
        options: ``size=…`` and ``nr_inodes=…`` of tmpfs.
        at: a directory that exists.
        fill: name of a file there that takes all the space.
    """
    if shutil.which("unshare") is None or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("only Linux's root can mount a disk for one process")
    return ["unshare", "--mount", "sh", "-c", TINY_DISK, "sh", options, str(at), str(at / fill) if fill else ""]


def limited(limit: str) -> list[str]:
    """A command that starts another one with a limit as ``ulimit`` takes it."""
    return ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh"]


# --- memory


def test_no_memory_for_the_sound_is_said_and_leaves_nothing(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0", under=limited("-f 2048"))  # the segment is a file, of whatever kind
    assert run.finish() == 78
    assert "no room for 12 MiB of sound" in run.stderr
    assert "ulimit" in run.stderr
    assert "Traceback" not in run.stderr
    place.assert_nothing_left()


def test_a_supervisor_that_does_not_start_says_why_also_without_a_place_for_logs(place: Voicestream) -> None:
    place.environment["VOICESTREAM_LOG_DIR"] = "/dev/null/state"
    run = place.run("--keep-alive", "0", under=limited("-f 2048"))
    assert run.finish() == 78
    assert "no room for 12 MiB of sound" in run.stderr
    assert "no log is written to /dev/null/state: Not a directory" in run.stderr
    assert "Its log" not in run.stderr


@pytest.mark.platform
@pytest.mark.parametrize(
    ("options", "fill", "reason"),
    [
        ("size=4k", "full", f"{SHARED_MEMORY} has 4 KiB, 12 MiB are needed"),
        ("size=12m", "full", f"{SHARED_MEMORY} has 11 MiB left, 12 MiB are needed"),
        ("ro", "", f"{SHARED_MEMORY}: Read-only file system"),
    ],
)
def test_a_dev_shm_that_cannot_be_used_is_logged_and_the_words_are_heard(
    place: Voicestream, options: str, fill: str, reason: str
) -> None:
    run = place.run("--keep-alive", "0", under=tiny_disk(options, SHARED_MEMORY, fill))
    run.write(HELLO)
    assert run.finish() == 0, run.stderr
    assert f"pool=anonymous reason='{reason}'" in place.log_text("supervisor")
    place.assert_nothing_left()


@pytest.mark.parametrize("death", ["memory killer", "memory limit"])
def test_a_sentence_that_costs_three_lives_of_tts_is_skipped_visibly_and_the_rest_is_spoken(
    place: Voicestream, death: str
) -> None:
    plant(place)
    place.environment[DEATH_VARIABLE] = death
    run = place.run("--tts", "mortal")
    run.write(line("This one is harmless.") + line("This one is deadly.") + line("And so on.") + line("To the end."))
    assert run.finish() == 1, run.stderr
    assert [event["sentence"] for event in run.of("playback_finished")] == [0, 2, 3]
    (skipped,) = run.of("skipped")
    assert (skipped["sentence"], skipped["stage"]) == (1, "tts")
    assert 'not spoken: "This one is deadly.": ' in run.stderr
    assert "3 of 4 sentences spoken" in run.stderr
    tts = place.worker("tts")
    assert tts["restarts"] == 3
    assert ("SIGKILL" if death == "memory killer" else "exit 1") in tts["last_exit"]


# --- disks


@pytest.mark.platform
@pytest.mark.parametrize(
    ("what", "options", "fill", "is_said"),
    [
        ("no room for a byte", "size=4k", "full", False),
        ("no room for a file", "size=4k,nr_inodes=1", "", True),
        ("no room for the directory", "size=4k,nr_inodes=1", "", True),
    ],
)
def test_a_full_disk_for_the_logs_does_not_stop_the_speaking(
    place: Voicestream, what: str, options: str, fill: str, *, is_said: bool
) -> None:
    place.logs.mkdir(mode=0o700)
    if what == "no room for the directory":
        place.environment["VOICESTREAM_LOG_DIR"] = str(place.logs / "deeper")
    run = place.run("--keep-alive", "0", under=tiny_disk(options, place.logs, fill))
    run.write(HELLO)
    run.wait_for("playback_finished")
    for process in place.processes():
        if "voicestream.workers.tts" in process.cmdline():
            process.kill()  # its end wants to be logged
    run.write(HELLO)
    assert run.finish() == 0, run.stderr
    assert len(run.of("playback_finished")) == 2
    assert ("no log is written" in run.stderr) == is_said, run.stderr
    assert "Traceback" not in run.stderr
    place.assert_nothing_left()


@pytest.mark.platform
def test_a_full_disk_behind_a_frozen_supervisor_does_not_stop_the_agent_and_is_said(
    warm_place: Voicestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = warm_place.home / "frozen"
    disk.mkdir()
    monkeypatch.setitem(warm_place.environment, "TMPDIR", str(disk))
    run = warm_place.run(under=tiny_disk("size=1m", disk))
    run.write(HELLO)
    run.wait_for("playback_finished")
    supervisor = psutil.Process(warm_place.supervisor_pid())
    supervisor.suspend()
    try:
        for _ in range(80):  # 8 MiB are on their way, 64 are kept in memory
            run.write(b'{"":"%s"}\n' % (b"x" * (1 << 20)))
    finally:
        supervisor.resume()
    assert run.finish() == 1, run.stderr
    assert "bytes of input were lost: no space left on the disk" in run.stderr


@pytest.mark.platform
def test_a_full_disk_behind_a_reader_of_tee_that_has_stopped_does_not_stop_the_agent_and_is_counted(
    warm_place: Voicestream,
) -> None:
    disk = warm_place.home / "tee"
    disk.mkdir()
    run = subprocess.Popen(
        [*tiny_disk("size=1m", disk), *COMMAND, "run", "--tee", "--quiet", "--output", "null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**warm_place.environment, "TMPDIR": str(disk)},
        cwd=warm_place.cwd,
    )
    assert run.stdin is not None
    data = b'{"":"%s"}\n' % (b"x" * (1 << 20))
    for _ in range(80):  # 64 MiB are kept in memory
        run.stdin.write(data)
    run.stdin.flush()
    passed_on, said = run.communicate(timeout=remaining())
    assert run.returncode == 1, said
    lost = re.search(rb"--tee: (\d+) bytes were not copied: there was no room", said)
    assert lost is not None, said
    assert len(passed_on) + int(lost[1]) == 80 * len(data)


@pytest.mark.platform
@pytest.mark.parametrize(("inodes", "lacking"), [(1, "directory"), (2, "lock"), (3, "socket")])
def test_a_full_disk_for_the_run_directory_is_said(place: Voicestream, inodes: int, lacking: str) -> None:
    disk = place.home / "small"
    disk.mkdir(mode=0o700)
    place.environment["VOICESTREAM_RUNTIME_DIR"] = str(disk / "run")
    run = place.run(under=tiny_disk(f"size=64k,nr_inodes={inodes}", disk))
    assert run.finish() == 78, run.stderr
    assert "No space left on device" in run.stderr
    assert str(disk / "run") in run.stderr
    assert "Traceback" not in run.stderr
    wait_until(lambda: not place.processes(), "no process is left")


# --- descriptors


@pytest.mark.platform
def test_a_worker_for_which_there_are_no_descriptors_is_started_as_soon_as_there_are(place: Voicestream) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux can take descriptors from a running process")
    run = place.run("--keep-alive", "0")
    run.write(HELLO)
    run.wait_for("playback_finished")
    pid = place.supervisor_pid()
    killed = place.pid_of("tts")
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # Half of what it has: a program may not wait for more descriptors than it may have.
    fewer = len(list(Path(f"/proc/{pid}/fd").iterdir())) // 2
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (fewer, hard))
    os.kill(killed, signal.SIGKILL)
    run.write(HELLO)
    again = "the voice engine could not be started (Too many open files); it is tried again"
    wait_until(lambda: again in run.stderr, "it was said", seen=lambda: run.stderr)
    refusals = "ended='could not be started: Too many open files'"
    wait_until(lambda: place.log_text("supervisor").count(refusals) >= 3, "it was tried three times")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    run.wait_for("playback_finished", 2)
    assert run.finish() == 0, run.stderr
    assert run.stderr.count(again) == 1
    place.assert_nothing_left()


@pytest.mark.parametrize("descriptors", [10, 12, 16])
def test_a_run_with_too_few_descriptors_ends_with_words(place: Voicestream, descriptors: int) -> None:
    run = place.run("--keep-alive", "0", under=limited(f"-n {descriptors}"))
    assert run.finish() == 78
    assert "Too many open files" in run.stderr
    assert "Traceback" not in run.stderr
    assert place.processes() == []


def test_a_run_with_few_descriptors_speaks(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0", under=limited("-n 64"))
    run.write(HELLO)
    assert run.finish() == 0, run.stderr
    place.assert_nothing_left()


# --- the run directory


@pytest.mark.parametrize("target", ["directory", "hub", "lock"])
def test_a_supervisor_whose_run_directory_is_deleted_ends_by_itself(place: Voicestream, target: str) -> None:
    assert place.call("up").returncode == 0
    place.pid_of("tts")
    if target == "directory":
        shutil.rmtree(place.runtime)
    else:
        (place.runtime / target).unlink()
    place.assert_nothing_left()
    assert "was deleted" in place.log_text("supervisor")


def test_open_sessions_go_on_without_their_run_directory_and_a_new_run_gets_a_new_supervisor(
    place: Voicestream,
) -> None:
    run = place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    shutil.rmtree(place.runtime)
    wait_until(lambda: "was deleted" in place.log_text("supervisor"), "the supervisor has noticed")
    run.write(HELLO)
    run.wait_for("playback_finished", 2)
    new = place.run("--keep-alive", "0")
    new.write(HELLO)
    new.wait_for("playback_finished")
    assert new.of("session_opened")[0]["supervisor_pid"] != run.of("session_opened")[0]["supervisor_pid"]
    run.write(HELLO)
    assert run.finish() == 0, run.stderr
    assert len(run.of("playback_finished")) == 3
    new.write(HELLO)
    assert new.finish() == 0, new.stderr
    place.assert_nothing_left()


def test_without_its_run_directory_a_session_that_loses_a_worker_ends_visibly(place: Voicestream) -> None:
    run = place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    tts = place.pid_of("tts")
    shutil.rmtree(place.runtime)
    wait_until(lambda: "was deleted" in place.log_text("supervisor"), "the supervisor has noticed")
    os.kill(tts, signal.SIGKILL)
    run.wait_for("session_closed")
    run.write(HELLO)  # the agent is still read
    assert run.finish() == 1
    assert "run directory was deleted" in run.stderr
    place.assert_nothing_left()


def _padded(parent: Path, size: int, letter: str) -> Path:
    """A path of this many bytes, in which each directory's name is a short one."""
    path = parent
    while (left := size - len(os.fsencode(path)) - 1) > 0:
        name = letter * min(left // len(letter.encode()), 20)
        rest = left - len(name.encode())
        # No directory without a name: what would be left for the next must be at least a slash and a letter.
        path /= name + "x" * rest if rest < 2 + len(letter.encode()) else name
    assert len(os.fsencode(path)) == size
    return path


def test_a_run_directory_at_the_length_limit_of_socket_paths_works_and_a_longer_one_is_named(
    place: Voicestream,
) -> None:
    longest = (103 if sys.platform == "darwin" else 107) - len("/hook")
    place.runtime = _padded(place.home, longest, "ü")  # two bytes: a limit of characters would be another
    place.runtime.parent.mkdir(parents=True)
    place.environment["VOICESTREAM_RUNTIME_DIR"] = str(place.runtime)
    done = place.call("run", "--output", "null", "--keep-alive", "0", stdin=HELLO)
    assert done.returncode == 0, done.stderr
    place.assert_nothing_left()

    too_long = place.runtime.with_name(place.runtime.name + "x")
    place.environment["VOICESTREAM_RUNTIME_DIR"] = str(too_long)
    for arguments in (["run", "--output", "null"], ["up"]):
        done = place.call(*arguments, stdin=HELLO)
        assert done.returncode == 78
        assert str(too_long) in done.stderr
        assert f"at most {longest} bytes" in done.stderr
        assert "VOICESTREAM_RUNTIME_DIR" in done.stderr
