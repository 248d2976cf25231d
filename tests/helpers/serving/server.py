"""A real `voicestream serve` in a process of its own, and the processes of its replicas."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS: Final = 300
STOP_SECONDS: Final = 60

_REPLICA: Final = "ServeReplica:voicestream:"
_LOADING: Final = ".initialize"


class Server:
    """A server that listens; `url` and `key` are for its clients."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, key_file: Path) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"
        self.key_file = key_file

    @property
    def key(self) -> str:
        return self.key_file.read_text(encoding="utf-8").strip()

    def get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})
            return connection.getresponse().read()

    def is_healthy(self) -> bool:
        try:
            return bool(json.loads(self.get("/health"))["status"] == "ok")
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def replicas(self, stage: str) -> list[int]:
        """Process ids of the replicas of a stage that have loaded their engine."""
        titles = {one.pid: _title(one) for one in self._children()}
        return [pid for pid, title in titles.items() if f"{_REPLICA}{stage}" in title and _LOADING not in title]

    def listening(self) -> set[str]:
        """Addresses at which its processes listen."""
        found: set[str] = set()
        for one in [psutil.Process(self._process.pid), *self._children()]:
            with contextlib.suppress(psutil.Error):
                connections = one.net_connections(kind="tcp")
                found |= {str(each.laddr[0]) for each in connections if each.status == psutil.CONN_LISTEN}
        return found

    def stop(self) -> tuple[int, list[str]]:
        """Ends it as Ctrl-C does; returns the exit code, and the processes that are left."""
        children = self._children()
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(STOP_SECONDS)
        _, left = psutil.wait_procs(children, timeout=20)
        return code, [_title(one) for one in left]

    def _children(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self._process.pid).children(recursive=True)
        return []


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """A server with its own directories below `folder`; whatever happens, nothing of it is left."""
    port = _free_port()
    directories = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    environment: dict[str, Any] = {**os.environ, **directories}
    environment.pop("VOICESTREAM_SERVE_TOKEN", None)
    command = [sys.executable, "-P", "-m", "voicestream", "serve", "--port", str(port), *options]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd="/", start_new_session=True)
    server = Server(process, port, folder / "config" / "voicestream" / "serve-token")
    children: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (server.key_file.exists() and server.is_healthy()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "serve.log").read_text(encoding="utf-8", errors="replace"))
            time.sleep(0.5)
        yield server
        children = server._children()
    finally:
        if process.poll() is None:
            children = [*children, *server._children()]
            process.kill()
            process.wait()
        for one in children:
            with contextlib.suppress(psutil.Error):
                one.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
