"""End-to-end latency: from an agent's line to the first samples of its translation in the pool, all warm.

It runs the command as users type it, with supervisor and workers as processes and the neural engines in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.bench.figures import Figure
from voicestream.bench.first_sound_steps import Steps
from voicestream.bench.gpu import gpu_memory
from voicestream.bench.random_models.fixed_sentences import ANSWER, QUESTION, TARGET
from voicestream.errors import VoicestreamError
from voicestream.protocol.messages import EventName

if TYPE_CHECKING:
    from voicestream.bench.driven_run import DrivenRun
    from voicestream.bench.sandbox import Sandbox

GOAL_MILLISECONDS: Final = 45.0

WARM_UP_LINES: Final = 5
"""Unmeasured lines."""

LOADING_SECONDS: Final = 240.0
"""Timeout for both engines to load."""


def measure(sandbox: Sandbox, models: str, compute: str, lines: int, used_bytes: int | None) -> tuple[Figure, ...]:
    """Measure the latency of each line; on a GPU, the memory of all processes, too.

    Args:
        sandbox: directories of the run, the supervisor and the workers.
        models: directory with both models.
        compute: value of ``--compute``.
        lines: number of measured lines.
        used_bytes: GPU memory in use before; None: unknown.

    Raises:
        VoicestreamError: a line was not translated as expected, or not spoken.
    """
    engines = ("--to", TARGET, "--translator", "nllb", "--tts", "xtts", "--models", models, "--compute", compute)
    run = sandbox.run("--output", "null", "--keep-alive", "5", *engines)
    steps = Steps(EventName.SENTENCE_FOUND, EventName.TRANSLATED, EventName.SPEECH_STARTED)
    for number in range(WARM_UP_LINES + lines):
        said_at = run.say(QUESTION)
        _wait(run, number)
        if number >= WARM_UP_LINES:
            steps.add(said_at, run, number)
    used = gpu_memory.used_bytes()
    run.finish()
    figure = Figure(
        name="line_to_pcm",
        title="warm line in → translated → first PCM in the pool",
        unit="ms",
        samples=steps.samples,
        goal=GOAL_MILLISECONDS,
        parts=steps.parts,
    )
    if used is None or used_bytes is None:
        return (figure,)
    return figure, Figure(
        name="gpu_memory",
        title="memory of the GPU, both engines in their workers",
        unit="MB",
        samples=((used - used_bytes) / 1e6,),
    )


def _wait(run: DrivenRun, number: int) -> None:
    """Wait until a line was played, and check its translation."""
    run.wait_for(EventName.PLAYBACK_FINISHED, number, LOADING_SECONDS)
    answer = run.wait_for(EventName.TRANSLATED, number)["text"]
    if answer != ANSWER:
        raise VoicestreamError(f"the random model was to say {ANSWER!r}, and said {answer!r}")
