"""`voicestream service` with a service manager that records what it is asked, and the supervisor in the foreground."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

MANAGER = """#!/bin/sh
echo "$@" >> {record}
exit {code}
"""


def manager(place: Voicestream, code: int = 0) -> Path:
    """A systemctl before the real one; the file that has its calls."""
    folder, record = place.home / "bin", place.home / "calls"
    folder.mkdir(exist_ok=True)
    program = folder / "systemctl"
    program.write_text(MANAGER.format(record=record, code=code))
    program.chmod(0o755)
    place.environment["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    place.environment["XDG_CONFIG_HOME"] = str(place.home / "config")
    return record


@pytest.mark.platform
@pytest.mark.skipif(sys.platform == "darwin", reason="systemd is on Linux only")
def test_install_status_and_uninstall_of_a_unit(place: Voicestream) -> None:
    record = manager(place)
    unit = place.home / "config" / "systemd" / "user" / "voicestream.service"
    done = place.call("service", "install", "--dry-run")
    assert "ExecStart=" in done.stdout
    assert not unit.exists()
    assert not record.exists()
    for word in ("wrote", "is there already"):
        done = place.call("service", "install")
        assert (done.returncode, word in done.stderr) == (0, True), done.stderr
        assert f'Environment="VOICESTREAM_RUNTIME_DIR={place.runtime}"' in unit.read_text()
    assert record.read_text().splitlines()[-2:] == ["--user daemon-reload", "--user enable --now voicestream.service"]
    assert "installed, running" in place.call("service", "status").stdout
    assert place.call("service", "uninstall").returncode == 0
    assert not unit.exists()
    unit.write_text("[Unit]\n")
    done = place.call("service", "install")
    assert (done.returncode, unit.read_text()) == (78, "[Unit]\n")
    assert "was not written by voicestream" in done.stderr
    unit.unlink()
    manager(place, code=1)
    done = place.call("service", "install")
    assert done.returncode == 1
    assert "type: systemctl --user daemon-reload && systemctl --user enable" in done.stderr


def test_a_supervisor_in_the_foreground_is_the_process_itself_and_ends_by_sigterm(place: Voicestream) -> None:
    process = subprocess.Popen([*COMMAND, "up", "--foreground"], env=place.environment, cwd=place.cwd)
    try:
        wait_until((place.runtime / "hub").exists, "its socket is there")
        assert place.supervisor_pid() == process.pid
        done = place.call("up", "--foreground")
        assert (done.returncode, "running already" in done.stderr) == (78, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(remaining()) == 0
    finally:
        process.kill()
        process.wait()
    place.assert_nothing_left()
