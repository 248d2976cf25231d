"""Delivery of a hook event in the background, while the supervisor is frozen, starting or not there."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import time
from contextlib import suppress
from typing import Final, cast

from voicestream import log
from voicestream.errors import VoicestreamError
from voicestream.protocol import hook_socket
from voicestream.protocol.run_directory import RunDirectory

DELIVERY_SECONDS: Final = 30.0
"""Timeout of the delivery; ``Stop`` completes a message whose pieces are lost."""

RETRY_SECONDS: Final = 0.05

LOG_NAME: Final = "hook"
"""Name of the log of hooks."""

_log = logging.getLogger(__name__)


def deliver(frame: bytes, *, starts: bool = False, path: str = "") -> None:
    """Hand an event over as soon as a supervisor takes it.

    Args:
        frame: see ``hook_socket.frame``.
        starts: start a supervisor if none is there.
        path: of a socket that is forwarded from another machine; empty for that of the run directory.
    """
    log.to_file(LOG_NAME)
    try:
        if not path:
            _deliver(frame, starts=starts)
        elif not hook_socket.send(path, frame, DELIVERY_SECONDS):
            raise TimeoutError(f"nobody took it at {path}")
    except (VoicestreamError, OSError, ValueError) as error:
        log_error(error)


def log_error(error: BaseException) -> None:
    """Write an error to the log of hooks; it has no text of the agent."""
    log.to_file(LOG_NAME)
    _log.error("event lost: %s: %s", type(error).__name__, error)


def _deliver(frame: bytes, *, starts: bool) -> None:
    run_directory = RunDirectory.of_this_user()
    deadline = time.monotonic() + DELIVERY_SECONDS
    if starts:
        run_directory.prepare()
    lock: int | None = None
    try:
        while (left := deadline - time.monotonic()) > 0:
            try:
                if hook_socket.send(str(run_directory.hook), frame, left):
                    return
            except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
                if starts and lock is None:
                    lock = _lock(run_directory)
                    if lock is not None:
                        if not _start(frame, left):
                            return
                        continue
                if not starts and not run_directory.path.exists():
                    return  # it has ended
            time.sleep(RETRY_SECONDS)
        raise TimeoutError("no supervisor took it")
    finally:
        if lock is not None:
            os.close(lock)


def _lock(run_directory: RunDirectory) -> int | None:
    """Return a lock of the run directory; None if another process starts the supervisor already."""
    try:
        descriptor = os.open(run_directory.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        run_directory.prepare()
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _start(frame: bytes, seconds: float) -> bool:
    """Start a supervisor with the options of the session that the event belongs to; False if it is not to be spoken.

    Raises:
        VoicestreamError: it does not start; the reason is in the log already.
    """
    header, event, *_ = frame.split(b"\n")
    fields: object = json.loads(event)
    named = cast("dict[str, object]", fields) if isinstance(fields, dict) else {}
    session = named.get("session_id")
    if not isinstance(session, str):
        raise ValueError("the event names no session")  # noqa: TRY004 - as any other invalid event
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            hook_socket.opening_command(
                hook_socket.agent_of(header), session, hook_socket.directory_of(named.get("cwd"))
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            with suppress(OSError):
                RunDirectory.of_this_user().path.rmdir()
            if done.returncode == hook_socket.EXIT_DISABLED:
                return False
            raise VoicestreamError(f"no supervisor was started (exit {done.returncode})")
    return True
