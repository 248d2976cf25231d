"""A worker and its supervisor notice each other's death at once: real processes, killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from typing import IO

import pytest

from helpers.fixtures.deadline import remaining
from voicestream.protocol import lifeline

GRANDCHILD = """
import os, signal, sys
from voicestream.protocol import lifeline
lifeline.die_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
signal.pause()
"""
"""A worker that can only be ended by the kernel: it watches no lifeline."""

PARENT = """
import os, signal, subprocess, sys
program = sys.argv[1]
subprocess.Popen([sys.executable, "-P", "-c", program, str(os.getpid())], stdin=subprocess.DEVNULL)
signal.pause()
"""

WATCHER = """
import select, socket, sys
from voicestream.protocol import lifeline
end = socket.socket(fileno=int(sys.argv[1]))
end.setblocking(False)
print("watching", lifeline.is_cut(end), flush=True)
select.select([end], [], [])
print("cut" if lifeline.is_cut(end) else "not cut", flush=True)
"""


def start(program: str, *arguments: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    )


def out_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def test_while_both_live_it_is_not_cut() -> None:
    ours, theirs = lifeline.make()
    assert not lifeline.is_cut(ours)
    assert not lifeline.is_cut(ours)
    theirs.close()
    assert lifeline.is_cut(ours)
    assert lifeline.is_cut(ours), "and it stays cut"
    ours.close()


def test_a_word_on_it_is_not_an_end() -> None:
    ours, theirs = lifeline.make()
    theirs.send(b"x")
    assert not lifeline.is_cut(ours)
    assert not lifeline.is_cut(ours)
    ours.close()
    theirs.close()


def test_an_end_that_was_reset_is_cut() -> None:
    ours, theirs = lifeline.make()
    ours.send(b"never read")
    theirs.close()
    assert lifeline.is_cut(ours)
    ours.close()


def test_neither_end_is_inherited_by_accident() -> None:
    ours, theirs = lifeline.make()
    assert not os.get_inheritable(ours.fileno())
    assert not os.get_inheritable(theirs.fileno())
    ours.close()
    theirs.close()


def test_a_child_that_is_killed_cuts_it() -> None:
    ours, theirs = lifeline.make()
    child = start("import signal; print(flush=True); signal.pause()", pass_fds=(theirs.fileno(),))
    theirs.close()
    out_of(child).readline()
    assert not lifeline.is_cut(ours)
    child.kill()
    assert select.select([ours], [], [], 30)[0], "nothing was noticed"
    assert lifeline.is_cut(ours)
    child.communicate()
    ours.close()


def test_a_stopped_child_does_not_cut_it() -> None:
    ours, theirs = lifeline.make()
    child = start("import signal; print(flush=True); signal.pause()", pass_fds=(theirs.fileno(),))
    theirs.close()
    out_of(child).readline()
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    assert not lifeline.is_cut(ours)
    child.kill()
    child.communicate()
    ours.close()


def test_a_parent_that_ends_cuts_it_for_the_child() -> None:
    ours, theirs = lifeline.make()
    child = start(WATCHER, str(theirs.fileno()), pass_fds=(theirs.fileno(),))
    theirs.close()
    assert out_of(child).readline() == "watching False\n"
    ours.close()
    assert out_of(child).readline() == "cut\n"
    child.communicate()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child with its parent")
def test_a_worker_dies_with_its_killed_parent_though_it_watches_nothing() -> None:
    parent = start(PARENT, textwrap.dedent(GRANDCHILD))
    # The pipe is open as long as one of the two lives: its end says that both are gone.
    grandchild = int(out_of(parent).readline())
    os.kill(grandchild, 0)
    parent.kill()
    assert out_of(parent).read() == ""
    parent.communicate()


def test_a_worker_whose_parent_ended_before_it_could_ask_ends_itself() -> None:
    """The parent's number does not fit any more: nobody would ever send the signal."""
    worker = start(GRANDCHILD, "1" if os.getpid() != 1 else "2")
    output, _ = worker.communicate(timeout=remaining())
    assert output == ""
    assert worker.returncode == 0


def test_a_worker_whose_parent_lives_goes_on() -> None:
    worker = start(GRANDCHILD, str(os.getpid()))
    assert int(out_of(worker).readline()) == worker.pid
    worker.kill()
    worker.communicate()
