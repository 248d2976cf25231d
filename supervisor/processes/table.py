"""The process table: starts the workers, notices how they are, replaces those that end and ends those that are stuck.

It decides nothing itself: ``alarms``, ``stop_ladder`` and ``restart_policy`` do. What it finds out it returns as
values, for the supervisor to act on.
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, Final

from voicestream import log
from voicestream.config.engine_settings import EngineSettings
from voicestream.errors import EXIT_CONFIGURATION, EXIT_INCOMPLETE
from voicestream.protocol import lifeline
from voicestream.protocol.messages import PROTOCOL_VERSION, Drain, Hello, Loading, Ready, Stopping
from voicestream.protocol.messages import Stop as StopMessage
from voicestream.supervisor.processes import restart_policy, shutdown, watchdog
from voicestream.supervisor.processes.process import Launch, WorkerProcess, describe_exit
from voicestream.supervisor.processes.worker_events import BecameReady, Ended, RoleFailed, Started
from voicestream.supervisor.processes.worker_log import WorkerLog
from voicestream.supervisor.processes.worker_record import Post, Stop
from voicestream.supervisor.reporting import session_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from voicestream.errors import OtherVersionError
    from voicestream.protocol.messages import FromWorker, Role
    from voicestream.protocol.pool_memory import Segment
    from voicestream.supervisor.hub import Hub
    from voicestream.supervisor.processes.shutdown import Patience, Rung
    from voicestream.supervisor.processes.worker_events import Finding

START_ORDER: Final[tuple[Role, ...]] = ("player", "tts", "translation", "parser")
"""Who receives first, so that ending in reverse stops the source before its sinks."""

SOUND_ROLES: Final = frozenset({"tts", "player"})
"""The roles that attach to the audio pool; the others remove its name once the supervisor was killed."""

MAX_WAIT_FOR_REAPING_SECONDS: Final = 0.5
"""A process whose lifeline is cut is dying; one that is still there after this long has only closed it."""

MAX_LEAVING_SECONDS: Final = 5.0
"""The same for one that has said that it ends: on a busy machine an interpreter takes seconds for that."""

REAP_AGAIN_SECONDS: Final = 0.002

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""What a system says that has no room for another process now: that passes."""

LADDER_LOOK_SECONDS: Final = 0.02

_log = logging.getLogger(__name__)


def _exit_code(status: int, leaving: int | None) -> int | None:
    """The exit code that decides what follows; None: a signal ended it, and it had not said how it was about to end.

    Args:
        status: of the process; negative: a signal.
        leaving: the exit code with which it had said that it ends. It counts for more: what becomes of a process on
            its way out (killed for lack of time, an error of a library that is unloaded) changes nothing of the reason.
    """
    return leaving if leaving or status < 0 else status


