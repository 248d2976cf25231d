"""Every message that crosses a socket, and nothing else.

One message is one msgpack map in one frame; ``voicestream.protocol.transport`` packs, unpacks and validates them, and
``docs/internals/protocol.md`` shows who sends which, when. All structs are tagged, frozen and ``kw_only``: a restarted
worker may run newer code than the supervisor, and positional encoding would then decode into the wrong field.

Units: durations in seconds, positions and lengths of audio in frames (one float32 sample of the mono pool), offsets of
input in bytes from the start of the session's input. ``session`` names one ``run``; ``sentence`` is the ordinal
within it, from 0; together they are the id of a sentence.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final, Literal

import msgspec

PROTOCOL_VERSION = 6
"""Raised whenever two versions of this file could misunderstand each other. Every message with which a conversation can
begin, and every answer to one, carries it (``protocol``, always sent); ``link.unpack`` compares it before it looks at
anything else of the message."""

MAX_STATE_BYTES: Final = 512 << 10
"""Of a parser's state (``InputConsumed.state``), which must fit a frame together with a session's options; an honest
one has some kilobytes. The parser keeps to it, the supervisor refuses a larger one."""

Role = Literal["parser", "translation", "tts", "player"]
EngineRole = Literal["translation", "tts"]
"""Those whose engine can compute on a device of its own."""
Stage = Literal["parser", "translation", "tts", "player"]
WorkerState = Literal["starting", "loading", "ready", "busy", "stopping", "backoff", "failed"]
OutputKind = Literal["speakers", "wav", "null"]
SentenceKind = Literal["speech", "agent_error"]
ExitCode = Annotated[int, msgspec.Meta(ge=0, le=255)]
Speed = Annotated[float, msgspec.Meta(ge=0.25, le=4.0)]
NonNegativeSeconds = Annotated[float, msgspec.Meta(ge=0.0)]
"""Seconds; no limit upwards."""
Beams = Annotated[int, msgspec.Meta(ge=1, le=16)]
GpuIndex = Annotated[int, msgspec.Meta(ge=0, le=999)]
"""Of an NVIDIA card, as CUDA counts them."""
RefusalCode = Literal[
    "other_version",
    "ending",
    "options",
    "too_many_sessions",
    "engine_in_use",
    "file_in_use",
    "unknown_session",
    "worker_failed",
    "not_available",
]
"""Reason of a refusal, for programs; the words of a refusal are for people only."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base of every message: the tag is the class name."""


class _Versioned(_Message, frozen=True, kw_only=True, omit_defaults=False):
    """Base of the messages that carry the version of the protocol: all fields are sent, whatever their values."""

    protocol: int = PROTOCOL_VERSION


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what is nested inside messages."""


# --- parts -----------------------------------------------------------------------------------------------------------


class ParserOptions(_Part, frozen=True, kw_only=True):
    """How one session's input is read."""

    format: str = "auto"
    only: Literal["all", "final"] = "all"
    code: Literal["drop", "announce"] = "drop"
    language: str = "en"
    """BCP-47 tag of the agent's words where the text itself does not show another."""
    max_characters: int = 0
    """Longest text the voice engine takes in one piece; 0 = no limit."""
    replacements: dict[str, str] = {}
    """The user's ``[speech.replace]``: word or phrase, and how it is to be said."""


class OutputOptions(_Part, frozen=True, kw_only=True):
    """Where one session's sound goes."""

    kind: OutputKind = "speakers"
    path: str = ""
    """Absolute path of the WAV file; empty for the other kinds."""
    device: str = ""
    """Part of the name of the sound device; empty = the default device."""


class TranslationOptions(_Part, frozen=True, kw_only=True):
    """How one session's sentences are translated."""

    beams: Beams = 1
    """Translations that are followed side by side in the search for the best; 1 is the fastest."""
    keep: list[str] = []
    """Words that stand in the translation as they are."""
    glossary: dict[str, str] = {}
    """Words, and what they are called in the target language."""


