"""Runs the cells of the fault matrix: a real supervisor with its workers, of which one misbehaves at a moment.

One supervisor serves the cells of some roles and a fault, with a session for each, one role after the other. Its end is
the moment ``stop`` of all these roles. Several supervisors run at the same time, because a cell mostly waits.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from helpers.chaos import chaos_engines
from helpers.faults.matrix_cells import LIMIT_SECONDS, MOMENTS, Cell, comes_back, groups_of
from helpers.faults.misbehaviour import MARK, plug_in
from helpers.fixtures.deadline import allow, remaining
from helpers.process.running import line, voicestream_place, wait_until
from helpers.process.session import Session
from helpers.voices import quick_voice
from voicestream.bench import null_engines
from voicestream.protocol.messages import OutputOptions, ParserOptions, SessionOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from helpers.process.running import Event, Voicestream

FIRST = line("This is one plain sentence to begin with.")
MARKED_LINE = line(
    "Here is a second one which is in the same line. "
    f"And now comes the {MARK} sentence, which is long enough to fill some slots of the audio pool."
)
LAST = line("At last there is one plain sentence to end with.")

AT_ONCE = 5
"""Supervisors at the same time: a cell waits for most of its time."""

GROUP_SECONDS = 400.0
"""For the cells of one supervisor. They are begun before their tests, whose deadlines do not concern them."""

KEEP_ALIVE_SECONDS = 60.0
"""A supervisor that is left alone ends by itself."""

BESIDE = frozenset({(role, fault) for role in ("translation", "tts") for fault in ("SIGKILL", "hangs", "exit 78")})
"""Roles and faults with a session beside, which has other engines and must not notice."""

STARTING = ("slow start", "wrong protocol")
"""Faults of a worker that is being started."""

_GATES = {
    ("parser", "mid-job"): ("sentence_found", 2),
    ("parser", "commit"): ("sentence_found", 3),
    ("translation", "mid-job"): ("sentence_found", 3),
    ("translation", "commit"): ("sentence_found", 3),
    ("tts", "mid-job"): ("speech_started", 3),
    ("tts", "commit"): ("speech_started", 3),
    ("player", "mid-job"): ("playback_started", 3),
    ("player", "commit"): ("playback_started", 3),
}
"""What the supervisor must have heard of before the worker misbehaves, so that a cell is the same each time."""

_ENDED = re.compile(r"role=(\w+) incarnation=(\d+) ended='(.*)'")


@dataclass
class Outcome:
    """What a cell was seen to do."""

    exit_code: int
    """Of the session."""
    reason: str
    """What the person reads at its end."""
    events: list[Event]
    sound: bytes
    """The file that was written."""
    misbehaved: list[int] = field(default_factory=list[int])
    """The incarnations of the cell's role that did."""
    supervisor_log: str = ""
    """What it logged meanwhile."""
    worker_log: str = ""
    """What the misbehaving role logged meanwhile."""
    supervisor_exit: int | None = None
    """Of the supervisor, where it ended with the cell."""

    def of(self, kind: str) -> list[Event]:
        """Its events of one kind."""
        return [event for event in self.events if event["event"] == kind]

    def sentences(self, kind: str) -> list[int]:
        """The sentences of its events of one kind."""
        return [event["sentence"] for event in self.of(kind)]

    def ends(self, role: str) -> dict[int, str]:
        """How the incarnations of a role ended."""
        found: list[tuple[str, str, str]] = _ENDED.findall(self.supervisor_log)
        return {int(incarnation): how for ended, incarnation, how in found if ended == role}

    def __str__(self) -> str:
        return (
            f"exit {self.exit_code}, misbehaved: {self.misbehaved}\n{self.reason}\n{self.supervisor_log}\n"
            f"{self.worker_log}\n{self.events}"
        )


def options_of(output: OutputOptions, tts: str, translator: str) -> SessionOptions:
    """Options of a session."""
    return SessionOptions(
        parser=ParserOptions(language="en"),
        output=output,
        # Another language, so that there is something to translate.
        target="de",
        translator=translator,
        tts=tts,
        keep_alive_seconds=KEEP_ALIVE_SECONDS,
    )


