"""The fault matrix as data: for each role, fault and moment what is to be seen. ``test_matrix`` runs and compares it.

A cell is a session of four sentences (0 alone in a line, 1 and the marked 2 in one line, 3 alone) and a worker that
misbehaves once, or with every worker that gets the marked sentence. Where a fault cannot literally happen at a moment,
the cell is the nearest thing that can:

- ``wrong protocol`` and ``slow start`` happen when a worker starts, so at each moment the worker of then is killed and
  the one that takes its place has the fault; with ``stop`` everything is ended while that one starts.
- ``raises`` and ``hangs`` come back with the marked sentence, in mid-job and at the commit; a worker that has nothing
  in hand, or is told to end, does it once.
- ``ignores TERM`` gets a SIGTERM from outside and goes on with what it was doing; told to end, it hangs besides.
- ``garbage frame`` goes out beside the right messages, and at the commit in place of the one that tells of it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from helpers.faults.misbehaviour import MARKED, WRONG_PROTOCOL
from voicestream.protocol.messages import PROTOCOL_VERSION

ROLES = ("parser", "translation", "tts", "player")
FAULTS = (
    "hangs",
    "slow start",
    "SIGSTOP",
    "ignores TERM",
    "raises",
    "wrong protocol",
    "garbage frame",
    "exit 78",
    "segfault",
    "SIGKILL",
    "exit 0",
    "exit 1",
)
"""Those with the longest waits first: they are started in this order."""
MOMENTS = ("idle", "mid-job", "commit", "stop")

LINGERING = ("hangs", "SIGSTOP")
"""Faults of workers that do not end when they are told to, beside which others are to end unharmed."""

LIMIT_SECONDS = 4.0
"""For silence and for a job: short, so that the matrix is quick, and many times what workers on a busy machine need."""

Sound = Literal["whole", "without the marked", "part of the marked", "marked in another voice", "only a beginning"]


@dataclass(frozen=True)
class Cell:
    """One cell."""

    role: str
    fault: str
    moment: str

    def __str__(self) -> str:
        return f"{self.role}-{self.fault}-{self.moment}".replace(" ", "_")


@dataclass(frozen=True)
class Lost:
    """What the session is told about what was not done."""

    event: str
    stage: str
    sentence: int | None = MARKED


@dataclass(frozen=True)
class Expectation:
    """What is to be seen."""

    ends: str | None = None
    """Pattern of how each worker that misbehaved ended; None: it went on."""
    workers: int = 1
    """How many misbehave."""
    exit_code: int = 0
    lost: Lost | None = None
    played: tuple[int, ...] = (0, 1, 2, 3)
    """With exit code 78: at least these."""
    sound: Sound = "whole"
    steps: tuple[str, ...] = ()
    """Of the ladder on which the supervisor ended it."""
    worker_log: str = ""
    """Words in the log of the role."""
    supervisor_log: str = ""
    """Pattern in the supervisor's log."""
    successor: str | None = None
    """Pattern of how the worker that took its place ended."""
    reason: str = r"{words}: its configuration is wrong; last: exit 78 \(.+\nTry: voicestream workers logs {role}"
    """With exit code 78: pattern of what the person reads at the end."""


_KILL = ("kill",)
_WHOLE_LADDER = ("drain", "stop", "term", "kill")
_JOB_ALARM = rf"SIGKILL \(kill: its job got no further for {LIMIT_SECONDS:g} s\)"
_ANY_ALARM = rf"SIGKILL \(kill: (silent|its job got no further) for {LIMIT_SECONDS:g} s\)"
_DIED = r"\((died|kill: it has closed its lifeline)\)"
"""On a machine that is very busy a process that ends has closed its lifeline long before it can be reaped."""

_RAISED = rf"(exit 1|SIGKILL) {_DIED}"
_KILLED = rf"SIGKILL {_DIED}"
_TOLD_TO_END = r"\((drain|stop|term|kill): shutdown\)"
"""An interpreter takes its time to end, and the ladder goes on meanwhile."""