class SessionOptions(_Part, frozen=True, kw_only=True):
    """What one ``run`` asks for."""

    parser: ParserOptions
    output: OutputOptions
    target: str = "en"
    """BCP-47 tag of the language to be heard."""
    translator: str = "auto"
    translation: TranslationOptions = TranslationOptions()
    models: str = ""
    """Absolute path of the directory in which the neural engines find their weights; empty = the user's."""
    compute: str = "auto"
    """Device on which neural engines compute."""
    gpus: dict[EngineRole, GpuIndex] = msgspec.field(name="cards", default_factory=dict[EngineRole, GpuIndex])
    """The NVIDIA card of each role that does not leave it to ``compute``."""
    graphs: bool = True
    """Whether they may record what a GPU does again and again."""
    tts: str = "auto"
    voice: str = ""
    """Name of a voice of the engine, or path of a sample; empty = the engine's default for the language."""
    speed: Speed = 1.0
    """1.0 = the voice's natural speed."""
    sentence_pause_seconds: NonNegativeSeconds = 0.25
    """Quiet after a sentence, at the voice's natural speed,"""
    paragraph_pause_seconds: NonNegativeSeconds = 0.6
    """and after the last one of a paragraph, a list item, a heading or a message."""
    keep_alive_seconds: NonNegativeSeconds = 300.0
    """How long the supervisor stays warm after the last session."""
    max_lag_seconds: NonNegativeSeconds = 0.0
    """How old a message may be when it begins to be heard; older ones are skipped. 0 = none is."""
    quiet: bool = False
    """The client shows nothing but errors: what a better engine lacks is kept for another session."""


class SourceSentence(_Part, frozen=True, kw_only=True):
    """One sentence of a batch to be translated."""

    session: str
    sentence: int
    text: str


class TranslatedSentence(_Part, frozen=True, kw_only=True):
    """One sentence of a batch that was translated."""

    session: str
    sentence: int
    text: str
    """Its translation; not looked at where there is none."""
    failure: str = ""
    """Why there is no translation that could be heard; empty = there is."""


class Counts(_Part, frozen=True, kw_only=True):
    """What became of the sentences of a session."""

    found: int = 0
    """All of them: the sum of the next three when the session is closed."""
    played: int = 0
    skipped: int = 0
    failed: int = 0
    untranslated: int = 0
    """Of those played: spoken in the original language because translation was given up."""


class Latency(_Part, frozen=True, kw_only=True):
    """Durations of the jobs a role has done lately, in milliseconds; absent while there was none."""

    p50: float | None = None
    p95: float | None = None


class WorkerStatus(_Part, frozen=True, kw_only=True):
    """One line of ``workers status``; a field of the documented JSON each."""

    role: Role
    pid: int | None
    incarnation: int
    state: WorkerState
    engine: str
    device: str
    uptime_seconds: float
    restarts: int
    in_flight: int
    latency_ms: Latency
    memory_bytes: int
    last_exit: str | None
    """How the previous incarnation ended and on which path: ``exit 0 (drain)``, ``SIGKILL (died)``."""
    detail: str = ""
    """What it is doing while loading, or why it failed."""


class SupervisorStatus(_Part, frozen=True, kw_only=True):
    """The supervisor's own line of ``workers status``."""

    pid: int
    version: str
    uptime_seconds: float
    sessions: int
    keep_alive_seconds: float
    run_directory: str
    free_slots: int
    total_slots: int
    frames_dropped: int
    """Frames from sockets that were malformed, stale or out of place."""
    memory_bytes: int
    paused: bool
    """Nothing is heard, because a person wants it so."""
    paused_by: str
    """``voicestream pause``, or the sessions whose clients are suspended; empty when not paused."""
    behind_seconds: float
    """Age of the oldest sentence that has not begun to be heard."""
    waiting_sentences: int
    """Sentences that have not begun to be heard."""
    speaking_session: str | None
    """The session that is heard now."""


class SessionStatus(_Part, frozen=True, kw_only=True):
    """One open session, as ``status`` shows it."""

    session: str
    client_pid: int | None
    """None once the client of a detached session has ended."""
    detached: bool
    """It is finished without its client."""
    held: bool
    """Its client is suspended: nothing of it is played, other sessions are."""
    output: OutputKind
    language: str
    """BCP-47 tag of the language to be heard."""
    open_seconds: float
    input_ended: bool
    text: str
    """Beginning of the sentence that is being played; empty = none of this session is."""
    text_seconds: float
    """Since when that sentence is being played."""
    waiting_sentences: int
    """Found and not played yet, without the one that is being played."""
    waiting_messages: int
    """Messages to which they belong."""
    behind_seconds: float
    """Age of the oldest of them; 0 = nothing waits."""


class SessionFailure(_Part, frozen=True, kw_only=True):
    """The end of a detached session that was not spoken as it should be."""

    session: str
    ended_seconds: float
    """How long ago it ended."""
    counts: Counts
    reason: str
    """Of the first sentence that was not spoken, or of the end; empty if only input is missing."""
    unread_bytes: int
    """Input that was not read before the session ended."""


# --- worker -> supervisor --------------------------------------------------------------------------------------------