class Beside:
    """A session with other engines."""

    def __init__(self, place: Voicestream) -> None:
        options = options_of(OutputOptions(kind="null"), quick_voice.NAME, chaos_engines.NAME)
        self._session = Session(place.runtime, options)
        self._said = 0

    def say(self) -> None:
        """A sentence, which is heard."""
        self._said += 1
        self._session.write(line(f"This is number {self._said} of a session beside."))
        self._session.wait_for("playback_finished", self._said)

    def assert_undisturbed(self, role: str) -> None:
        """No worker of a role that it needs has ended."""
        told = [event for event in self._session.of("worker") if event["role"] == role]
        assert {event["state"] for event in told} <= {"starting", "loading", "ready"}, told

    def finish(self) -> None:
        """It ends, with all that it said."""
        closed = self._session.finish()
        assert (closed.exit_code, closed.counts.played) == (0, self._said), closed

    def close(self) -> None:
        """Leave the supervisor."""
        self._session.__exit__(None, None, None)


class Group:
    """A supervisor for the cells of some roles and one fault."""

    def __init__(self, place: Voicestream, roles: Sequence[str], fault: str) -> None:
        self._place = place
        self._fault = fault
        self._orders, ours = plug_in(place.home / "orders", *roles, others=(quick_voice.NAME, chaos_engines.NAME))
        null_engines.plug_in(place.home / "engines")
        paths = [quick_voice.plug_in(place.home / "quick"), chaos_engines.plug_in(place.home / "chaos")]
        ours["PYTHONPATH"] = os.pathsep.join([ours["PYTHONPATH"], str(place.home / "engines"), *paths])
        self._read: dict[str, int] = {}
        # Ready before those of the cells: an incarnation is followed by the next number.
        is_beside = any((role, fault) in BESIDE for role in roles)
        engines = (quick_voice.NAME, chaos_engines.NAME) if is_beside else ("espeak", null_engines.NAME)
        self._supervisor = self._start({**place.environment, **ours}, *engines)
        self._beside: Beside | None = None

    def cells(self, role: str, moments: Sequence[str]) -> Iterator[Outcome]:
        """The cells of a role but the last, one moment after the other."""
        if (role, self._fault) in BESIDE:
            self._beside = Beside(self._place)
        for moment in moments:
            yield self._cell(role, moment)
        if self._beside is not None:
            self._beside.finish()
            self._beside.close()
            self._beside = None

    def stop(self, roles: Sequence[str]) -> list[Outcome]:
        """The end of the supervisor, at which a worker of each of these roles misbehaves."""
        spoken = self.session("stop")
        self._stop(roles)
        spoken.supervisor_exit = self._supervisor.wait(remaining())
        self._place.assert_nothing_left()
        spoken.supervisor_log = self._read_new("supervisor")
        return [
            replace(spoken, misbehaved=self._orders[role].done(), worker_log=self._read_new(role)) for role in roles
        ]

    def _cell(self, role: str, moment: str) -> Outcome:
        if self._beside is not None:
            self._beside.say()
        outcome = self.session(moment, role)
        # The sound may be played before another worker has taken the place.
        wait_until(lambda: self._is_settled(role), f"the {role} worker is ready, or has failed")
        if self._beside is not None:
            self._beside.say()
            self._beside.assert_undisturbed(role)
        self._orders[role].withdraw()
        outcome.misbehaved = self._orders[role].done()
        outcome.supervisor_log = self._read_new("supervisor")
        outcome.worker_log = self._read_new(role)
        return outcome

    def session(self, moment: str, role: str | None = None) -> Outcome:
        """A session, disturbed by a role at a moment, if by any; what is to be seen of it without the logs."""
        path = self._place.cwd / f"{role}-{moment}.wav"
        options = options_of(OutputOptions(kind="wav", path=str(path)), "espeak", null_engines.NAME)
        with Session(self._place.runtime, options) as session:
            session.write(FIRST)
            session.wait_for("playback_finished")
            if role is not None:
                self._disturb(session, role, moment)
            else:
                session.write(MARKED_LINE)
            session.write(LAST)
            closed = session.finish()
        return Outcome(closed.exit_code, closed.reason, session.events, path.read_bytes())

    def close(self) -> None:
        """End the supervisor if it has not ended; its workers end with it."""
        if self._beside is not None:
            self._beside.close()
        if self._supervisor.poll() is None:
            self._supervisor.kill()
        self._supervisor.wait()

    def _start(self, environment: dict[str, str], tts: str, translator: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "voicestream.supervisor", f"--run-directory={self._place.runtime}"]
        command += [f"--silence-limit={LIMIT_SECONDS}", f"--job-limit={LIMIT_SECONDS}", "--job-limit-per-character=0"]
        command += [f"--tts={tts}", f"--translator={translator}", f"--keep-alive={KEEP_ALIVE_SECONDS}"]
        supervisor = subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until((self._place.runtime / "hub").exists, "there is a supervisor")
        return supervisor

    def _disturb(self, session: Session, role: str, moment: str) -> None:
        orders = self._orders[role]
        orders.give(self._fault, moment, always=comes_back(Cell(role, self._fault, moment)))
        if moment == "idle":
            orders.open_gate()
            self._wait_for_misbehaviour(role)
            session.write(MARKED_LINE)
        else:
            session.write(MARKED_LINE)
            self._wait_for_misbehaviour(role)
            session.wait_for(*_GATES[role, moment])
            orders.open_gate()

    def _stop(self, roles: Sequence[str]) -> None:
        """All workers are told to end."""
        if self._fault not in STARTING:
            for role in roles:
                self._orders[role].give(self._fault, "stop")
                self._orders[role].open_gate()
            self._supervisor.terminate()
            return
        for role in roles:
            self._orders[role].give(self._fault, "idle", hold=True)
            self._orders[role].open_gate()
        state = "stop=stop" if self._fault == "wrong protocol" else "state=loading"
        for role in roles:
            self._wait_for_misbehaviour(role)
            successor = self._orders[role].done()[-1] + 1
            self._wait_for_log(f"role={role} incarnation={successor} {state}")
        self._supervisor.terminate()
        self._wait_for_log("state=ending")
        if self._fault == "wrong protocol":
            for role in roles:
                self._orders[role].open_gate()

    def _is_settled(self, role: str) -> bool:
        changes = re.findall(rf"role={role} incarnation=\d+ (\S+)", self._place.log_text("supervisor"))
        return changes[-1] in ("state=ready", "state=failed")

    def _wait_for_misbehaviour(self, role: str) -> None:
        wait_until(lambda: bool(self._orders[role].done()), f"the {role} worker misbehaves")

    def _wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in self._place.log_text("supervisor"), f"the supervisor logs {text}")

    def _read_new(self, role: str) -> str:
        text = self._place.log_text(role)
        already = self._read.get(role, 0)
        self._read[role] = len(text)
        return text[already:]


