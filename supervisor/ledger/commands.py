"""Commands of the ledger, carried out by the supervisor, and the identifiers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from voicestream.protocol.messages import Counts, Role, SessionEvent, ToWorker


class WorkerId(NamedTuple):
    """Identifier of one worker in the pool of a role; all its incarnations share it."""

    role: Role
    number: int = 0


PARSER: Final = WorkerId("parser")
PLAYER: Final = WorkerId("player")


class VoiceRoute(FrozenRecord, frozen=True):
    """Route of one language of a session: the tts worker and the voice."""

    worker: WorkerId
    voice: str = ""
    """Name of a voice of the engine, or path of a sample; empty = default of the engine for the language."""
    any_engine: bool = False
    """True if no engine was named, so that another engine may speak languages that the worker's lacks."""


class SessionWorkers(FrozenRecord, frozen=True):
    """Workers of a session."""

    translator: WorkerId | None
    """Translation worker; None: the session needs no translation."""
    voice: VoiceRoute
    """Voice of all languages without a voice of their own."""
    follows_language: bool = False
    """True if sentences in languages other than the target may have voices of their own."""


class Send(FrozenRecord, frozen=True):
    """Send a message to a worker."""

    worker: WorkerId
    message: ToWorker


class Report(FrozenRecord, frozen=True):
    """Send an event to the client of a session."""

    event: SessionEvent


class ChooseVoice(FrozenRecord, frozen=True):
    """Choose the voice of a language of a session (``Ledger.voice_chosen``); its sentences wait until that is done."""

    session: str
    language: str
    """BCP-47 tag."""


class Closed(FrozenRecord, frozen=True):
    """A session is over."""

    session: str
    counts: Counts
    exit_code: int
    reason: str


Command = Send | Report | ChooseVoice | Closed