class Hello(_Versioned, frozen=True, kw_only=True):
    """A new process of a role is connected; sent before it imports anything heavy."""

    role: Role
    incarnation: int
    pid: int


class Loading(_Message, frozen=True, kw_only=True):
    """Still loading: extends the start-up budget and names the stage for people."""

    stage: str
    progress: float | None = None
    """0 to 1, where it is known."""


class Ready(_Message, frozen=True, kw_only=True):
    """The engine is loaded; work may come. Sent again when it has moved to another device."""

    engine: str
    device: str
    note: str = ""
    """Why a better engine was not taken, for people; empty = none was looked for."""


class Beat(_Message, frozen=True, kw_only=True):
    """The worker's I/O thread is alive."""


class SentenceFound(_Message, frozen=True, kw_only=True):
    """The parser found the next sentence of a session."""

    session: str
    sentence: int
    message: int
    """Ordinal of the assistant message within the session, from 0; sessions take turns by message."""
    text: str
    language: str
    kind: SentenceKind = "speech"
    paragraph: bool = False
    """True when it opens a paragraph."""
    closes: bool = False
    """True when it ended with its line: it closes a paragraph, a list item, a heading or a message."""


class InputNotice(_Message, frozen=True, kw_only=True):
    """Something about the input that a person should know and nobody should hear."""

    session: str
    text: str
    lost: bool = False
    """True: words of the agent were left out, and ``text`` is the reason."""


class InputConsumed(_Message, frozen=True, kw_only=True):
    """How far the parser is, and the state from which another process can go on."""

    session: str
    received: int
    """Bytes read so far: flow control."""
    checkpoint: int
    """Input before this offset is never needed again ..."""
    state: bytes
    """... if a parser starts with this state."""
    found: int
    """Sentences found so far: the ordinal of the next one. Compared with what arrived when the input has ended."""
    open_message: int | None = None
    """Ordinal of the assistant message that is still being written, if one is."""
    ended: bool = False
    """True once EndOfInput was handled: no further sentence will come."""


class Translated(_Message, frozen=True, kw_only=True):
    """A batch is done; every sentence of it is in here, in the order of the batch."""

    batch: int
    language: str
    engine: str
    sentences: list[TranslatedSentence]


class AudioWritten(_Message, frozen=True, kw_only=True):
    """A stretch of one slot now holds samples of a sentence; stretches come in order and without overlap."""

    session: str
    sentence: int
    attempt: int
    slot: int
    start: int
    """First frame within the slot."""
    frames: int
    last: bool = False
    """True: this was the end of the sentence (``frames`` may then be 0)."""


class OutputOpened(_Message, frozen=True, kw_only=True):
    """The player can play to the session's output."""

    session: str
    description: str
    """For people: the name of the device or the file."""


class OutputFailed(_Message, frozen=True, kw_only=True):
    """The player cannot play to the session's output at all."""

    session: str
    reason: str
    exit_code: int


class PlaybackStarted(_Message, frozen=True, kw_only=True):
    """The first frame of a sentence was handed to the output."""

    session: str
    sentence: int


class AudioPlayed(_Message, frozen=True, kw_only=True):
    """All frames before ``frame`` of this sentence were handed over: slots wholly before it are free."""

    session: str
    sentence: int
    frame: int


class PlaybackFinished(_Message, frozen=True, kw_only=True):
    """The last frame of a sentence was heard (or written, where the output has no clock)."""

    session: str
    sentence: int
    frames: int


class Underrun(_Message, frozen=True, kw_only=True):
    """Inside a sentence the output had to play silence because frames were missing or late."""

    session: str
    sentence: int
    frames: int
    """Frames of silence that were played in between."""


class WorkFailed(_Message, frozen=True, kw_only=True):
    """A job could not be done; the worker itself is fine."""

    session: str
    sentence: int
    attempt: int
    reason: str
    permanent: bool = False
    """True when trying again cannot help."""


class Cancelled(_Message, frozen=True, kw_only=True):
    """Answer to Cancel and Silence: what they named was let go, its slots are not touched any more."""

    session: str
    sentence: int | None = None


class Stopping(_Message, frozen=True, kw_only=True):
    """The worker ends after this; its last frame."""

    reason: str
    exit_code: ExitCode = 0
    """With which it is about to end: the process may be killed before it does."""


# --- supervisor -> worker --------------------------------------------------------------------------------------------


class OpenInput(_Message, frozen=True, kw_only=True):
    """Begin (or, after a restart, go on) reading a session's input at ``offset`` from ``state``."""

    session: str
    options: ParserOptions
    offset: int = 0
    state: bytes = b""
    found: int = 0
    """Sentences that were found before ``offset``, if the state knows of fewer: those in a line that was given up."""


