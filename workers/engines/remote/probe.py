"""Probe of hosts for ``doctor``: whether each answers and accepts the token. No sentence is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.engines.remote import settings
from voicestream.workers.engines.remote.exchange import Broken, Exchange, Head, Request

if TYPE_CHECKING:
    from voicestream.protocol.messages import RemoteHosts
    from voicestream.workers.engines.remote.exchange import Connections

TIMEOUT_SECONDS: Final = 2.0

_FORBIDDEN: Final = (401, 403)
_FAILED: Final = 500


def problems(hosts: RemoteHosts) -> dict[str, str]:
    """Return the problem of each host; an empty text: it works.

    Raises:
        EngineNotReadyError: the token or the certificates cannot be read.
    """
    connections = settings.connections(hosts)
    found = {url: _problem(connections, url) for url in hosts.hosts}
    connections.close()
    return found


def _problem(connections: Connections, url: str) -> str:
    for path in ("/health", "/v1/models"):
        exchange = Exchange(connections, url, Request(path))
        event = exchange.next(TIMEOUT_SECONDS)
        exchange.close()
        match event:
            case Head(status=status) if status in _FORBIDDEN and path != "/health":
                return f"it refuses the token (HTTP {status})"
            case Head(status=status) if status >= _FAILED:
                return f"HTTP {status}"
            case Broken(reason=reason):
                return reason
            case None:
                return f"it does not answer within {TIMEOUT_SECONDS:g} s"
            case _:
                pass
    return ""
