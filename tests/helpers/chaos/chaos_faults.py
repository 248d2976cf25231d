"""Faults for workers: which one is hit next and how, and how long it took until somebody else was in its place."""

from __future__ import annotations

import select
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

import psutil

from voicestream.protocol.messages import EngineRole, RestartWorker, Role
from voicestream.protocol.process_watch import ProcessWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from random import Random

    from voicestream.client.connection import Client

Kind = Literal["SIGKILL", "SIGSTOP", "SIGTERM", "restart", "restart --now"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)

DECK: Final[tuple[Kind, ...]] = (*["SIGKILL"] * 6, "SIGSTOP", "SIGTERM", "restart", "restart --now")
"""Dealt in an order that the seed decides, again and again. A frozen worker holds all others up until its silence is
noticed, so few are frozen."""

HARSHNESS: Final[tuple[Kind, ...]] = ("SIGKILL", "restart --now", "SIGSTOP", "SIGTERM", "restart")
"""Which of several faults decided when the process ended, the first of these that it got."""

MAX_HITS_WITHOUT_WORK: Final = 2
"""Faults that a worker may get until it finishes another sentence of a session, for each session. With more, losses
are by design: three workers lost on one sentence make it ``failed``, whatever they finished for other sessions, and a
role that ends five times without work has failed. A chaos run shows that nothing else is lost."""

PARSER_SECONDS: Final = 0.012
"""About as long as it takes, on an idle machine, until the parser has read what an agent printed and has told of it."""

WORK_EVENTS: Final[dict[str, Role]] = {
    "sentence_found": "parser",
    "translated": "translation",
    "speech_finished": "tts",
    "playback_finished": "player",
}
"""Which event shows that a role has got something done."""

LAST_LOOK_MILLISECONDS: Final = 60_000
"""A process that was hit has ended long before."""

SIGNALS: Final[dict[Kind, signal.Signals]] = {
    "SIGKILL": signal.SIGKILL,
    "SIGSTOP": signal.SIGSTOP,
    "SIGTERM": signal.SIGTERM,
}


class Workload(NamedTuple):
    """Engine and number of sentences of one session."""

    engine: str
    """Name of its translator and of its voice."""
    sentences: int


@dataclass
class _Progress:
    """Sentences that one worker has to finish for one session, and its losses since the last one."""

    unfinished: set[int]
    """Numbers of the sentences, including those that the worker has not received yet."""
    hits: int = 0
    """Faults and other ends of the worker since it last finished a sentence of the session."""


class _Worker(NamedTuple):
    role: Role
    engine: str
    incarnation: int
    process: psutil.Process


@dataclass
class Fault:
    """One fault, given to one process."""

    kind: Kind
    role: Role
    incarnation: int
    at: float
    """Just before it was given; all times are on the monotonic clock."""
    ended_at: float | None = None
    """When its process had ended, as the system told us; None where it cannot, or not yet."""
    engine: str = ""
    """Of the worker, in a role that has several."""


@dataclass(frozen=True)
class Recovery:
    """How one process was replaced; in seconds."""

    kind: Kind
    role: Role
    noticed: float
    """From the fault (SIGKILL, SIGSTOP) or from the end of the process (told to exit) until it was reaped."""
    after_end: float | None
    """From the end of the process, as we saw it ourselves, until it was reaped; None: the system cannot tell. A watcher
    that is late because the machine is busy makes this shorter: it shows what the supervisor adds, not when it died."""
    started: float | None
    """From the reaping until its replacement was started; None: the sessions were over before."""
    ready: float | None
    """From there until that was ready; None: it was hit before."""
    reason: str = ""
    """Why it ended, as the sessions were told."""


def name_of(role: Role, engine: str) -> str:
    """The name of a worker: its role, with the engine where a role has several."""
    return f"{role}:{engine}" if role in get_args(EngineRole) else role


