"""Nobody else on the machine can listen, speak or read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

NOBODY = 65534

AS_ANOTHER_USER = """
import os, socket, sys
path = sys.argv[1]
for name, attempt in {
    "list": lambda: os.listdir(path),
    "connect": lambda: socket.socket(socket.AF_UNIX).connect(path + "/hub"),
    "create": lambda: open(path + "/mine", "w"),
}.items():
    try:
        attempt()
    except PermissionError:
        print(name, "refused")
    else:
        print(name, "worked")
"""


@pytest.mark.platform
def test_another_user_can_neither_list_nor_connect_nor_write(place: Voicestream) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can try this as another user")
    assert place.call("up").returncode == 0
    place.pid_of("parser")
    place.home.chmod(0o755)
    # An interpreter that this user may run: the one in the virtual environment may lie below a private home.
    interpreter = next(path for path in ("/usr/bin/python3", sys.executable) if Path(path).exists())
    for folder in (place.runtime, place.logs):
        done = subprocess.run(
            [interpreter, "-I", "-c", AS_ANOTHER_USER, str(folder)],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split("\n")[:3] == ["list refused", "connect refused", "create refused"]


@pytest.mark.platform
def test_a_run_directory_of_somebody_else_is_refused_with_what_to_do(place: Voicestream) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a directory away")
    place.runtime.mkdir(mode=0o700)
    os.chown(place.runtime, NOBODY, NOBODY)
    done = place.call("run", "--output", "null", stdin=line("Hello."))
    assert done.returncode == 78
    assert "belongs to user 65534" in done.stderr
    assert "VOICESTREAM_RUNTIME_DIR" in done.stderr


def test_a_run_directory_that_is_open_to_others_is_refused_with_what_to_type(place: Voicestream) -> None:
    place.runtime.mkdir()
    place.runtime.chmod(0o755)
    done = place.call("run", "--output", "null", stdin=line("Hello."))
    assert done.returncode == 78
    assert f"chmod 700 {place.runtime}" in done.stderr


def test_a_run_directory_that_is_a_symlink_is_refused(place: Voicestream) -> None:
    (place.home / "elsewhere").mkdir(mode=0o700)
    place.runtime.symlink_to(place.home / "elsewhere")
    done = place.call("run", "--output", "null", stdin=line("Hello."))
    assert done.returncode == 78
    assert "symlink" in done.stderr


def test_logs_and_events_are_for_the_user_alone_and_logs_do_not_tell_what_was_said(place: Voicestream) -> None:
    words = "Seventeen purple elephants"
    done = place.call("run", "--output", "out.wav", "--events", "events", "--keep-alive", "0", stdin=line(f"{words}."))
    assert done.returncode == 0
    for path in (place.cwd / "out.wav", place.cwd / "events", *place.logs.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(place.logs.stat().st_mode) == 0o700
    for path in place.logs.iterdir():
        assert "elephants" not in path.read_text()
