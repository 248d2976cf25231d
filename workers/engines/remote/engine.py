"""Base of the engines ``remote``: hosts, their connections, and whether one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicestream.protocol.messages import RemoteHosts
    from voicestream.workers.engines.remote.client import HostClient


class RemoteEngine:
    """Engine whose model is on another machine."""

    name = "remote"

    def __init__(self, client: HostClient, hosts: RemoteHosts) -> None:
        """Take the hosts that ``load`` found."""
        self._client = client
        self._hosts = hosts

    @property
    def device(self) -> str:
        """Address of the host that was asked last."""
        return self._client.host

    def is_available(self) -> bool:
        """Return False while no host answers; may take the time of a probe, 0.25 s."""
        return self._client.is_available()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
