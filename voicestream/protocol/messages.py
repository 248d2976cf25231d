"""Messages of the wire protocol: every struct that crosses a socket, and nothing else.

One message is one msgpack map in one frame. ``voicestream.protocol.transport`` encodes, decodes and validates them;
``docs/internals/protocol.md`` lists sender and receiver of each. All structs are tagged, frozen and ``kw_only``: a
restarted worker may run newer code than the supervisor, and positional encoding would then decode into the wrong field.

Units: durations in seconds, positions and lengths of audio in frames (one float32 sample of the mono pool), offsets of
input in bytes from the start of the session's input. ``session`` names one ``run``; ``sentence`` is the ordinal within
it, from 0. Both together are the id of a sentence.
"""

from __future__ import annotations

import enum
from typing import Annotated, Final, Literal

import msgspec

PROTOCOL_VERSION = 8
"""Incremented whenever two versions of this file could misunderstand each other. Every message that can begin a
conversation, and every answer to one, carries it (``protocol``, always sent); ``transport.unpack`` compares it before
any other field."""

MAX_STATE_BYTES: Final = 512 << 10
"""Largest parser state (``InputConsumed.state``): it must fit a frame together with a session's options. A normal one
has some kilobytes. The parser obeys the limit, and the supervisor refuses a larger one."""

Role = Literal["parser", "translation", "tts", "player"]
EngineRole = Literal["translation", "tts"]
"""Roles whose engine can compute on a device of its own."""
Stage = Literal["parser", "translation", "tts", "player"]
WorkerState = Literal["not_started", "starting", "loading", "ready", "busy", "stopping", "backoff", "failed"]
OutputKind = Literal["speakers", "wav", "flac", "opus", "null"]
SentenceKind = Literal["speech", "agent_error"]
TurnSignal = Literal["", "chime", "name"]
PlayerSignal = Literal["", "chime"]
ExitCode = Annotated[int, msgspec.Meta(ge=0, le=255)]
Speed = Annotated[float, msgspec.Meta(ge=0.25, le=4.0)]
Volume = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
PlaybackSpeed = Annotated[float, msgspec.Meta(ge=0.5, le=3.0)]
"""Factor by which the player shortens speech, at the same pitch."""
SentenceCount = Annotated[int, msgspec.Meta(ge=1, le=1000)]
NonNegativeSeconds = Annotated[float, msgspec.Meta(ge=0.0)]
"""Seconds without upper limit."""
FirstByteSeconds = Annotated[float, msgspec.Meta(ge=0.1, le=10.0)]
Beams = Annotated[int, msgspec.Meta(ge=1, le=16)]
GpuIndex = Annotated[int, msgspec.Meta(ge=0, le=999)]
"""Index of an NVIDIA GPU in CUDA's order."""
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
"""Reason of a refusal for programs; the text of a refusal is for people only."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Base of all messages; the tag is the class name."""


class _Versioned(_Message, frozen=True, kw_only=True, omit_defaults=False):
    """Base of messages that carry the protocol version; all their fields are always sent."""

    protocol: int = PROTOCOL_VERSION


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of structs nested in messages."""


# --- parts -----------------------------------------------------------------------------------------------------------


class ParserOptions(_Part, frozen=True, kw_only=True):
    """Parser options of one session."""

    format: str = "auto"
    only: Literal["all", "final"] = "all"
    code: Literal["drop", "announce"] = "drop"
    language: str = "en"
    """BCP-47 tag of the agent's text, used where the text itself does not show another language."""
    max_characters: int = 0
    """Longest text that the voice engine takes at once; 0 = no limit."""
    replacements: dict[str, str] = {}
    """The user's ``[speech.replace]``: a word or phrase, and its spoken form."""


class OutputOptions(_Part, frozen=True, kw_only=True):
    """Audio output of one session."""

    kind: OutputKind = "speakers"
    path: str = ""
    """Absolute path of the sound file; empty for the other kinds."""
    device: str = ""
    """Number, or name or a part of it, of a sink or a sound device; empty = the default device."""
    lead_in_seconds: NonNegativeSeconds | None = None
    """Silence before the first sound at a device that was idle; None = that of its kind of device."""


class TranslationOptions(_Part, frozen=True, kw_only=True):
    """Translation options of one session."""

    beams: Beams = 1
    """Width of the beam search; 1 = greedy decoding, the fastest."""
    keep: list[str] = []
    """Protected words, which are not translated."""
    glossary: dict[str, str] = {}
    """Glossary: words and their translation."""


