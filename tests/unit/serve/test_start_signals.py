"""Signals while a library starts that replaces their handlers."""

from __future__ import annotations

import signal
import subprocess
import sys

from helpers.fixtures.deadline import remaining

PROGRAM = """
import os, signal, subprocess, sys
from voicestream.serve import start_signals

received = []
signal.signal(signal.SIGTERM, lambda *_: received.append("SIGTERM"))
with start_signals.kept():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    child = "import signal; print(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    subprocess.run([sys.executable, "-c", child], preexec_fn=lambda: None, check=True)
    print(received)
print(received)
"""


def test_sigterm_waits_for_its_handler_and_processes_started_meanwhile_receive_it() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, timeout=remaining(), check=False
    )
    assert done.returncode != -signal.SIGTERM
    assert done.stdout.split() == ["False", "[]", "['SIGTERM']"], done.stderr
