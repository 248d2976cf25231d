"""Noticing the end of a client, which is nobody's child here."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from voicestream.protocol.process_watch import ProcessWatch

if TYPE_CHECKING:
    from collections.abc import Iterator

linux_only = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no pidfd")


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits."""
    made = subprocess.Popen([sys.executable, "-P", "-c", "import signal; signal.pause()"])
    yield made
    made.kill()
    made.wait()


@pytest.fixture(params=["descriptor", "asking"])
def watch(
    request: pytest.FixtureRequest, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ProcessWatch]:
    """A watch on it, with what Linux has and with what every system has."""
    if request.param == "asking":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    elif not hasattr(os, "pidfd_open"):
        request.applymarker(pytest.mark.platform)
        pytest.skip("this system has no pidfd")
    made = ProcessWatch(process.pid)
    assert (made.descriptor is None) == (request.param == "asking")
    yield made
    made.close()


def test_a_living_process_has_not_ended(watch: ProcessWatch) -> None:
    assert not watch.has_ended()


def test_a_process_that_was_killed_and_reaped_has_ended(watch: ProcessWatch, process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert watch.has_ended()
    assert watch.has_ended()


@pytest.mark.platform
@linux_only
def test_the_end_can_be_polled_and_a_process_nobody_has_reaped_has_ended(process: subprocess.Popen[bytes]) -> None:
    """Otherwise the supervisor would be woken for ever by something that it takes for alive."""
    watch = ProcessWatch(process.pid)
    assert watch.descriptor is not None
    assert select.select([watch.descriptor], [], [], 0)[0] == []
    process.kill()
    assert select.select([watch.descriptor], [], [], 30)[0] == [watch.descriptor]
    assert watch.has_ended()
    watch.close()


def test_one_that_ended_before_the_watch_began_has_ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    watch = ProcessWatch(process.pid)
    assert watch.has_ended()
    watch.close()


@pytest.mark.parametrize("pid", [0, -1, 2**40, -(2**70)])
def test_a_number_that_no_process_can_have_is_one_that_has_ended(pid: int) -> None:
    """It comes from a client's message: whatever it says, the supervisor goes on."""
    watch = ProcessWatch(pid)
    assert watch.has_ended()
    watch.close()


def test_a_process_of_somebody_else_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.delattr(os, "pidfd_open", raising=False)
    monkeypatch.setattr(os, "kill", refuse)
    assert not ProcessWatch(1).has_ended()


@pytest.mark.platform
@linux_only
def test_closing_gives_the_descriptor_back(process: subprocess.Popen[bytes]) -> None:
    watch = ProcessWatch(process.pid)
    descriptor = watch.descriptor
    assert descriptor is not None
    watch.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.platform
@linux_only
def test_a_descriptor_with_a_high_number_is_watched_as_well(process: subprocess.Popen[bytes]) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows no such number")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    watch = ProcessWatch(process.pid)
    low = watch.descriptor
    assert low is not None
    os.dup2(low, 2000)
    vars(watch)["descriptor"] = 2000
    os.close(low)
    try:
        assert not watch.has_ended()
    finally:
        watch.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