class LanguageVoice(_Part, frozen=True, kw_only=True):
    """Voice of the sentences of a language."""

    engine: str
    voice: str = ""
    """As ``SessionOptions.voice``."""


class RemoteHosts(_Part, frozen=True, kw_only=True):
    """Hosts of a role's engine that runs elsewhere, and how they are addressed."""

    hosts: list[str]
    """Base URLs in order of preference: ``https://gpu.example``."""
    model: str = ""
    """Name of the model there; empty = the server's default."""
    voice: str = ""
    """Voice where no other is named; empty = the server's default."""
    chat: bool = False
    """True: translations by a chat completion."""
    token_file: str = ""
    """Absolute path of the file with the bearer token; empty = ``token_variable``."""
    token_variable: str = "VOICESTREAM_REMOTE_TOKEN"  # noqa: S105 - a name
    """Environment variable of the client with the bearer token."""
    token: str = ""
    """Its value."""
    ca_file: str = ""
    """Absolute path of certificates of authorities; empty = the system's."""
    first_byte_seconds: FirstByteSeconds = 1.5
    """Timeout of the first byte of speech."""
    extra_fields: bool = True
    """False: only the fields of OpenAI's API are sent."""


class SessionOptions(_Part, frozen=True, kw_only=True):
    """Options of one ``run``."""

    parser: ParserOptions
    output: OutputOptions
    target: str = "en"
    """BCP-47 tag of the spoken language."""
    translator: str = "auto"
    translation: TranslationOptions = TranslationOptions()
    models: str = ""
    """Absolute path of the directory of the neural engines' weights; empty = the user's."""
    compute: str = "auto"
    """Device on which neural engines compute."""
    gpus: dict[EngineRole, GpuIndex] = msgspec.field(name="cards", default_factory=dict[EngineRole, GpuIndex])
    """GPU of each role that has one of its own; the others use ``compute``. Encoded as ``cards``."""
    graphs: bool = True
    """True: engines may capture CUDA graphs."""
    tts: str = "auto"
    voice: str = ""
    """Name of a voice of the engine, or path of a sample; empty = the engine's default for the language."""
    voices: dict[str, LanguageVoice] = {}
    """Voices of sentences in other languages than ``target``, by BCP-47 tag."""
    remote: dict[EngineRole, RemoteHosts] = {}
    """Hosts of the engines named above that send text to hosts; absent for the others."""
    chooses_voices: bool = False
    """True: sentences in further languages are spoken by the best engine for the language that is ready."""
    speed: Speed = 1.0
    """1.0 = the voice's natural speed."""
    sentence_pause_seconds: NonNegativeSeconds = 0.25
    """Silence after a sentence, at the voice's natural speed."""
    paragraph_pause_seconds: NonNegativeSeconds = 0.6
    """Silence after the last sentence of a paragraph, a list item, a heading or a message."""
    keep_alive_seconds: NonNegativeSeconds = 300.0
    """Time that the supervisor keeps running after the last session."""
    max_lag_seconds: NonNegativeSeconds = 0.0
    """Greatest age of a message at the start of its playback; older ones are skipped. 0 = no limit."""
    history_days: NonNegativeSeconds = 0.0
    """Days for which the session is kept in the history; 0 = it is not recorded."""
    project: str = ""
    """Name of the session for people, by default that of the project's directory."""
    turn_signal: TurnSignal = ""
    """Signal before its first sentence after one of another session; empty = no signal."""
    quiet: bool = False
    """The client shows errors only; the note that a better engine is not ready is kept for another session."""


class SourceSentence(_Part, frozen=True, kw_only=True):
    """One sentence of a batch to be translated."""

    session: str
    sentence: int
    text: str


class TranslationPart(_Part, frozen=True, kw_only=True):
    """Sentences with the same languages and options, of any sessions."""

    batch: int
    """Number that the answer repeats."""
    source: str
    target: str
    options: TranslationOptions = TranslationOptions()
    sentences: list[SourceSentence]


class TranslatedSentence(_Part, frozen=True, kw_only=True):
    """One translated sentence of a batch."""

    session: str
    sentence: int
    text: str
    """Its translation; ignored if ``failure`` is set."""
    failure: str = ""
    """Reason why there is no usable translation; empty = there is one."""


