"""Commands of the ledger, which the supervisor carries out, and the identifiers that occur in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from voicestream.protocol.messages import Counts, Role, SessionEvent, ToWorker


class WorkerId(NamedTuple):
    """One worker of the pool of a role; all its incarnations have the same."""

    role: Role
    number: int = 0


PARSER: Final = WorkerId("parser")
PLAYER: Final = WorkerId("player")


@dataclass(frozen=True)
class VoiceRoute:
    """The worker that speaks the sentences of one language of a session, and with which voice."""

    worker: WorkerId
    voice: str = ""
    """Name of a voice of its engine, or path of a sample; empty = the engine's default for the language."""
    any_engine: bool = False
    """No engine was named: where that of the worker does not speak a language, another may."""


@dataclass(frozen=True)
class SessionWorkers:
    """The workers of a session."""

    translator: WorkerId | None
    """None: its sentences are not translated."""
    voice: VoiceRoute
    """Speaks the sentences of all languages for which no other was chosen."""
    follows_language: bool = False
    """Whether sentences in other languages than the one to be heard may have voices of their own."""


@dataclass(frozen=True)
class Send:
    """Send a message to a worker."""

    worker: WorkerId
    message: ToWorker


@dataclass(frozen=True)
class Report:
    """Send an event to the client of a session."""

    event: SessionEvent


@dataclass(frozen=True)
class ChooseVoice:
    """Choose the voice of a language of a session (``Ledger.voice_chosen``); its sentences wait until that is done."""

    session: str
    language: str
    """BCP-47 tag."""


@dataclass(frozen=True)
class Closed:
    """A session is over."""

    session: str
    counts: Counts
    exit_code: int
    reason: str


Command = Send | Report | ChooseVoice | Closed
