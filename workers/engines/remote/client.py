"""Client of an engine's hosts: one job after another, with timeouts, and the next host after a failure."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineUnavailableError
from voicestream.workers.engines.remote.exchange import Broken, Exchange, Head, Request
from voicestream.workers.engines.remote.failure import HostError
from voicestream.workers.engines.remote.hosts import PATIENCE_SECONDS, Hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from voicestream.workers.engines.remote.exchange import Connections, Data, End

    Attempt = Callable[[str], Generator[bytes]]
    """Tries a job with a host: yields bytes, empty ones while it waits, or raises ``HostError``."""

_log = logging.getLogger(__name__)

WAIT_SECONDS: Final = 0.05
"""Longest wait without a chance to cancel."""

GAP_SECONDS: Final = 1.0
"""Timeout between two pieces of a body."""

PROBE_SECONDS: Final = 0.25
"""Time during an outage for which a job waits for the result of a probe."""

_PROBE: Final = Request("/health", max_bytes=64 << 10)


class HostClient:
    """Hosts, connections and the present outage of one engine."""

    def __init__(self, urls: Sequence[str], connections: Connections) -> None:
        self._hosts = Hosts(urls)
        self._connections = connections
        self._probe: tuple[str, Exchange] | None = None
        self._probe_deadline = 0.0
        self._reasons: dict[str, str] = {}
        """Last failure of each host."""
        self.host = urls[0]
        """Host that was asked last."""

    def is_available(self) -> bool:
        """Return whether a host may work; starts a probe when one is due, and waits for it briefly in an outage."""
        self._start_probe()
        self._end_probe(0.0 if self._hosts.is_available else PROBE_SECONDS)
        return self._hosts.is_available

    def do(self, attempt: Attempt) -> Generator[bytes]:
        """Do a job with the hosts in turn; yield what its attempts yield, and empty bytes while there is no host.

        Raises:
            EngineUnavailableError: no host could do it in time.
        """
        excluded: set[str] = set()
        is_outage = not self._hosts.is_available
        progress_at = time.monotonic()
        while True:
            now = time.monotonic()
            host, is_up, at = self._hosts.choose(now, excluded)
            if at >= progress_at + (PATIENCE_SECONDS if is_up else self._hosts.patience_seconds):
                break
            if host is None:
                yield b""
                time.sleep(min(max(at - now, 0.0), WAIT_SECONDS))
                continue
            self.host = host
            try:
                with contextlib.closing(attempt(host)) as received:
                    for data in received:
                        progress_at = time.monotonic() if data else progress_at
                        yield data
            except HostError as failure:
                self._note(host, failure, excluded)
                is_outage = is_outage or not failure.is_refusal
            else:
                self._hosts.succeeded(host)
                self._reasons.pop(host, None)
                return
        if is_outage:
            self._hosts.gave_up()
        reasons = "; ".join(f"{host}: {reason}" for host, reason in self._reasons.items())
        what = "no host answers" if is_outage else "no host can do it"
        message = f"{what} ({reasons})" if reasons else what
        raise EngineUnavailableError(message, hint="voicestream doctor", is_outage=is_outage)

    def events(self, host: str, request: Request, first_seconds: float) -> Generator[Head | Data | End | None]:
        """Send a request and yield its response, with None every ``WAIT_SECONDS`` while there is nothing.

        Closing the generator closes the connection.

        Args:
            host: to be asked.
            request: to be sent.
            first_seconds: timeout of the first byte of the body.

        Raises:
            HostError: a timeout, or an irregular end.
        """
        exchange = Exchange(self._connections, host, request)
        try:
            deadline = time.monotonic() + first_seconds
            has_begun = False
            while True:
                event = exchange.next(min(WAIT_SECONDS, deadline - time.monotonic()))
                if isinstance(event, Broken):
                    raise HostError(event.reason)
                if event is None and time.monotonic() >= deadline:
                    missing = f"no byte for {GAP_SECONDS:g} s" if has_begun else f"no byte within {first_seconds:g} s"
                    raise HostError(missing)
                yield event
                if event is not None and not isinstance(event, Head):
                    has_begun = True
                if has_begun and event is not None:
                    deadline = time.monotonic() + GAP_SECONDS
        finally:
            exchange.close()

    def close(self) -> None:
        """Close all connections."""
        if self._probe is not None:
            self._probe[1].close()
        self._connections.close()

    def _note(self, host: str, failure: HostError, excluded: set[str]) -> None:
        _log.warning("host=%s failed: %s", host, failure)
        self._reasons[host] = str(failure)
        if failure.is_refusal:
            excluded.add(host)
        else:
            self._hosts.failed(host, time.monotonic(), failure.pause_seconds)

    def _start_probe(self) -> None:
        if self._probe is None and (host := self._hosts.take_probe(time.monotonic())) is not None:
            self._probe = host, Exchange(self._connections, host, _PROBE)
            self._probe_deadline = time.monotonic() + GAP_SECONDS

    def _end_probe(self, wait_seconds: float) -> None:
        if self._probe is None:
            return
        host, exchange = self._probe
        event = exchange.next(wait_seconds)
        now = time.monotonic()
        if event is None and now < self._probe_deadline:
            return
        exchange.close()
        self._probe = None
        self._hosts.probed(host, now, is_alive=isinstance(event, Head) and event.status < 500)  # noqa: PLR2004 - HTTP