class Counts(_Part, frozen=True, kw_only=True):
    """Counts of a session's sentences by outcome."""

    found: int = 0
    """All sentences: the sum of the next three when the session is closed."""
    played: int = 0
    skipped: int = 0
    failed: int = 0
    untranslated: int = 0
    """Sentences among those played that were spoken in the original language because translation failed."""


class Latency(_Part, frozen=True, kw_only=True):
    """Durations of a role's recent jobs in milliseconds; absent if there were none."""

    p50: float | None = None
    p95: float | None = None


class WorkerStatus(_Part, frozen=True, kw_only=True):
    """One line of ``workers status``; every field is part of the documented JSON."""

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
    """End of the previous incarnation and how it was ended: ``exit 0 (drain)``, ``SIGKILL (died)``."""
    failures: int = 0
    """Number of incarnations that ended unrequested: crashed, hung, or never started."""
    detail: str = ""
    """Loading stage, or reason of a failure."""
    sessions: int = 0
    """Number of open sessions that need the worker."""


class PlaybackSettings(_Part, frozen=True, kw_only=True, omit_defaults=False):
    """Settings of the loudspeakers for all sessions; files are not concerned."""

    speed: PlaybackSpeed = 1.0
    volume: Volume = 1.0
    """Linear gain of the samples."""
    muted: bool = False


class SupervisorStatus(_Part, frozen=True, kw_only=True):
    """The supervisor's line of ``workers status``."""

    pid: int
    version: str
    uptime_seconds: float
    sessions: int
    keep_alive_seconds: float
    run_directory: str
    free_slots: int
    total_slots: int
    frames_dropped: int
    """Received frames that were malformed, stale or unexpected."""
    memory_bytes: int
    paused: bool
    """True while playback is paused on request."""
    paused_by: str
    """``voicestream pause``, or the sessions whose clients are suspended; empty when not paused."""
    behind_seconds: float
    """Age of the oldest sentence whose playback has not started."""
    waiting_sentences: int
    """Sentences whose playback has not started."""
    speaking_session: str | None
    """The session that is being played."""
    playback: PlaybackSettings


class SessionStatus(_Part, frozen=True, kw_only=True):
    """One open session in ``status``."""

    session: str
    client_pid: int | None
    """None after the client of a detached session has ended."""
    detached: bool
    """The session continues without its client."""
    held: bool
    """The client is suspended (Ctrl-Z): this session is paused, others are played."""
    output: OutputKind
    language: str
    """BCP-47 tag of the spoken language."""
    project: str = ""
    """Name of the session for people."""
    open_seconds: float
    input_ended: bool
    text: str
    """Beginning of the sentence that is being played; empty = none of this session."""
    text_seconds: float
    """Time since the playback of that sentence started."""
    waiting_sentences: int
    """Sentences found and not played yet, without the one that is being played."""
    waiting_messages: int
    """Messages to which the waiting sentences belong."""
    behind_seconds: float
    """Age of the oldest waiting sentence; 0 = none waits."""


class SessionFailure(_Part, frozen=True, kw_only=True):
    """A detached session that ended without all of it being spoken."""

    session: str
    ended_seconds: float
    """Time since it ended."""
    counts: Counts
    reason: str
    """Reason of the first sentence that was not spoken, or of the end; empty if only input is missing."""
    unread_bytes: int
    """Bytes of input not read before the session ended."""


# --- worker -> supervisor --------------------------------------------------------------------------------------------


class Hello(_Versioned, frozen=True, kw_only=True):
    """A new process of a role has connected; sent before any heavy import."""

    role: Role
    incarnation: int
    pid: int


class Loading(_Message, frozen=True, kw_only=True):
    """Loading progress: extends the start timeout and names the stage for people."""

    stage: str
    progress: float | None = None
    """Progress from 0 to 1; None if unknown."""


class Ready(_Message, frozen=True, kw_only=True):
    """The engine is loaded and accepts jobs. Sent again after a change of device."""

    engine: str
    device: str
    note: str = ""
    """Reason for people why ``auto`` fell back to this engine; empty = it is the best one."""
    batch_size: int = 1
    """Of tts: number of sentences that the worker takes at once."""


class EngineNotice(_Message, frozen=True, kw_only=True):
    """Notice of a ready engine for people: another engine has taken over, or it is back."""

    text: str