class ParseInput(_Message, frozen=True, kw_only=True):
    """The next bytes of a session's input."""

    session: str
    offset: int
    data: bytes
    pause: bool = False
    """True: after these bytes nothing came for a while, so what is complete may be said."""


class EndOfInput(_Message, frozen=True, kw_only=True):
    """The input of a session has ended (client to supervisor, supervisor to parser)."""

    session: str


class Translate(_Message, frozen=True, kw_only=True):
    """Translate a batch of 1 to 16 sentences."""

    batch: int
    source: str
    target: str
    options: TranslationOptions = TranslationOptions()
    """Those of all sessions in it."""
    sentences: list[SourceSentence]


class Speak(_Message, frozen=True, kw_only=True):
    """Make the sound of a sentence and write it into the leased slots, in this order."""

    session: str
    sentence: int
    attempt: int
    text: str
    language: str
    voice: str
    speed: float
    seed: int
    lead_seconds: NonNegativeSeconds = 0.0
    """Quiet before it,"""
    pause_seconds: NonNegativeSeconds = 0.0
    """and after its last sound."""
    any_engine: bool = False
    """No engine was named: where the one that is loaded does not speak the language, another may."""
    skip_frames: int
    """Frames that are already in the pool from an attempt before: make them, do not write them."""
    slots: list[int]


class Lease(_Message, frozen=True, kw_only=True):
    """Further slots for the sentence being spoken."""

    session: str
    sentence: int
    attempt: int
    slots: list[int]


class OpenOutput(_Message, frozen=True, kw_only=True):
    """Get a session's output ready."""

    session: str
    output: OutputOptions
    position: int = 0
    """Frames of the session that were already played: more than 0 after the player was replaced."""


class CloseOutput(_Message, frozen=True, kw_only=True):
    """No more will be played for this session."""

    session: str


class Play(_Message, frozen=True, kw_only=True):
    """Play a stretch of one slot; stretches of a sentence come in order, sentences one after another."""

    session: str
    sentence: int
    serial: int
    """Counts the sentences in the order of playing; what the playback cursor in the pool names."""
    position: int
    """Frame of the session's output at which the sentence (its frame 0) begins."""
    frame: int
    """Frame of the sentence at which this stretch begins."""
    slot: int
    start: int
    frames: int
    last: bool = False


class Pause(_Message, frozen=True, kw_only=True):
    """Hold playback (client: of all that is heard)."""


class Resume(_Message, frozen=True, kw_only=True):
    """Go on with playback at the frame where it was held."""


class Silence(_Message, frozen=True, kw_only=True):
    """Be silent now and drop what is queued for this session; answered with Cancelled."""

    session: str


class Cancel(_Message, frozen=True, kw_only=True):
    """Forget this sentence (None: the whole session); answered with Cancelled once that is done."""

    session: str
    sentence: int | None = None


class Drain(_Message, frozen=True, kw_only=True):
    """Finish the job in hand, take no other, then answer with Stopping and end."""


class Stop(_Message, frozen=True, kw_only=True):
    """End now, in good order."""


# --- client <-> supervisor -------------------------------------------------------------------------------------------


class OpenSession(_Versioned, frozen=True, kw_only=True):
    """A client wants its input spoken."""

    pid: int
    options: SessionOptions
    detach: bool = False
    """The session is to be handed over at the end of its input, and goes on if the client ends before."""


class SessionOpened(_Versioned, frozen=True, kw_only=True):
    """The session exists; input may come."""

    session: str
    pid: int
    """The supervisor's process id."""
    translator: str
    """The engine that was chosen."""
    tts: str
    note: str = ""
    """Why ``auto`` did not take a better translator."""
    tts_note: str = ""
    """Why it did not take a better voice engine, if that is worth a word."""
    paused_by: str = ""
    """What keeps everything from being heard at this moment; empty = nothing does."""


class Input(_Message, frozen=True, kw_only=True):
    """The next bytes of the agent's output."""

    session: str
    offset: int
    data: bytes
    pause: bool = False


class InputAccepted(_Message, frozen=True, kw_only=True):
    """All input before ``offset`` was read by the parser: the client may send further."""

    session: str
    offset: int