_OTHER_PROTOCOL = (
    # It looks at Stop when it has loaded, and may be a little late with that.
    rf"(exit 0|SIGTERM|SIGKILL) \((stop|term|kill): it speaks protocol {WRONG_PROTOCOL}, "
    rf"the supervisor {PROTOCOL_VERSION}\)"
)
_OTHER_REASON = (
    rf"{{words}}: it speaks protocol {WRONG_PROTOCOL}, the supervisor {PROTOCOL_VERSION}\n.+ Try: voicestream down"
)
_GARBAGE = r"dropped=\d+ reason=malformed peer='{role}\.\d+[^']*'"


def _death(how: str, worker_log: str = "") -> dict[str, Expectation]:
    """The process is gone at once: another does the work, and nothing is lost or doubled."""
    died = Expectation(ends=rf"{how} {_DIED}", worker_log=worker_log)
    told = Expectation(ends=rf"{how} \(drain: shutdown\)", worker_log=worker_log, steps=("drain",))
    return {"idle": died, "mid-job": died, "commit": died, "stop": told}


def _every_moment_but_stop(expectation: Expectation, stop: Expectation) -> dict[str, Expectation]:
    return {"idle": expectation, "mid-job": expectation, "commit": expectation, "stop": stop}


_FAILED = Expectation(
    ends=rf"exit 78 {_DIED}",
    exit_code=78,
    played=(0,),
    sound="only a beginning",
    supervisor_log=r"role={role} incarnation=\d+ state=failed",
)

_BY_FAULT: dict[str, dict[str, Expectation]] = {
    "SIGKILL": _death("SIGKILL"),
    "SIGSTOP": {
        "idle": Expectation(ends=rf"SIGKILL \(kill: silent for {LIMIT_SECONDS:g} s\)", steps=_KILL),
        "mid-job": Expectation(ends=_ANY_ALARM, steps=_KILL),
        "commit": Expectation(ends=_ANY_ALARM, steps=_KILL),
        "stop": Expectation(ends=r"SIGKILL \(kill: shutdown\)", steps=_WHOLE_LADDER),
    },
    "exit 0": _death("exit 0"),
    "exit 1": _death("exit 1"),
    "exit 78": _every_moment_but_stop(_FAILED, _death("exit 78")["stop"]),
    "segfault": _death("SIGSEGV", worker_log="Fatal Python error: Segmentation fault"),
    "raises": _every_moment_but_stop(
        Expectation(ends=_RAISED, worker_log="MisbehaviourError"),
        Expectation(ends=rf"(exit 1|SIGTERM|SIGKILL) {_TOLD_TO_END}", worker_log="MisbehaviourError"),
    ),
    "hangs": _every_moment_but_stop(
        # Idle: nobody can tell it from one that waits, until there is something to do.
        Expectation(ends=_JOB_ALARM, steps=_KILL),
        Expectation(ends=r"SIGKILL \(kill: shutdown\)", steps=_WHOLE_LADDER),
    ),
    "garbage frame": _every_moment_but_stop(
        Expectation(supervisor_log=_GARBAGE),
        Expectation(ends=rf"(exit 0|SIGTERM|SIGKILL) {_TOLD_TO_END}", worker_log="state=stopping reason=drain"),
    ),
    "wrong protocol": _every_moment_but_stop(
        # No other is tried: of what is installed now, none would fit.
        Expectation(
            ends=_KILLED,
            exit_code=78,
            played=(0,),
            sound="only a beginning",
            supervisor_log=_FAILED.supervisor_log,
            reason=_OTHER_REASON,
            successor=_OTHER_PROTOCOL,
        ),
        Expectation(ends=_KILLED, successor=_OTHER_PROTOCOL),
    ),
    "slow start": _every_moment_but_stop(
        # Longer than the limit for silence, which does not count before it is ready.
        Expectation(ends=_KILLED),
        Expectation(ends=_KILLED, successor=r"SIGKILL \(kill: shutdown\)"),
    ),
    "ignores TERM": _every_moment_but_stop(
        Expectation(), Expectation(ends=r"SIGKILL \(kill: shutdown\)", steps=_WHOLE_LADDER)
    ),
}