class Beat(_Message, frozen=True, kw_only=True):
    """Heartbeat of the worker's I/O thread."""


class SentenceFound(_Message, frozen=True, kw_only=True):
    """The parser has found the next sentence of a session."""

    session: str
    sentence: int
    message: int
    """Ordinal of the assistant message within the session, from 0; round-robin scheduling switches sessions between
    messages."""
    text: str
    language: str
    kind: SentenceKind = "speech"
    paragraph: bool = False
    """True for the first sentence of a paragraph."""
    closes: bool = False
    """True if the sentence ended with its line: it closes a paragraph, a list item, a heading or a message."""


class InputNotice(_Message, frozen=True, kw_only=True):
    """A note about the input that is shown and not spoken."""

    session: str
    text: str
    lost: bool = False
    """True: words of the agent were lost, and ``text`` is the reason."""


class InputConsumed(_Message, frozen=True, kw_only=True):
    """Position of the parser, and the checkpoint from which another process can continue."""

    session: str
    received: int
    """Bytes read so far, for flow control."""
    checkpoint: int
    """Input before this offset is not needed again if a parser starts with ``state``."""
    state: bytes
    """Parser state at ``checkpoint``."""
    found: int
    """Sentences found so far, the ordinal of the next one. Compared with the received sentences at the end of input."""
    open_message: int | None = None
    """Ordinal of the assistant message that is incomplete, if any."""
    ended: bool = False
    """True after EndOfInput: no further sentence follows."""
    format: str = ""
    """Format of the input, once it is known."""


class Translated(_Message, frozen=True, kw_only=True):
    """A translated part of a batch, with every sentence in its order."""

    batch: int
    """Number of the part."""
    language: str
    engine: str
    sentences: list[TranslatedSentence]


class AudioWritten(_Message, frozen=True, kw_only=True):
    """A segment of one slot now holds samples of a sentence; segments arrive in order and do not overlap."""

    session: str
    sentence: int
    attempt: int
    slot: int
    start: int
    """First frame within the slot."""
    frames: int
    last: bool = False
    """True: the end of the sentence (``frames`` may then be 0)."""


class OutputOpened(_Message, frozen=True, kw_only=True):
    """The session's output is open."""

    session: str
    description: str
    """Name of the device or the file, for people."""


class OutputFailed(_Message, frozen=True, kw_only=True):
    """The session's output cannot be opened or has failed."""

    session: str
    reason: str
    exit_code: int


class PlaybackStarted(_Message, frozen=True, kw_only=True):
    """The first frame of a sentence was handed to the output."""

    session: str
    sentence: int


class AudioPlayed(_Message, frozen=True, kw_only=True):
    """All frames before ``frame`` were handed to the output: slots wholly before it are free."""

    session: str
    sentence: int
    frame: int


class PlaybackFinished(_Message, frozen=True, kw_only=True):
    """The last frame of a sentence was played (or written, if the output has no clock)."""

    session: str
    sentence: int
    frames: int


class Underrun(_Message, frozen=True, kw_only=True):
    """Underrun: the output played silence inside a sentence because frames came late."""

    session: str
    sentence: int
    frames: int
    """Frames of silence that were played."""


class WorkFailed(_Message, frozen=True, kw_only=True):
    """A job failed; the worker itself is intact."""

    session: str
    sentence: int
    attempt: int
    reason: str
    permanent: bool = False
    """True if a retry cannot succeed."""


class Cancelled(_Message, frozen=True, kw_only=True):
    """Answer to Cancel and Silence: the named jobs are cancelled, and their slots are not accessed any longer."""

    session: str
    sentence: int | None = None


class Stopping(_Message, frozen=True, kw_only=True):
    """The worker ends; its last frame."""

    reason: str
    exit_code: ExitCode = 0
    """Exit code the worker is about to end with; it may be killed before."""


# --- supervisor -> worker --------------------------------------------------------------------------------------------


class OpenInput(_Message, frozen=True, kw_only=True):
    """Start reading a session's input at ``offset`` from ``state``, or resume after a restart."""

    session: str
    options: ParserOptions
    offset: int = 0
    state: bytes = b""
    found: int = 0
    """Sentences found before ``offset`` if ``state`` counts fewer: those of a line that was given up."""