class Faults:
    """Gives faults, and remembers them."""

    def __init__(self, supervisor_pid: int, client: Client, random: Random, workloads: Sequence[Workload]) -> None:
        """All workers are ready now; ``client`` is for nothing else; ``workloads``: one for each session."""
        self._supervisor = psutil.Process(supervisor_pid)
        self._client = client
        self._random = random
        self._deck: list[Kind] = []
        self._workloads = workloads
        running = self._running()
        self._progress = {
            name: {
                session: _Progress(set(range(workload.sentences)))
                for session, workload in enumerate(workloads)
                if name == name_of(worker.role, workload.engine)
            }
            for name, worker in running.items()
        }
        """Of each worker, by session."""
        self._hit_at = dict.fromkeys(running, 0.0)
        self._ready = {name: (worker.incarnation, 0.0) for name, worker in running.items()}
        """Of each worker, which incarnation was ready last, and since when."""
        self._counted: set[tuple[str, int]] = set()
        """Names and incarnations of the workers that were hit, or ended without being hit and are counted as hit."""
        self.given: Final[list[Fault]] = []
        self.withheld = 0
        """Times at which nobody was hit, because everybody had been often enough without getting to work."""
        self._threads: list[threading.Thread] = []

    def note(self, event: dict[str, Any], session: int) -> None:
        """Record an event of a session: a worker that has finished a sentence of each may be hit again."""
        if event["event"] == "worker":
            self._note_worker(event)
        role = WORK_EVENTS.get(event["event"])
        if role is None:
            return
        name = name_of(role, self._workloads[session].engine)
        progress = self._progress[name][session]
        progress.unfinished.discard(event["sentence"])
        # What was under way when the worker was hit is not the work of the next one.
        ready_at = self._ready[name][1]
        if event["time"] >= ready_at >= self._hit_at[name]:
            progress.hits = 0

    def _note_worker(self, event: dict[str, Any]) -> None:
        name, incarnation = name_of(event["role"], event.get("engine", "")), event["incarnation"]
        if event["state"] == "ready":
            self._ready[name] = incarnation, event["time"]
        if event.get("reason") and (name, incarnation) not in self._counted:
            # It was not hit: on a busy machine a healthy worker may be taken for a frozen one.
            self._count_hit(name, incarnation, 1, event["time"])

    def _count_hit(self, name: str, incarnation: int, weight: int, at: float) -> None:
        self._counted.add((name, incarnation))
        for progress in self._progress[name].values():
            progress.hits += weight
        self._hit_at[name] = at

    def _may_be_hit(self, name: str) -> bool:
        sessions = self._progress[name].values()
        # Its hits for a session that it has finished are never reset, and would spare it until the end of the run.
        concerned = [progress for progress in sessions if progress.unfinished] or sessions
        return all(progress.hits < MAX_HITS_WITHOUT_WORK for progress in concerned)

    @property
    def may_be_given(self) -> bool:
        """True if any worker may get another fault."""
        return any(map(self._may_be_hit, self._progress))

    def give(self, feed: Callable[[], None]) -> None:
        """Hit somebody.

        Args:
            feed: gives the parser something to read, of which it is to be in the midst when it is hit.
        """
        while self._client.receive() is not None:
            pass  # a restart that was asked for is done
        names = list(self._progress)
        first = self._random.randrange(len(names))
        running = self._running()
        for name in (*names[first:], *names[:first]):
            if name in running and self._may_be_hit(name):
                worker = running[name]
                if worker.role == "parser":
                    feed()
                    time.sleep(self._random.uniform(0, PARSER_SECONDS))
                self._hit(self._deal(is_ready=self._ready[name][0] == worker.incarnation), worker)
                return
        self.withheld += 1

    def wait_for_ends(self) -> None:
        """After the last: wait until it is known when every process ended."""
        for thread in self._threads:
            thread.join()

    def _deal(self, *, is_ready: bool) -> Kind:
        if not self._deck:
            self._deck = list(DECK)
            self._random.shuffle(self._deck)
        # Starting has a budget of its own, 20 s and more: who froze then would only make the run longer.
        fitting = next((i for i, kind in enumerate(self._deck) if is_ready or kind != "SIGSTOP"), None)
        return "SIGKILL" if fitting is None else self._deck.pop(fitting)

    def _hit(self, kind: Kind, worker: _Worker) -> None:
        process, name = worker.process, name_of(worker.role, worker.engine)
        watch = ProcessWatch(process.pid)
        at = time.monotonic()
        fault = Fault(kind=kind, role=worker.role, incarnation=worker.incarnation, at=at, engine=worker.engine)
        try:
            if kind in SIGNALS:
                process.send_signal(SIGNALS[kind])
            else:
                engine = worker.engine if worker.role in get_args(EngineRole) else ""
                self._client.send(RestartWorker(role=worker.role, engine=engine, now=kind == "restart --now"))
        except psutil.NoSuchProcess:
            watch.close()
            return  # it has ended in the meantime
        self.given.append(fault)
        # Half of the frozen ones are left alone until their silence is noticed; the others may be hit as they are.
        is_left_alone = kind == "SIGSTOP" and self._random.random() < 0.5
        self._count_hit(name, worker.incarnation, MAX_HITS_WITHOUT_WORK if is_left_alone else 1, fault.at)
        # A thread each, because the time is to be taken at once.
        thread = threading.Thread(target=_note_end, args=(fault, watch))
        thread.start()
        self._threads.append(thread)

    def _running(self) -> dict[str, _Worker]:
        """The workers that are there now, ready or not, by name."""
        found: dict[str, _Worker] = {}
        for process in self._supervisor.children():
            with suppress(psutil.Error):
                command = process.cmdline()
                role = next((role for role in ROLES if f"voicestream.workers.{role}" in command), None)
                if role is not None and process.status() != psutil.STATUS_ZOMBIE:
                    number, engine = (
                        next(part.partition("=")[2] for part in command if part.startswith(option))
                        for option in ("--incarnation=", "--engine=")
                    )
                    found[name_of(role, engine)] = _Worker(role, engine, int(number), process)
        return found


