"""Workers without processes: they take the ledger's commands and answer, die and come back as a test says.

Each worker has an inbox of what was sent to its incarnation of now; ``step`` lets it do one small thing, ``lose`` ends
it with whatever it had in hand. The first worker of a role has the name of the role, the next ``tts:1``.
What the player hands over is kept frame by frame, so that a test can compare it with what was made.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicestream.protocol.audio_pool import SLOT_FRAMES, Cursor
from voicestream.protocol.messages import (
    AudioPlayed,
    AudioWritten,
    Cancel,
    Cancelled,
    CloseOutput,
    Lease,
    OpenOutput,
    OutputOpened,
    OutputOptions,
    ParserOptions,
    Play,
    PlaybackFinished,
    PlaybackStarted,
    Ready,
    SentenceFound,
    SessionEvent,
    SessionOptions,
    Silence,
    Speak,
    Translate,
    Translated,
    TranslatedSentence,
    TranslationOptions,
    WorkFailed,
)
from voicestream.supervisor.ledger.commands import (
    PARSER,
    ChooseVoice,
    Closed,
    Report,
    Send,
    SessionWorkers,
    VoiceRoute,
    WorkerId,
)
from voicestream.supervisor.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.messages import FromWorker, OutputKind, Role, ToWorker
    from voicestream.supervisor.ledger.commands import Command

WORKING_ROLES: tuple[Role, ...] = ("translation", "tts", "player")

SECOND_ENGINES: tuple[str, ...] = ("translation:1", "tts:1")
"""Names of the second workers of the roles that have several."""

FRAMES_PER_CHARACTER = 2_000
CHUNK_FRAMES = 5_000
HEARD_STEP = 500
"""Of what is heard, every frame whose number is a multiple of this is kept."""


UNTRANSLATABLE = "untranslatable"
"""The translator says of this text that it has found no translation."""


def options(
    *,
    target: str = "nl",
    max_lag_seconds: float = 0.0,
    beams: int = 1,
    keep: Iterable[str] = (),
    output: OutputKind = "null",
    **more: Any,  # noqa: ANN401 - fields of SessionOptions
) -> SessionOptions:
    """A session of English, translated into Dutch, to nowhere; one with the target ``en`` needs no translation."""
    return SessionOptions(
        parser=ParserOptions(),
        output=OutputOptions(kind=output),
        target=target,
        translation=TranslationOptions(beams=beams, keep=list(keep)),
        max_lag_seconds=max_lag_seconds,
        **more,
    )


def worker_id(name: str) -> WorkerId:
    """The worker of a name."""
    role, _, number = name.partition(":")
    return WorkerId(role, int(number or 0))  # type: ignore[arg-type]


def name_of(worker: WorkerId) -> str:
    """The name of a worker."""
    return f"{worker.role}:{worker.number}" if worker.number else worker.role


@dataclass
class _Speaking:
    job: Speak
    slots: list[int]
    used: int = 0
    done: int = 0


@dataclass
class World:
    """A ledger with simulated workers around it."""

    slots: int = 16
    poison: frozenset[str] = frozenset()
    """Texts at which tts fails, always."""
    device: str = "cpu"
    """Where all workers compute."""
    names: tuple[str, ...] = WORKING_ROLES
    """Of all workers."""
    voices: dict[str, str] = field(default_factory=dict[str, str])
    """The tts worker for each language that has one of its own."""
    batch_size: int = 1
    """Sentences that each voice takes at once; they get their sound in turns."""
    compares_sound: bool = True
    """What is played must be what was made; False where a test lets workers lie about that."""
    now: float = 0.0
    events: list[SessionEvent] = field(default_factory=list[SessionEvent])
    closed: list[Closed] = field(default_factory=list[Closed])
    heard: dict[tuple[str, int], list[int]] = field(default_factory=dict[tuple[str, int], list[int]])
    """For each sentence the frames handed over, as often as they were."""
    order: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Sentences in the order in which they were first heard."""

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.slots)
        self.inbox: dict[str, collections.deque[ToWorker]] = {role: collections.deque() for role in self.names}
        self.alive: set[str] = set()
        self.cursor = Cursor(serial=0, frame=0)
        self.pool: dict[tuple[int, int], tuple[str, int, int]] = {}
        """(slot, frame in it): the sentence and frame whose sample is there."""
        self.speaking: dict[str, list[_Speaking]] = collections.defaultdict(list)
        """By tts worker."""
        self.choices: collections.deque[ChooseVoice] = collections.deque()
        """Voices that the ledger has asked for."""
        self._finishing: collections.deque[PlaybackFinished] = collections.deque()
        self._found: collections.Counter[str] = collections.Counter()
        self.texts: dict[tuple[str, int], str] = {}
        self.messages: dict[tuple[str, int], int] = {}
        self.given: dict[tuple[str, int], float] = {}
        """When the player was first told of a sentence."""

    def start(self, names: Iterable[str] | None = None) -> None:
        """Workers become ready; None: all of them."""
        for name in self.names if names is None else names:
            if name not in self.alive:
                self.alive.add(name)
                ready = Ready(engine="simulated", device=self.device, batch_size=self.batch_size)
                self.do(self.ledger.handle(worker_id(name), ready, self.now))
                self.do(self.ledger.worker_available(worker_id(name), self.now))

    def open(
        self,
        session: str,
        *,
        target: str = "nl",
        max_lag_seconds: float = 0.0,
        beams: int = 1,
        detach: bool = False,
        translator: str = "translation",
        tts: str = "tts",
        is_now: bool = False,
        **more: Any,  # noqa: ANN401 - fields of SessionOptions
    ) -> None:
        """A session begins."""
        wanted = options(target=target, max_lag_seconds=max_lag_seconds, beams=beams, **more)
        workers = SessionWorkers(
            translator=None if target == "en" else worker_id(translator),
            voice=VoiceRoute(worker_id(tts)),
            follows_language=bool(self.voices),
        )
        self.do(self.ledger.open_session(session, wanted, workers, self.now, detach=detach, is_now=is_now))

    def find(
        self,
        session: str,
        text: str,
        message: int = 0,
        *,
        paragraph: bool = False,
        closes: bool = False,
        language: str = "en",
    ) -> None:
        """The parser finds the next sentence."""
        sentence = self._found[session]
        self._found[session] += 1
        self.texts[session, sentence] = text
        self.messages[session, sentence] = message
        found = SentenceFound(
            session=session,
            sentence=sentence,
            message=message,
            text=text,
            language=language,
            paragraph=paragraph,
            closes=closes,
        )
        self.do(self.ledger.handle(PARSER, found, self.now))

    def end_input(self, session: str) -> None:
        """The parser has read all of a session."""
        self.do(self.ledger.input_progressed(session, None, self.now, found=self._found[session], ended=True))

    def hand_over(self, session: str) -> None:
        """The client of a session leaves; the parser has read all of it."""
        self.ledger.state.queue(session, is_complete=True)
        self.end_input(session)

    def hold(self, session: str, *, held: bool) -> None:
        """The client of a session is suspended, or goes on."""
        self.do(self.ledger.hold_session(session, held=held, now=self.now))

    def choose_voice(self) -> bool:
        """The voice of a language is chosen; False when none was asked for."""
        if not self.choices:
            return False
        choice = self.choices.popleft()
        self.route(choice.session, choice.language, self.voices.get(choice.language, "tts"))
        return True

    def route(self, session: str, language: str, name: str) -> None:
        """From now on a worker speaks a language."""
        voice = VoiceRoute(worker_id(name))
        self.do(self.ledger.voice_chosen(session, language, voice, self.now, reason="another voice"))

    def lose(self, name: str, *, counts_as_failure: bool = True) -> None:
        """A worker is gone, with what it had in hand."""
        if name not in self.alive:
            return
        self.forget(name)
        lost = self.ledger.lost(worker_id(name), "lost", self.cursor, self.now, counts_as_failure=counts_as_failure)
        self.do(lost)

    def forget(self, name: str) -> None:
        """All that a worker had in hand is gone with it."""
        self.alive.discard(name)
        self.inbox[name].clear()
        self.speaking[name].clear()
        if name == "player":
            self._finishing.clear()

    def step(self, name: str) -> bool:
        """A worker does one small thing; False when it has nothing to do."""
        if name not in self.alive:
            return False
        self.now += 0.001
        if self.speaking[name]:
            return self._listen(name) or self._make_sound(name)
        if name == "player" and len(self._finishing) > (1 if self.inbox[name] else 0):
            self._answer("player", self._finishing.popleft())
            return True
        if not self.inbox[name]:
            return False
        message = self.inbox[name].popleft()
        match worker_id(name).role:
            case "translation":
                self._translate(name, message)
            case "tts":
                self._begin_speaking(name, message)
            case "player":
                self._play(message)
            case _:
                raise AssertionError(name)
        return True

    def settle(self, most: int = 100_000) -> None:
        """Everybody is alive and works until nothing is left to do."""
        self.start()
        for _ in range(most):
            if not self._step_all():
                self.now += 5.0
                self.do(self.ledger.tick(self.now))
                if not self._step_all():
                    return
        raise AssertionError("it does not come to an end")

    def _step_all(self) -> bool:
        """Everybody does one small thing; False when nobody had anything to do."""
        worked = [self.step(name) for name in self.names]
        return any([self.choose_voice(), *worked])

    def do(self, commands: Iterable[Command]) -> None:
        """Carry out the ledger's commands."""
        for command in commands:
            match command:
                case Send(worker=worker, message=message):
                    role = name_of(worker)
                    if isinstance(message, Play):
                        self.given.setdefault((message.session, message.sentence), self.now)
                    if role in self.inbox and role in self.alive:
                        self.inbox[role].append(message)
                case Report(event=event):
                    self.events.append(event)
                case ChooseVoice():
                    self.choices.append(command)
                case Closed():
                    self.closed.append(command)

    def _answer(self, name: str, message: FromWorker) -> None:
        self.do(self.ledger.handle(worker_id(name), message, self.now))

    def _translate(self, name: str, message: ToWorker) -> None:
        if isinstance(message, Translate):
            # Between two parts, as between two messages, anything may happen: the others wait in the inbox.
            part, *others = message.parts
            if others:
                self.inbox[name].appendleft(Translate(parts=others))
            done = [
                TranslatedSentence(
                    session=one.session,
                    sentence=one.sentence,
                    text=one.text,
                    failure="no good" if one.text == UNTRANSLATABLE else "",
                )
                for one in part.sentences
            ]
            self._answer(name, Translated(batch=part.batch, language=part.target, engine="none", sentences=done))

    def _begin_speaking(self, name: str, message: ToWorker) -> None:
        match message:
            case Speak():
                if message.text in self.poison:
                    self._answer(
                        name,
                        WorkFailed(
                            session=message.session, sentence=message.sentence, attempt=message.attempt, reason="poison"
                        ),
                    )
                else:
                    work = _Speaking(job=message, slots=list(message.slots), done=message.skip_frames)
                    self.speaking[name].append(work)
            case Lease():
                for work in self.speaking[name]:
                    if (message.session, message.sentence) == (work.job.session, work.job.sentence):
                        work.slots.extend(message.slots)
            case Cancel():
                for work in list(self.speaking[name]):
                    if (message.session, message.sentence) == (work.job.session, work.job.sentence):
                        self.speaking[name].remove(work)
                self._answer(name, Cancelled(session=message.session, sentence=message.sentence))
            case _:
                pass

    def _listen(self, name: str) -> bool:
        """A voice that speaks takes a message; one that speaks a single sentence, only if it is about that one."""
        keys = [(work.job.session, work.job.sentence) for work in self.speaking[name]]
        for message in self.inbox[name]:
            is_own = isinstance(message, Cancel | Lease) and (message.session, message.sentence) in keys
            if self.batch_size > 1 or is_own:
                self.inbox[name].remove(message)
                self._begin_speaking(name, message)
                return True
        return False

    def _make_sound(self, name: str) -> bool:
        """The first sentence with something to do gets a chunk, and is then the last in turn."""
        for work in self.speaking[name]:
            if work.slots or work.done >= len(work.job.text) * FRAMES_PER_CHARACTER:
                self.speaking[name].remove(work)
                self.speaking[name].append(work)
                self._make_chunk(name, work)
                return True
        return False

    def _make_chunk(self, name: str, work: _Speaking) -> None:
        job = work.job
        total = len(job.text) * FRAMES_PER_CHARACTER
        written = {"session": job.session, "sentence": job.sentence, "attempt": job.attempt}
        if work.done >= total:
            self.speaking[name].remove(work)
            self._answer(name, AudioWritten(**written, slot=0, start=0, frames=0, last=True))
            return
        slot, start = work.slots[0], work.used
        frames = min(CHUNK_FRAMES, SLOT_FRAMES - start, total - work.done)
        for stale in [where for where in self.pool if where[0] == slot and where[1] >= start]:
            del self.pool[stale]
        self.pool[slot, start] = (job.session, job.sentence, work.done)
        work.done += frames
        work.used += frames
        if work.used == SLOT_FRAMES:
            work.slots.pop(0)
            work.used = 0
        self._answer(name, AudioWritten(**written, slot=slot, start=start, frames=frames))

    def _play(self, message: ToWorker) -> None:
        match message:
            case OpenOutput():
                self._answer("player", OutputOpened(session=message.session, description="nowhere"))
            case Play():
                self._hand_over(message)
            case Cancel():
                self._drop(message.session, message.sentence)
                self._answer("player", Cancelled(session=message.session, sentence=message.sentence))
            case Silence():
                self._drop(message.session, None)
                self._answer("player", Cancelled(session=message.session))
            case CloseOutput():
                pass
            case _:
                pass

    def _drop(self, session: str, sentence: int | None) -> None:
        for done in list(self._finishing):
            if done.session == session and sentence in (None, done.sentence):
                self._finishing.remove(done)
        kept = [
            m
            for m in self.inbox["player"]
            if not (isinstance(m, Play) and m.session == session and sentence in (None, m.sentence))
        ]
        self.inbox["player"] = collections.deque(kept)

    def _hand_over(self, play: Play) -> None:
        key = (play.session, play.sentence)
        if key not in self.heard:
            self.heard[key] = []
            self.order.append(key)
        if play.frames and self.compares_sound:
            written = {at: what for (slot, at), what in self.pool.items() if slot == play.slot and at <= play.start}
            at = max(written)
            session, sentence, frame = written[at]
            frame += play.start - at
            if (session, sentence, frame) != (*key, play.frame):
                raise AssertionError(f"slot {play.slot} holds {session, sentence, frame}, played as {key, play.frame}")
        self.heard[key].extend(range(play.frame, play.frame + play.frames, HEARD_STEP))
        self._answer("player", PlaybackStarted(session=play.session, sentence=play.sentence))
        self.cursor = Cursor(serial=play.serial, frame=play.frame + play.frames)
        self._answer("player", AudioPlayed(session=play.session, sentence=play.sentence, frame=self.cursor.frame))
        if play.last:
            # Heard a little after it was handed over: a player may die in between.
            self._finishing.append(
                PlaybackFinished(session=play.session, sentence=play.sentence, frames=self.cursor.frame)
            )