class Matrix:
    """Runs cells in the background; a context manager."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        """Run the cells that are wanted, and no other."""
        self._outcomes: dict[Cell, Future[Outcome]] = {cell: Future() for cell in cells}
        self._undisturbed: Future[Outcome] = Future()
        self._pool = ThreadPoolExecutor(AT_ONCE)
        groups = [
            (roles, fault, wanted)
            for fault in dict.fromkeys(cell.fault for cell in self._outcomes)
            for roles in groups_of(fault)
            if (wanted := self._wanted(roles, fault))
        ]
        for number, (roles, fault, wanted) in enumerate(groups):
            self._pool.submit(self._run, roles, fault, wanted, is_first=number == 0)

    @property
    def undisturbed(self) -> Outcome:
        """A session in which nobody misbehaves."""
        return self._undisturbed.result()

    def outcome(self, cell: Cell) -> Outcome:
        """What a cell did, once it is done."""
        return self._outcomes[cell].result()

    def close(self) -> None:
        """Begin no other."""
        self._pool.shutdown(cancel_futures=True)

    def _wanted(self, roles: Sequence[str], fault: str) -> list[Cell]:
        cells = [Cell(role, fault, moment) for role in roles for moment in MOMENTS]
        return [cell for cell in cells if cell in self._outcomes]

    def _run(self, roles: Sequence[str], fault: str, wanted: Sequence[Cell], *, is_first: bool) -> None:
        with allow(GROUP_SECONDS), voicestream_place() as place:
            try:
                group = Group(place, roles, fault)
                try:
                    if is_first:
                        # Before anybody was told to misbehave.
                        self._undisturbed.set_result(group.session("never"))
                    self._run_cells(group, wanted)
                finally:
                    group.close()
            except Exception as error:  # noqa: BLE001 - it belongs to the tests of the cells
                error.add_note("".join(place.log_text(name)[-4000:] for name in ("supervisor", *roles)))
                if is_first and not self._undisturbed.done():
                    self._undisturbed.set_exception(error)
                for cell in wanted:
                    if not self._outcomes[cell].done():
                        self._outcomes[cell].set_exception(error)

    def _run_cells(self, group: Group, wanted: Sequence[Cell]) -> None:
        stop = [cell for cell in wanted if cell.moment == "stop"]
        for role in dict.fromkeys(cell.role for cell in wanted):
            cells = [cell for cell in wanted if cell.role == role and cell not in stop]
            outcomes = group.cells(role, [cell.moment for cell in cells])
            for cell, outcome in zip(cells, outcomes, strict=True):
                self._outcomes[cell].set_result(outcome)
        if stop:
            for cell, outcome in zip(stop, group.stop([cell.role for cell in stop]), strict=True):
                self._outcomes[cell].set_result(outcome)