def recoveries(faults: Iterable[Fault], events: Iterable[dict[str, Any]]) -> list[Recovery]:
    """What became of every process that was hit, as the sessions' events tell."""
    told: dict[tuple[str, int, str], float] = {}
    incarnations: dict[tuple[str, str], set[int]] = {}
    """Of each worker, by role and engine."""
    reasons: dict[tuple[str, int], str] = {}
    for event in events:
        if event["event"] == "worker":
            state = "ended" if event.get("reason") else event["state"]
            if state == "ended":
                reasons.setdefault((event["role"], event["incarnation"]), event["reason"])
            told.setdefault((event["role"], event["incarnation"], state), event["time"])
            incarnations.setdefault((event["role"], event.get("engine") or ""), set()).add(event["incarnation"])
    decisive: dict[tuple[Role, int], Fault] = {}
    for fault in faults:
        before = decisive.get((fault.role, fault.incarnation))
        if before is None or HARSHNESS.index(fault.kind) < HARSHNESS.index(before.kind):
            decisive[fault.role, fault.incarnation] = fault
    found: list[Recovery] = []
    for (role, incarnation), fault in decisive.items():
        ended = told.get((role, incarnation, "ended"))
        following = (one for one in incarnations.get((role, fault.engine), ()) if one > incarnation)
        successor = min(following, default=incarnation + 1)
        started = told.get((role, successor, "starting"))
        ready = told.get((role, successor, "ready"))
        since = fault.at if fault.kind in ("SIGKILL", "SIGSTOP") else fault.ended_at
        if since is None or ended is None:
            continue
        found.append(
            Recovery(
                kind=fault.kind,
                role=role,
                noticed=max(0.0, ended - since),
                after_end=None if fault.ended_at is None else max(0.0, ended - fault.ended_at),
                started=None if started is None else started - ended,
                ready=None if ready is None or started is None else ready - started,
                reason=reasons[role, incarnation],
            )
        )
    return found


def _note_end(fault: Fault, watch: ProcessWatch) -> None:
    if watch.descriptor is not None:
        poll = select.poll()
        poll.register(watch.descriptor, select.POLLIN)
        if poll.poll(LAST_LOOK_MILLISECONDS):
            fault.ended_at = time.monotonic()
    watch.close()
