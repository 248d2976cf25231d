"""Selection of hosts: order, back-off after failures, outage and probes. Sans-I/O.

The first host of the list that works gets all requests. A host that failed is probed, less and less often, and used
before a probe has succeeded only if all others have failed, too. All times are seconds of one monotonic clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PATIENCE_SECONDS: Final = 10.0
"""Time without progress after which a job is given up, and the outage begins."""

FIRST_BACKOFF_SECONDS: Final = 0.25
MAX_BACKOFF_SECONDS: Final = 1.0
"""Longest pause between two requests of a job to a failing host."""

FIRST_PROBE_SECONDS: Final = 0.5
MAX_PROBE_SECONDS: Final = 10.0
"""Longest pause between two probes of a host."""

MAX_PAUSE_SECONDS: Final = 30.0
"""Longest pause that a host can ask for."""


class Choice(NamedTuple):
    """Next step of a job: the host to ask, or the time to wait for."""

    host: str | None
    is_up: bool = False
    """The host has not failed since its last success or probe."""
    at: float = 0.0
    """Time at which a host may be asked; infinite: none will be."""


@dataclass
class _Host:
    url: str
    failures: int = 0
    """Failures since the last success."""
    probes: int = 0
    """Probes since the last success."""
    is_down: bool = False
    """True since a failure, until a probe or a request succeeds."""
    not_before: float = -math.inf
    """Time of the next request, if no other host works."""
    probe_at: float = math.inf


class Hosts:
    """The hosts of one engine, in order of preference."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._hosts = [_Host(url) for url in urls]
        self.is_available = True
        """False during an outage: from the moment a job was given up until a host works again."""
        self._is_on_trial = False
        """True from the beginning of an outage until a job is done: a probe alone proves little."""

    @property
    def patience_seconds(self) -> float:
        """Return the time for which a job may retry hosts that have failed."""
        return 0.0 if self._is_on_trial else PATIENCE_SECONDS

    def choose(self, now: float, excluded: Collection[str] = ()) -> Choice:
        """Return the next step of a job.

        Args:
            now: the time.
            excluded: hosts that cannot do this job.
        """
        hosts = [host for host in self._hosts if host.url not in excluded]
        ready = [host for host in hosts if not host.is_down or host.not_before <= now]
        if ready:
            best = min(ready, key=lambda host: (host.is_down, host.failures if host.is_down else 0))
            return Choice(best.url, is_up=not best.is_down, at=now)
        return Choice(None, at=min((host.not_before for host in hosts), default=math.inf))

    def succeeded(self, url: str) -> None:
        """Record a finished job."""
        host = self._of(url)
        host.failures = host.probes = 0
        self._is_on_trial = False
        self._is_up(host)

    def failed(self, url: str, now: float, pause: float = 0.0) -> None:
        """Record a failed request, with the pause that the host asked for."""
        host = self._of(url)
        host.failures += 1
        host.is_down = True
        pause = min(max(pause, 0.0), MAX_PAUSE_SECONDS)
        host.not_before = now + max(_grown(FIRST_BACKOFF_SECONDS, host.failures, MAX_BACKOFF_SECONDS), pause)
        host.probe_at = now + max(_grown(FIRST_PROBE_SECONDS, host.probes + 1, MAX_PROBE_SECONDS), pause)

    def gave_up(self) -> None:
        """Record a job that no host could do in time."""
        self.is_available = False
        self._is_on_trial = True

    def take_probe(self, now: float) -> str | None:
        """Return a host to be probed now; None if no probe is due."""
        due = [host for host in self._hosts if host.is_down and host.probe_at <= now]
        if not due:
            return None
        host = min(due, key=lambda one: one.probe_at)
        host.probes += 1
        host.probe_at = math.inf  # until the result is known
        return host.url

    def probed(self, url: str, now: float, *, is_alive: bool) -> None:
        """Record the result of a probe. A host that is alive and fails again is probed less often each time."""
        host = self._of(url)
        if is_alive:
            self._is_up(host)
        elif host.is_down:
            host.probe_at = now + _grown(FIRST_PROBE_SECONDS, host.probes + 1, MAX_PROBE_SECONDS)

    def _of(self, url: str) -> _Host:
        return next(host for host in self._hosts if host.url == url)

    def _is_up(self, host: _Host) -> None:
        host.is_down = False
        host.not_before = -math.inf
        host.probe_at = math.inf
        self.is_available = True


def _grown(first: float, number: int, most: float) -> float:
    """Return the pause after a number of failures or probes, from 1; it doubles each time."""
    return min(first * 2.0 ** min(number - 1, 16), most)