def _given_up(ends: str, steps: tuple[str, ...], worker_log: str = "") -> dict[tuple[str, str], Expectation]:
    """The marked sentence costs every worker that gets it: giving up after three, and all others are played."""

    def three(lost: Lost, played: tuple[int, ...], sound: Sound) -> Expectation:
        return Expectation(
            ends=ends,
            workers=3,
            exit_code=1,
            lost=lost,
            played=played,
            sound=sound,
            steps=steps,
            worker_log=worker_log,
        )

    line = Lost("failed", "parser", None)
    original = three(Lost("failed", "translation"), (0, 1, 2, 3), "marked in another voice")
    rest_is_missing = three(Lost("skipped", "tts"), (0, 1, 3), "part of the marked")
    return {
        # What stood behind the line is found under ordinals of its own.
        ("parser", "mid-job"): three(line, (0, 1, 2), "without the marked"),
        # All of the line was found, told and is played; that it was given up is said nevertheless.
        ("parser", "commit"): three(line, (0, 1, 2, 3), "whole"),
        ("translation", "mid-job"): original,
        ("translation", "commit"): original,
        ("tts", "mid-job"): rest_is_missing,
        ("tts", "commit"): rest_is_missing,
        ("player", "mid-job"): three(Lost("failed", "player"), (0, 1, 3), "part of the marked"),
        # The cursor in the pool says that all was played: it costs one worker, and nothing is heard twice.
        ("player", "commit"): Expectation(ends=ends, steps=steps, worker_log=worker_log),
    }


_BY_ROLE: dict[str, dict[tuple[str, str], Expectation]] = {
    "raises": _given_up(_RAISED, (), worker_log="MisbehaviourError"),
    "hangs": _given_up(_JOB_ALARM, _KILL),
    "garbage frame": {
        # The next InputConsumed says the same and more.
        ("parser", "commit"): Expectation(supervisor_log=_GARBAGE),
        ("translation", "commit"): Expectation(ends=_JOB_ALARM, steps=_KILL, supervisor_log=_GARBAGE),
        # The next stretch does not follow: the same worker makes the sentence again from there.
        ("tts", "commit"): Expectation(supervisor_log=_GARBAGE),
        ("player", "commit"): Expectation(ends=_JOB_ALARM, steps=_KILL, supervisor_log=_GARBAGE),
    },
    "exit 78": {
        # The cursor in the pool says that the marked sentence was played.
        ("player", "commit"): Expectation(
            ends=_FAILED.ends,
            exit_code=78,
            played=(0, 1, 2),
            sound="only a beginning",
            supervisor_log=_FAILED.supervisor_log,
        ),
    },
}

CELLS = [Cell(role, fault, moment) for fault, role, moment in itertools.product(FAULTS, ROLES, MOMENTS)]
"""All of them, in the order in which they are run."""


def expectation_of(cell: Cell) -> Expectation:
    """What is to be seen in a cell."""
    by_role = _BY_ROLE.get(cell.fault, {}).get((cell.role, cell.moment))
    return by_role or _BY_FAULT[cell.fault][cell.moment]


def groups_of(fault: str) -> tuple[tuple[str, ...], ...]:
    """The roles whose cells of a fault share a supervisor, at whose end all of them misbehave at once.

    Of the lingering faults two other roles have the supervisor with them, and are to end unharmed.
    """
    return (("parser", "tts"), ("translation", "player")) if fault in LINGERING else (ROLES,)


def together(cell: Cell) -> tuple[str, ...]:
    """The roles that misbehave in a cell."""
    if cell.moment != "stop":
        return (cell.role,)
    return next(roles for roles in groups_of(cell.fault) if cell.role in roles)


def comes_back(cell: Cell) -> bool:
    """Whether every worker that gets the marked sentence has the fault."""
    return cell.fault in ("raises", "hangs") and cell.moment in ("mid-job", "commit")