class ProcessTable:
    """The posts of all roles."""

    def __init__(
        self,
        hub: Hub,
        *,
        hub_path: Path,
        segment: Segment,
        engines: Mapping[Role, str],
        settings: Mapping[Role, EngineSettings],
        limits: watchdog.Limits,
        threads: int,
        progress: Callable[[Role], tuple[float | None, int]],
    ) -> None:
        """Nothing is started before ``start_all``.

        Args:
            hub: to send to workers.
            hub_path: where workers connect.
            segment: the memory of the audio pool.
            engines: name of the wanted engine of each role that has a choice.
            settings: what the engine of a role is loaded with, if not with what is usual.
            limits: for the alarms.
            threads: for numeric libraries in each worker.
            progress: for a role, since when its job is stalled (None: it is not) and how many characters it has.
        """
        self._hub = hub
        self._hub_path = hub_path
        self._segment = segment
        self._limits = limits
        self._threads = threads
        self._progress = progress
        self._findings: list[Finding] = []
        self._wanted = True
        self._looked_at = self._attended_since = 0.0
        self.posts: Final[dict[Role, Post]] = {
            role: Post(
                role=role,
                engine=engines.get(role, ""),
                settings=settings.get(role) or EngineSettings(),
                log=WorkerLog(log.safe_path_of(role)),
            )
            for role in START_ORDER
        }
        self._by_name: Final = {role.encode(): post for role, post in self.posts.items()}

    def start_all(self, now: float) -> None:
        """Start a worker for every role."""
        for post in self.posts.values():
            self._start(post, now)

    @property
    def has_findings(self) -> bool:
        """Whether ``take_findings`` has something."""
        return bool(self._findings)

    def take_findings(self) -> list[Finding]:
        """What was found out since the last call."""
        findings, self._findings = self._findings, []
        return findings

    def post_of(self, identity: bytes) -> Post | None:
        """The post whose process of now has this name on the hub; None for a predecessor's (it is fenced off)."""
        role = identity.partition(b".")[0]
        post = self._by_name.get(role)
        if post is None or post.process is None or post.process.identity != identity:
            return None
        return post

    def identity(self, role: Role) -> bytes | None:
        """The name on the hub of the process that holds a role."""
        process = self.posts[role].process
        return process.identity if process else None

    def heard(self, post: Post, message: FromWorker, now: float) -> None:
        """Take note of a worker's message about itself."""
        post.heard_at = now
        match message:
            case Hello() if post.hello_at is None:
                post.hello_at = now
                if post.stop is None:
                    self._change(post, "loading")
            case Loading():
                post.loading_at = now
                share = "" if message.progress is None else f" {message.progress:.0%}"
                post.detail = f"{message.stage}{share}"
            case Ready() if post.ready_at is None:
                if post.process is not None:
                    post.read_rest(post.process, now)  # printed while it had no sentences
                post.hides_output = post.role not in log.WORDLESS_ROLES
                post.ready_at = now
                post.ready = message
                post.detail = ""
                if post.stop is None:
                    self._change(post, "ready")
                    self._findings.append(BecameReady(post.role))
            case Ready():
                post.ready = message  # its engine has moved to another device
            case Stopping() if post.stop is None:
                # By itself, and it says why; one that was told to end only repeats what it was told.
                post.failure = message.reason
                post.leaving = message.exit_code
            case _:
                pass

    def heard_other_version(self, post: Post, error: OtherVersionError, now: float) -> None:
        """A worker speaks another version of the protocol: it is ended, and no other is tried."""
        post.heard_at = now
        reason = f"it speaks protocol {error.version}, the supervisor {PROTOCOL_VERSION}"
        post.incompatible = reason
        post.failure = f"{reason}\nAnother version was installed meanwhile. Try: voicestream down"
        self.end(post, "stop", now, wished=False, reason=reason)

    def check(self, now: float) -> None:
        """Reap what has ended, start what is due, ring the alarms, climb the ladder."""
        self._attended_since = watchdog.attended_since(self._attended_since, self._looked_at, now)
        self._looked_at = now
        for post in self.posts.values():
            if post.process is not None:
                self._check_process(post, post.process, now)
            elif post.start_at is not None and now >= post.start_at:
                self._start(post, now)

    def due_at(self, now: float) -> float:
        """When ``check`` has something to do though no descriptor is ready."""
        times = [now + 60.0]
        for post in self.posts.values():
            if post.process is None:
                if post.start_at is not None:
                    times.append(post.start_at)
            elif post.cut_at is not None:
                times.append(now + REAP_AGAIN_SECONDS)
            elif post.stop is not None:
                times.append(now + LADDER_LOOK_SECONDS)
            else:
                times.append(watchdog.due(self._sign(post), self._limits)[0])
        return min(times)

    def end(
        self,
        post: Post,
        rung: Rung,
        now: float,
        *,
        wished: bool,
        reason: str,
        patience: Patience = shutdown.FOR_RESTART,
    ) -> None:
        """Begin to end a worker on this rung of the ladder (an ending under way only becomes harder)."""
        order = ("drain", "stop", "term", "kill")
        if post.process is None:
            return
        if post.stop is not None and order.index(post.stop.rung) >= order.index(rung):
            return
        if post.ready_at is None and rung == "drain":
            rung = "stop"  # it has nothing in hand
        if post.stop is None:
            post.stop = Stop(rung=rung, since=now, patience=patience, wished=wished, reason=reason)
            self._change(post, "stopping")
        else:
            post.stop.rung = rung
            post.stop.since = now
            post.stop.reason = reason
        self._act(post, rung)

    def revive(self, role: Role, now: float) -> None:
        """A person wants a worker for a role that has none: forget why."""
        post = self.posts[role]
        post.ends.clear()
        post.start_at = now
        self._change(post, "backoff")

    def stop_all(self, now: float) -> None:
        """Begin to end all workers, the source first; ``is_empty`` tells when it is done."""
        self._wanted = False
        for role in reversed(START_ORDER):
            post = self.posts[role]
            post.start_at = None
            self.end(post, "drain", now, wished=True, reason="shutdown", patience=shutdown.FOR_SHUTDOWN)

    @property
    def is_empty(self) -> bool:
        """Whether no worker is running."""
        return all(post.process is None for post in self.posts.values())

    @property
    def is_complete(self) -> bool:
        """Whether every role that has not failed has a process that has found us."""
        return all(
            post.state == "failed" or (post.process is not None and post.hello_at is not None)
            for post in self.posts.values()
        )

    def _start(self, post: Post, now: float) -> None:
        post.incarnation += 1
        post.start_at = None
        post.started_at = post.heard_at = now
        post.hello_at = post.loading_at = post.ready_at = None
        post.ready = None
        post.stop = None
        post.cut_at = None
        post.failure = post.detail = post.incompatible = ""
        post.leaving = None
        post.hides_output = False
        post.jobs = 0
        pool = self._segment.source
        launch = Launch(
            role=post.role,
            incarnation=post.incarnation,
            hub=self._hub_path,
            engine=post.engine,
            pool=pool if isinstance(pool, str) or post.role in SOUND_ROLES else None,
            threads=self._threads,
            settings=post.settings,
        )
        try:
            post.process = WorkerProcess(launch)
        except OSError as error:
            no_room = error.errno in NO_ROOM
            end = restart_policy.End(at=now, ready_seconds=0.0, exit_code=None, wished=False, refused=no_room)
            text = f"could not be started: {error.strerror}"
            self._record_end(post, end, error.strerror or str(error), text)
            return
        self._change(post, "starting")
        self._findings.append(Started(post.role))

    def _check_process(self, post: Post, process: WorkerProcess, now: float) -> None:
        status = process.reap()
        if status is None:
            if post.stop is not None:
                since = max(post.stop.since, self._attended_since)
                rung = shutdown.next_rung(post.stop.rung, since, post.stop.patience, now)
                if rung is not None:
                    self.end(post, rung, now, wished=post.stop.wished, reason=post.stop.reason)
                elif post.stop.rung == "drain":
                    # It has all the patience that its job needs, and none for a freeze.
                    self._ring(post, now)
                return
            if self._ring(post, now):
                return
            if post.cut_at is None and lifeline.is_cut(process.lifeline):
                post.cut_at = now
            elif post.cut_at is not None and now >= post.cut_at + (
                MAX_WAIT_FOR_REAPING_SECONDS if post.leaving is None else MAX_LEAVING_SECONDS
            ):
                self.end(post, "kill", now, wished=False, reason="it has closed its lifeline")
            return
        post.read_rest(process, now)
        post.log.tell_hidden(now)
        process.close()
        post.process = None
        stop = post.stop
        how = f"{stop.rung}: {stop.reason}" if stop else "died"
        exit_text = f"{describe_exit(status)} ({how})"
        ready_seconds = now - post.ready_at if post.ready_at is not None else 0.0
        end = restart_policy.End(
            at=now,
            ready_seconds=ready_seconds,
            exit_code=_exit_code(status, post.leaving),
            wished=stop is not None and stop.wished,
            worked=post.jobs > 0,
            incompatible=post.incompatible,
        )
        self._record_end(post, end, describe_exit(status), exit_text)

    def _ring(self, post: Post, now: float) -> bool:
        """End a worker that is stuck; whether it is."""
        at, reason = watchdog.due(self._sign(post), self._limits)
        if now < at:
            return False
        self.end(post, "kill", now, wished=post.stop is not None and post.stop.wished, reason=reason)
        return True

    def _record_end(self, post: Post, end: restart_policy.End, status: str, exit_text: str) -> None:
        post.last_exit = exit_text
        tried_before = bool(post.ends) and post.ends[-1].refused
        post.ends.append(end)
        _log.info("role=%s incarnation=%d ended=%r", post.role, post.incarnation, exit_text)
        decision = restart_policy.decide(list(post.ends), wanted=self._wanted)
        blame = not (end.wished or end.refused)
        told = ""
        if end.refused and not tried_before:
            told = session_events.not_started(post.role, status)
        elif blame and isinstance(decision, restart_policy.StartAt):
            told = session_events.crashed(post.role, status, post.stop.reason if post.stop else "")
        reason = f"the {post.role} worker {exit_text if end.refused else f'ended: {exit_text}'}"
        self._findings.append(Ended(role=post.role, reason=reason, blame=blame, told=told))
        match decision:
            case restart_policy.StartAt(at=at):
                post.start_at = at
                self._change(post, "backoff")
            case restart_policy.GiveUp(reason=reason):
                self._change(post, "failed")
                post.detail = post.failure or f"{reason}; last: {exit_text}\nTry: voicestream workers logs {post.role}"
                is_configuration = end.exit_code == EXIT_CONFIGURATION or bool(end.incompatible)
                exit_code = EXIT_CONFIGURATION if is_configuration else EXIT_INCOMPLETE
                self._findings.append(RoleFailed(role=post.role, reason=post.detail, exit_code=exit_code))
            case restart_policy.StayDown():
                self._change(post, "stopping")

    def _act(self, post: Post, rung: Rung) -> None:
        process = post.process
        if process is None:
            return
        _log.info(
            "role=%s incarnation=%d stop=%s reason=%r",
            post.role,
            post.incarnation,
            rung,
            post.stop.reason if post.stop else "",
        )
        match rung:
            case "drain":
                self._hub.send(process.identity, Drain())
            case "stop":
                self._hub.send(process.identity, StopMessage())
            case "term":
                process.terminate()
            case "kill":
                process.kill()

    def _sign(self, post: Post) -> watchdog.Sign:
        stalled_since, characters = self._progress(post.role)
        return post.sign(stalled_since, characters, self._attended_since)

    def _change(self, post: Post, state: str) -> None:
        if post.state != state:
            _log.info("role=%s incarnation=%d state=%s", post.role, post.incarnation, state)
        post.state = state  # type: ignore[assignment]