class ParseInput(_Message, frozen=True, kw_only=True):
    """The next bytes of a session's input."""

    session: str
    offset: int
    data: bytes
    pause: bool = False
    """True: no input followed for a while, so complete text may be spoken."""


class EndOfInput(_Message, frozen=True, kw_only=True):
    """The input of a session has ended (client to supervisor, supervisor to parser)."""

    session: str


class Translate(_Message, frozen=True, kw_only=True):
    """Translate 1 to 16 sentences; each part is answered by itself."""

    parts: list[TranslationPart]

    @property
    def sentences(self) -> list[SourceSentence]:
        """Return the sentences of all parts."""
        return [sentence for part in self.parts for sentence in part.sentences]


class Speak(_Message, frozen=True, kw_only=True):
    """Synthesize a sentence into the leased slots, in this order."""

    session: str
    sentence: int
    attempt: int
    text: str
    language: str
    voice: str
    speed: float
    seed: int
    lead_seconds: NonNegativeSeconds = 0.0
    """Silence before the sentence."""
    pause_seconds: NonNegativeSeconds = 0.0
    """Silence after the sentence."""
    any_engine: bool = False
    """No engine was named: if the loaded one does not speak the language, another may."""
    skip_frames: int
    """Frames of an earlier attempt that are in the pool: synthesize them, but do not write them."""
    slots: list[int]


class Lease(_Message, frozen=True, kw_only=True):
    """Lease of further slots for the sentence that is being synthesized."""

    session: str
    sentence: int
    attempt: int
    slots: list[int]


class OpenOutput(_Message, frozen=True, kw_only=True):
    """Open a session's output."""

    session: str
    output: OutputOptions
    position: int = 0
    """Frames of the session already played; above 0 after the player was replaced."""


class CloseOutput(_Message, frozen=True, kw_only=True):
    """Close a session's output; nothing more will be played for it."""

    session: str


class Play(_Message, frozen=True, kw_only=True):
    """Play a segment of one slot; segments of a sentence arrive in order, and sentences one after another."""

    session: str
    sentence: int
    serial: int
    """Ordinal of the sentence in playback order, which the playback cursor in the pool names."""
    position: int
    """Frame of the session's output at which the sentence (its frame 0) begins."""
    frame: int
    """Frame of the sentence at which this segment begins."""
    slot: int
    start: int
    frames: int
    last: bool = False
    signal: PlayerSignal = ""
    """Sound before the sentence, which is in no position; at loudspeakers only."""


class Pause(_Message, frozen=True, kw_only=True):
    """Pause playback (from a client: of all sessions)."""


class Resume(_Message, frozen=True, kw_only=True):
    """Resume playback at the frame where it was paused."""


class AdjustPlayback(_Message, frozen=True, kw_only=True):
    """Apply these settings to what is being played, and to all that follows."""

    settings: PlaybackSettings


class Silence(_Message, frozen=True, kw_only=True):
    """Stop playback now and drop the queue of this session; answered with Cancelled."""

    session: str


class Cancel(_Message, frozen=True, kw_only=True):
    """Cancel this sentence (None: the whole session); answered with Cancelled when that is done."""

    session: str
    sentence: int | None = None


class Drain(_Message, frozen=True, kw_only=True):
    """Drain: finish the current job, accept no other, answer with Stopping and end."""


class Stop(_Message, frozen=True, kw_only=True):
    """Shut down now, in order."""


# --- client <-> supervisor -------------------------------------------------------------------------------------------


class OpenSession(_Versioned, frozen=True, kw_only=True):
    """Request to speak the input of a client."""

    pid: int
    options: SessionOptions
    detach: bool = False
    """The session is handed over at the end of its input, and continues if the client ends before."""
    feed: str = ""
    """Key of the agent session whose hooks feed it, instead of the client: ``claude:ID``. Empty = the client sends
    the input. A key that is open already opens no other session."""
    now: bool = False
    """Its sentences go before those of all other sessions, and interrupt the sentence that is being played."""
    hush_on_prompt: bool = True
    """A prompt in the agent drops what is queued of the session; only with ``feed``."""


class SessionOpened(_Versioned, frozen=True, kw_only=True):
    """The session exists and accepts input."""

    session: str
    pid: int
    """The supervisor's process id."""
    translator: str
    """Translation engine of the session."""
    tts: str
    note: str = ""
    """Reason why ``auto`` fell back to this translator."""
    tts_note: str = ""
    """Reason why ``auto`` fell back to this voice engine, if the user should be told."""
    paused_by: str = ""
    """The cause of a pause of all playback; empty = playback is not paused."""


