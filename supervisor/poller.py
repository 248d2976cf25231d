"""Poller of the supervisor: the hub, signals, output and lifelines of workers, processes of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zmq

from voicestream.protocol.transport import poll_milliseconds

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from voicestream.protocol.process_watch import ProcessWatch
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.sessions.session_table import Session


class Poller:
    """A poller, of which the hub's socket and the signals are always part."""

    def __init__(self, hub: zmq.Socket[bytes], signals: socket.socket) -> None:
        self._poller = zmq.Poller()
        self._poller.register(hub, zmq.POLLIN)
        self._poller.register(signals, zmq.POLLIN)
        self._watched: set[int] = set()
        """Further descriptors."""

    def wait(self, seconds: float) -> dict[object, int]:
        """Until something is ready, but no longer; what is."""
        return dict(self._poller.poll(poll_milliseconds(seconds)))

    def watch(self, wanted: set[int]) -> None:
        """Watch these descriptors beside hub and signals, and no others."""
        if wanted == self._watched:
            return
        for descriptor in self._watched - wanted:
            self._poller.unregister(descriptor)
        for descriptor in wanted - self._watched:
            self._poller.register(descriptor, zmq.POLLIN)
        self._watched = wanted

    def leave(self, process: ProcessWatch | None) -> None:
        """A client's process is about to be left alone."""
        if process is not None and process.descriptor is not None:
            self.watch(self._watched - {process.descriptor})


def descriptors(records: Iterable[WorkerRecord], sessions: Iterable[Session], now: float) -> set[int]:
    """What is to be watched of workers and clients. A worker that printed too much is left alone for a while."""
    wanted: set[int] = set()
    for record in records:
        if record.process is not None:
            if now >= record.log.rests_until:
                wanted |= {record.process.output, record.process.log}
            if record.cut_at is None:
                wanted.add(record.process.lifeline.fileno())
    watches = [session.watch for session in sessions if session.watch is not None]
    wanted.update(one.descriptor for one in watches if one.descriptor is not None)
    return wanted
