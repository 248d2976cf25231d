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
    """Poller that always includes the hub's socket and the signals."""

    def __init__(self, hub: zmq.Socket[bytes], signals: socket.socket) -> None:
        self._poller = zmq.Poller()
        self._poller.register(hub, zmq.POLLIN)
        self._poller.register(signals, zmq.POLLIN)
        self._watched: set[int] = set()
        """Further descriptors being polled."""

    def wait(self, seconds: float) -> dict[object, int]:
        """Wait until something is ready or the seconds have passed; return the ready objects."""
        return dict(self._poller.poll(poll_milliseconds(seconds)))

    def watch(self, wanted: set[int]) -> None:
        """Set the descriptors to poll besides hub and signals."""
        if wanted == self._watched:
            return
        for descriptor in self._watched - wanted:
            self._poller.unregister(descriptor)
        for descriptor in wanted - self._watched:
            self._poller.register(descriptor, zmq.POLLIN)
        self._watched = wanted

    def leave(self, process: ProcessWatch | None) -> None:
        """Stop polling a client's process."""
        if process is not None and process.descriptor is not None:
            self.watch(self._watched - {process.descriptor})


def descriptors(records: Iterable[WorkerRecord], sessions: Iterable[Session], now: float) -> set[int]:
    """Return the descriptors of workers and clients to poll, except those of workers that printed too much lately."""
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