class Input(_Message, frozen=True, kw_only=True):
    """The next bytes of the agent's output."""

    session: str
    offset: int
    data: bytes
    pause: bool = False


class InputAccepted(_Message, frozen=True, kw_only=True):
    """The parser has read all input before ``offset``: the client gets credit for more."""

    session: str
    offset: int


class EventName(enum.StrEnum):
    """Events of a session, as ``--events`` prints them; docs/internals/protocol.md lists the fields of each."""

    SESSION_OPENED = "session_opened"
    PAUSED = "paused"
    RESUMED = "resumed"
    SENTENCE_FOUND = "sentence_found"
    ANNOUNCEMENT = "announcement"
    REPEATED = "repeated"
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
    position: int | None = None
    """Frame of the session's output at which the sentence begins; in a file, pauses included."""
    sample_rate: int | None = None
    stage: str | None = None
    reason: str | None = None
    role: str | None = None
    incarnation: int | None = None
    state: str | None = None
    progress: float | None = None
    """Progress from 0 to 1."""
    repeats: int | None = None
    """Ordinal of the sentence that is played again."""


class SessionClosed(_Message, frozen=True, kw_only=True):
    """The session has ended; everything that could be spoken was."""

    session: str
    counts: Counts
    exit_code: ExitCode
    reason: str = ""
    supervisor_ends: bool = False
    """True: it was the last session, and the supervisor does not keep running."""


class Control(_Versioned, frozen=True, kw_only=True):
    """A control command; an empty ``session`` means all. A pause of one session ends with it."""

    action: Literal[
        "pause",
        "resume",
        "skip",
        "skip_message",
        "back",
        "replay",
        "hush",
        "speed",
        "volume",
        "mute",
        "unmute",
        "stop",
        "detach",
        "shutdown",
    ]
    """``detach``: finish the session without its client, whose input has ended; answered with HandedOver."""
    session: str = ""
    sentences: SentenceCount = 1
    """Number of sentences of ``back`` and ``replay``."""
    playback: PlaybackSettings = PlaybackSettings()
    """The new value of ``speed`` or ``volume``."""


class Done(_Versioned, frozen=True, kw_only=True):
    """A Control command was carried out."""

    text: str = ""
    """Result in one line for people: ``paused``, ``nothing is being spoken``."""


class HandedOver(_Message, frozen=True, kw_only=True):
    """The supervisor continues the session alone: its input was read, and its output is open. The last frame of it."""

    session: str
    waiting_sentences: int


class StatusRequest(_Versioned, frozen=True, kw_only=True):
    """Request for Status."""


class Status(_Versioned, frozen=True, kw_only=True):
    """State of the supervisor, its workers and its sessions."""

    supervisor: SupervisorStatus
    workers: list[WorkerStatus]
    sessions: list[SessionStatus] = []
    failures: list[SessionFailure] = []
    """Failures of the last detached sessions, newest first."""
    notes: dict[EngineRole, str] = {}
    """Reasons why ``auto`` fell back to another engine."""


class RestartWorker(_Versioned, frozen=True, kw_only=True):
    """Restart the workers of a role; ``now`` kills them instead of draining them."""

    role: Role
    now: bool = False
    engine: str = ""
    """Only workers with this engine; empty = all of the role."""


class WorkerRestarted(_Versioned, frozen=True, kw_only=True):
    """The next incarnation is ready."""

    role: Role
    incarnation: int
    pid: int
    path: str
    """Shutdown step that ended the predecessor: ``drain``, ``stop``, ``term``, ``kill``."""
    seconds: float
    engine: str = ""
    remaining: int = 0
    """Number of further workers whose restart is awaited; an answer follows for each."""


class Refused(_Versioned, frozen=True, kw_only=True):
    """The request is refused; ``text`` gives the reason and the command to type next."""

    text: str
    exit_code: ExitCode
    code: RefusalCode


FromWorker = (
    Hello
    | Loading
    | Ready
    | EngineNotice
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
    | AdjustPlayback
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
"""Union against which frames are validated: a decoder for a single tagged type accepts input without a tag
(jcrist/msgspec#915)."""