class EventName(enum.StrEnum):
    """The events of a session, as ``--events`` prints them; docs/internals/protocol.md has the fields of each."""

    SESSION_OPENED = "session_opened"
    PAUSED = "paused"
    RESUMED = "resumed"
    SENTENCE_FOUND = "sentence_found"
    ANNOUNCEMENT = "announcement"
    WITHDRAWN = "withdrawn"
    TRANSLATED = "translated"
    SPEECH_STARTED = "speech_started"
    SPEECH_FINISHED = "speech_finished"
    PLAYBACK_STARTED = "playback_started"
    PLAYBACK_FINISHED = "playback_finished"
    UNDERRUN = "underrun"
    SKIPPED = "skipped"
    FAILED = "failed"
    WORKER = "worker"
    LOADING = "loading"
    NOTICE = "notice"
    HANDED_OVER = "handed_over"
    SESSION_CLOSED = "session_closed"


class SessionEvent(_Message, frozen=True, kw_only=True):
    """One event of a session, as ``--events`` prints it; fields that do not apply are absent."""

    event: EventName
    session: str
    time: float
    """Seconds on the monotonic clock."""
    sentence: int | None = None
    text: str | None = None
    language: str | None = None
    engine: str | None = None
    frames: int | None = None
    sample_rate: int | None = None
    stage: str | None = None
    reason: str | None = None
    role: str | None = None
    incarnation: int | None = None
    state: str | None = None
    progress: float | None = None
    """0 to 1."""


class SessionClosed(_Message, frozen=True, kw_only=True):
    """The session is over: all that could be spoken was."""

    session: str
    counts: Counts
    exit_code: ExitCode
    reason: str = ""
    supervisor_ends: bool = False
    """True: it was the last session and nothing is to be kept warm."""


class Control(_Versioned, frozen=True, kw_only=True):
    """A person's wish; ``session`` empty means all sessions. A pause that names a session lasts no longer than it."""

    action: Literal["pause", "resume", "skip", "replay", "hush", "stop", "detach", "shutdown"]
    """``detach``: finish the session without its client, whose input has ended; answered with HandedOver."""
    session: str = ""


class Done(_Versioned, frozen=True, kw_only=True):
    """A Control was carried out."""

    text: str = ""
    """What happened, in one line for people: ``paused``, ``nothing is being spoken``."""


class HandedOver(_Message, frozen=True, kw_only=True):
    """The supervisor finishes the session alone: its input was read, and its output is open. The last frame of it."""

    session: str
    waiting_sentences: int


class StatusRequest(_Versioned, frozen=True, kw_only=True):
    """Ask for Status."""


class Status(_Versioned, frozen=True, kw_only=True):
    """What the supervisor and its workers are doing."""

    supervisor: SupervisorStatus
    workers: list[WorkerStatus]
    sessions: list[SessionStatus] = []
    failures: list[SessionFailure] = []
    """Of the last detached sessions, the newest first."""
    notes: dict[EngineRole, str] = {}
    """Why ``auto`` took no better engine."""


class RestartWorker(_Versioned, frozen=True, kw_only=True):
    """Replace the process of a role; ``now`` kills it instead of letting it finish the job in hand."""

    role: Role
    now: bool = False


class WorkerRestarted(_Versioned, frozen=True, kw_only=True):
    """The next incarnation is ready."""

    role: Role
    incarnation: int
    pid: int
    path: str
    """How the predecessor ended: ``drain``, ``stop``, ``term``, ``kill``."""
    seconds: float


class Refused(_Versioned, frozen=True, kw_only=True):
    """The request cannot be met; ``text`` says why and what to type next."""

    text: str
    exit_code: ExitCode
    code: RefusalCode


FromWorker = (
    Hello
    | Loading
    | Ready
    | Beat
    | SentenceFound
    | InputNotice
    | InputConsumed
    | Translated
    | AudioWritten
    | OutputOpened
    | OutputFailed
    | PlaybackStarted
    | AudioPlayed
    | PlaybackFinished
    | Underrun
    | WorkFailed
    | Cancelled
    | Stopping
)

ToWorker = (
    OpenInput
    | ParseInput
    | EndOfInput
    | Translate
    | Speak
    | Lease
    | OpenOutput
    | CloseOutput
    | Play
    | Pause
    | Resume
    | Silence
    | Cancel
    | Drain
    | Stop
)

FromClient = OpenSession | Input | EndOfInput | Control | StatusRequest | RestartWorker

ToClient = (
    SessionOpened
    | InputAccepted
    | SessionEvent
    | SessionClosed
    | HandedOver
    | Done
    | Status
    | WorkerRestarted
    | Refused
)

Message = FromWorker | ToWorker | FromClient | ToClient
"""The one union that frames are validated against: a decoder for a single tagged type accepts input without a tag
(jcrist/msgspec#915)."""
