"""Latency to the first sound: cold start, warm pipeline, and audible at the speakers.

Without translation, and with the command as users type it. The voice is the built-in one (espeak-ng), and in a row of
its own the human voice that ``auto`` takes where its package is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.bench import proportional_memory
from voicestream.bench.figures import Figure
from voicestream.bench.first_sound_steps import Steps
from voicestream.bench.sound_server import SoundServer, why_not
from voicestream.engines import registry
from voicestream.errors import VoicestreamError
from voicestream.models import packages
from voicestream.protocol.messages import EventName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.bench.driven_run import DrivenRun
    from voicestream.bench.sandbox import Sandbox
    from voicestream.engines.spec import SynthesizerSpec

COLD_GOAL_MILLISECONDS: Final = 1000.0
WARM_GOAL_MILLISECONDS: Final = 50.0
HUMAN_GOAL_MILLISECONDS: Final = 60.0
MEMORY_GOAL_MEGABYTES: Final = 200.0

KEEP_WARM: Final = ("--keep-alive", "5")

SENTENCES: Final = (
    "The tests pass now.",
    "I found the cause in the parser, and the fix is one line.",
    "Two of the files were never read.",
    "Next I look at the log of the failed build.",
)
"""Sentences spoken in rotation."""

HUMAN_SENTENCES: Final = (
    "I have fixed the failing test and pushed it to the main one.",
    "The parser now reads every line of the log before it closes.",
    "Two of the files were never read, so I have deleted them all.",
    "Next I look at the log of the failed build and the old tests.",
)
"""Sentences of 60 characters, spoken in rotation."""

SHORT_SENTENCES: Final = ("Done.", "Two left.", "Next.", "It works.")
"""Short sentences for measurements that wait for the end of playback."""

SILENCE_SECONDS: Final = 0.2
"""Silence before each line: the previous sentence is over, and the player still has its device open."""

LISTEN_SECONDS: Final = 10.0


def cold_start(sandbox: Sandbox, runs: int) -> Figure:
    """Measure the time from the start of ``voicestream run`` to PCM in the pool, with no supervisor running."""
    steps = Steps(EventName.SESSION_OPENED, EventName.SENTENCE_FOUND, EventName.SPEECH_STARTED)
    for number in range(runs + 1):
        run = sandbox.run("--output", "null", "--keep-alive", "0", *built_in_voice())
        run.say(SENTENCES[0])
        if number:  # the first run compiles modules and fills the page cache
            steps.add(run.started_at, run)
        run.finish()
        sandbox.wait_until_empty()
    return Figure(
        name="cold_to_pcm",
        title="cold `run` → first PCM in the pool",
        unit="ms",
        samples=steps.samples,
        goal=COLD_GOAL_MILLISECONDS,
        parts=steps.parts,
    )


def warm_start(sandbox: Sandbox, runs: int) -> Figure:
    """Measure the time from the start of ``voicestream run`` to PCM in the pool, with a running supervisor."""
    steps = Steps(EventName.SESSION_OPENED, EventName.SENTENCE_FOUND, EventName.SPEECH_STARTED)
    for number in range(runs + 1):
        run = sandbox.run("--output", "null", *KEEP_WARM, *built_in_voice())
        run.say(SENTENCES[number % len(SENTENCES)])
        if number:
            steps.add(run.started_at, run)
        run.finish()
    return Figure(
        name="warm_run_to_pcm",
        title="warm `run` → first PCM in the pool",
        unit="ms",
        samples=steps.samples,
        parts=steps.parts,
    )


def warm_latency(sandbox: Sandbox, lines: int) -> tuple[Figure, Figure]:
    """Measure the time from a line for a waiting ``run`` to PCM in the pool, and the memory of all processes."""
    run, steps = _speak_lines(sandbox, lines, SENTENCES, built_in_voice())
    held = _memory(sandbox, run)
    run.finish()
    latency = Figure(
        name="warm_to_pcm",
        title="warm line in → first PCM in the pool",
        unit="ms",
        samples=steps.samples,
        goal=WARM_GOAL_MILLISECONDS,
        parts=steps.parts,
    )
    return latency, held


def human_latency(sandbox: Sandbox, lines: int) -> Figure:
    """Measure the time from a line for a waiting ``run`` to PCM in the pool, with the human voice of ``auto``."""
    spec = human_voice()
    samples: tuple[float, ...] = ()
    parts: dict[str, float] = {}
    if spec is not None:
        run, steps = _speak_lines(sandbox, lines, HUMAN_SENTENCES, ("--tts", spec.name))
        run.finish()
        samples, parts = steps.samples, steps.parts
    return Figure(
        name="human_to_pcm",
        title=f"the same, in a human voice{f' ({spec.title})' if spec else ''}",
        unit="ms",
        samples=samples,
        goal=HUMAN_GOAL_MILLISECONDS,
        parts=parts,
        absent="" if spec else "no human voice is installed; try: pip install 'voicestream[voice]'",
    )


def human_voice() -> SynthesizerSpec | None:
    """Return the best installed voice engine that needs no models and is not built in; None if there is none."""
    ranked = registry.chosen_by_auto(registry.SYNTHESIZERS, uses_gpu=False)
    installed = (spec for spec in ranked if not spec.models and not spec.is_built_in)
    return next((spec for spec in installed if spec.packages and packages.has_all(spec)), None)


def audible_latency(sandbox: Sandbox, lines: int) -> Figure:
    """Measure the time from a line for a waiting ``run`` to the first non-zero sample at the recorder."""
    samples: list[float] = []
    absent = why_not()
    if not absent:
        with SoundServer(sandbox.home) as server:
            run = sandbox.run("--output", "speakers", *KEEP_WARM, *built_in_voice(), environment=server.environment)
            for number in range(lines + 1):
                server.wait_for_silence(SILENCE_SECONDS, LISTEN_SECONDS)
                said_at = _say(run, number, SHORT_SENTENCES)
                heard_at = server.wait_for_sound(LISTEN_SECONDS)
                if number:  # the first run opens the device
                    samples.append((heard_at - said_at) * 1000)
            run.finish()
            # Its player is connected to this server.
            sandbox.end_all()
    return Figure(
        name="warm_to_heard",
        title="warm line in → first sample heard",
        unit="ms",
        samples=tuple(samples),
        absent=absent,
    )


def built_in_voice() -> tuple[str, ...]:
    """Return the options for the voice that every machine has."""
    specs = registry.specs(registry.SYNTHESIZERS)
    return ("--tts", next(spec.name for spec in specs if spec.is_built_in))


def _speak_lines(sandbox: Sandbox, lines: int, texts: Sequence[str], options: Sequence[str]) -> tuple[DrivenRun, Steps]:
    """Speak one line that is not measured and ``lines`` that are; returns the run, which still waits, and the steps."""
    run = sandbox.run("--output", "null", *KEEP_WARM, *options)
    _say(run, 0, texts)
    steps = Steps(EventName.SENTENCE_FOUND, EventName.TRANSLATED, EventName.SPEECH_STARTED)
    for number in range(1, lines + 1):
        steps.add(_say(run, number, texts), run, number)
    return run, steps


def _say(run: DrivenRun, number: int, texts: Sequence[str]) -> float:
    """Speak one of the texts as sentence ``number`` and wait until it was played; returns the time of the write."""
    said_at = run.say(texts[number % len(texts)])
    run.wait_for(EventName.PLAYBACK_FINISHED, number)
    return said_at


def _memory(sandbox: Sandbox, run: DrivenRun) -> Figure:
    """Measure the memory of ``run``, the supervisor and the workers."""
    processes = sandbox.processes()
    pids = [run.process.pid, *(process.pid for process in processes)]
    parts = {"run": proportional_memory.proportional_bytes(run.process.pid) / 1e6}
    for process in processes:
        name = next((part for part in process.cmdline() if part.startswith("voicestream.")), "other")
        parts[name.rpartition(".")[2]] = proportional_memory.proportional_bytes(process.pid) / 1e6
    parts["pool, untouched"] = proportional_memory.untouched_pool(pids) / 1e6
    if len(parts) != len(pids) + 1:
        raise VoicestreamError(f"expected one process of each kind, found {len(processes)}")
    return Figure(
        name="memory",
        title=f"memory of all processes ({proportional_memory.KIND})",
        unit="MB",
        samples=(sum(parts.values()),),
        goal=MEMORY_GOAL_MEGABYTES,
        parts=parts,
    )
