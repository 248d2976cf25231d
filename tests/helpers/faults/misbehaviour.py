"""A worker that misbehaves when it is ordered to: the real program, with a connection that obeys its environment.

``plug_in`` writes a ``sitecustomize`` and gives the environment for a supervisor whose workers of some roles find it.
In those workers ``arm`` replaces the class ``Connection`` (and, for tts, ``SlotWriter``) by one that checks, at each of
the moments below, for an order of its role. Nothing in the product knows of this.

Moments:

``start``
    it has connected, and was about to say Hello;
``idle``
    it waits for a message, with nothing in hand;
``mid-job``
    the marked sentence is in its hands, and not done: the parser has told of the sentence before it in the same line,
    translation was given it, tts and player have done a part of it;
``commit``
    what was made of it is where it belongs (found and told, translated, in the slot, in the file), and the message
    that says so was not sent: InputConsumed, Translated, AudioWritten, PlaybackFinished;
``stop``
    the supervisor has told it to end.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from helpers.faults.orders import LOOK_SECONDS, Orders
from voicestream.protocol.messages import (
    AudioWritten,
    Drain,
    Hello,
    InputConsumed,
    Loading,
    Play,
    PlaybackFinished,
    SentenceFound,
    Speak,
    Translate,
    Translated,
)
from voicestream.workers import harness
from voicestream.workers.connection import Connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from voicestream.protocol.messages import FromWorker, ToWorker

ORDERS_VARIABLE = "VOICESTREAM_TEST_ORDERS"
ROLES_VARIABLE = "VOICESTREAM_TEST_ROLES"
OTHERS_VARIABLE = "VOICESTREAM_TEST_OTHERS"

MARK = "peculiar"
"""The marked sentence has this word, and nobody else's text has."""

MARKED = 2
"""Its ordinal, for the player, which is not told any words."""

WRONG_PROTOCOL = 99
SLOW_START_SECONDS = 5.0

GARBAGE = b"\xc1 this is no message"

_SITECUSTOMIZE = """
import os
import sys

others = {"--engine=" + engine for engine in os.environ.get("VOICESTREAM_TEST_OTHERS", "").split()}
for role in os.environ.get("VOICESTREAM_TEST_ROLES", "").split():
    if "voicestream.workers." + role in sys.orig_argv and not others & {*sys.orig_argv}:
        from helpers.faults import misbehaviour

        misbehaviour.arm(role)
"""


class MisbehaviourError(Exception):
    """What no worker expects."""


def plug_in(directory: Path, *roles: str, others: tuple[str, ...] = ()) -> tuple[dict[str, Orders], dict[str, str]]:
    """Return the orders of each role, and the environment of a supervisor whose workers of these roles obey them.

    Args:
        directory: is made.
        roles: of the workers.
        others: engines whose workers do not obey.
    """
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(_SITECUSTOMIZE)
    for role in roles:
        (directory / role).mkdir()
    tests = Path(__file__).parents[2]
    path = [str(directory), str(tests), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        "PYTHONPATH": os.pathsep.join(path),
        ORDERS_VARIABLE: str(directory),
        ROLES_VARIABLE: " ".join(roles),
        OTHERS_VARIABLE: " ".join(others),
    }
    return {role: Orders(directory / role) for role in roles}, environment


class MisbehavingConnection(Connection):
    """A worker's link through which everything it does goes by."""

    now: MisbehavingConnection
    """The one of this process."""

    def __init__(self, hub: Path, identity: str, parent: socket.socket, orphaned: Callable[[], None]) -> None:
        super().__init__(hub, identity, parent, orphaned)
        MisbehavingConnection.now = self
        role, incarnation = identity.split(".")[:2]
        self._orders = Orders(Path(os.environ[ORDERS_VARIABLE]) / role)
        self._incarnation = int(incarnation)
        self._has_told_mark = False
        self._is_speaking_mark = False
        self._begun = 0
        """Frames of the sentence that is spoken that are known to the supervisor."""

    def send(self, message: FromWorker) -> None:
        """Send, unless something else is to be done."""
        if isinstance(message, Hello):
            self._start(message)
            return
        if isinstance(message, SentenceFound) and MARK in message.text:
            self._at("mid-job")
            self._has_told_mark = True
        if self._is_commit(message) and self._at("commit") == "garbage frame":
            return  # it went out in place of this message
        super().send(message)
        if isinstance(message, AudioWritten):
            self._begun += message.frames

    def receive(self, timeout_seconds: float | None = None) -> ToWorker | None:
        """The next message, unless something else is to be done."""
        end = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._at("idle")
        while (message := super().receive(max(0.0, min(LOOK_SECONDS, end - time.monotonic())))) is None:
            if time.monotonic() >= end:
                return None
            self._at("idle")
        match message:
            case Drain():
                self._at("stop")
            case Translate() if any(MARK in one.text for one in message.sentences):
                self._at("mid-job")
            case Speak():
                self._is_speaking_mark = MARK in message.text
                self._begun = message.skip_frames
            case Play() if message.sentence == MARKED and message.frame > 0:
                self._at("mid-job")
            case _:
                pass
        return message

    def at_slot(self) -> None:
        """Before samples are written."""
        if self._is_speaking_mark and self._begun:
            self._at("mid-job")

    def _is_commit(self, message: FromWorker) -> bool:
        match message:
            case InputConsumed():
                return self._has_told_mark
            case Translated():
                return any(MARK in one.text for one in message.sentences)
            case AudioWritten():
                return self._is_speaking_mark and self._begun > 0 and message.frames > 0
            case PlaybackFinished():
                return message.sentence == MARKED
            case _:
                return False

    def _start(self, hello: Hello) -> None:
        match self._orders.take_at_start() or self._orders.take("start", self._incarnation):
            case "wrong protocol":
                super().send(
                    Hello(role=hello.role, incarnation=hello.incarnation, pid=hello.pid, protocol=WRONG_PROTOCOL)
                )
                self._orders.wait_for_gate()
            case "slow start":
                super().send(hello)
                end = time.monotonic() + SLOW_START_SECONDS
                while time.monotonic() < end or not self._orders.is_gate_open():
                    super().send(Loading(stage="taking its time"))
                    time.sleep(0.5)
            case _:
                super().send(hello)

    def _at(self, moment: str) -> str | None:
        fault = self._orders.take(moment, self._incarnation)
        if fault is not None:
            self._do(fault, moment)
        return fault

    def _do(self, fault: str, moment: str) -> None:
        match fault:
            case "SIGKILL" | "SIGSTOP":
                os.kill(os.getpid(), signal.Signals[fault])
            case "exit 0" | "exit 1" | "exit 78":
                os._exit(int(fault.removeprefix("exit ")))
            case "segfault":
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                ctypes.string_at(0)
            case "raises":
                raise MisbehaviourError(moment)
            case "hangs":
                _hang()
            case "garbage frame":
                self._outbox.append(GARBAGE)
                self._wake()
            case "wrong protocol" | "slow start":
                self._orders.give_successor(fault)
                os.kill(os.getpid(), signal.SIGKILL)
            case "ignores TERM":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.kill(os.getpid(), signal.SIGTERM)
                if moment == "stop":
                    _hang()
            case _:
                raise ValueError(f"nobody knows how to do {fault}")


def _hang() -> NoReturn:
    while True:
        time.sleep(60)


def arm(role: str) -> None:
    """Make this process, of this role, one that obeys; before its own program begins."""
    vars(harness)["Connection"] = MisbehavingConnection
    if role == "tts":
        from helpers.faults import misbehaving_slots

        misbehaving_slots.arm()
