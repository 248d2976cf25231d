"""In-process baseline: the work of the four workers on one sentence, by plain calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from voicestream.bench.driven_run import agent_line
from voicestream.bench.null_engines import IdleSynthesizer, IdleTranslator
from voicestream.engines.translator import Job
from voicestream.protocol.audio_pool import AudioPool, create
from voicestream.workers.parser.pipeline import Found, Pipeline
from voicestream.workers.player.null_output import NullSink
from voicestream.workers.tts.resample import PoolRateResampler
from voicestream.workers.tts.slot_writer import SlotWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.protocol.messages import SessionOptions


def seconds_of(texts: Sequence[str], options: SessionOptions) -> list[float]:
    """Return the processor time in seconds of each text, as a message of its own."""
    bench = _Benchmark(options)
    seconds: list[float] = []
    for text in texts:
        line = agent_line(text)
        # Processor time, not elapsed time: time of other processes must not count.
        begun_at = time.thread_time()
        bench.pass_on(line)
        seconds.append(time.thread_time() - begun_at)
    bench.close()
    return seconds


class _Benchmark:
    """The workers' components in one process."""

    def __init__(self, options: SessionOptions) -> None:
        self._source, self._target = options.parser.language, options.target
        self._pipeline = Pipeline(options.parser)
        self._translator = IdleTranslator()
        self._synthesizer = IdleSynthesizer()
        self._pool = AudioPool(create(slots=1))
        self._sink = NullSink()

    def pass_on(self, line: bytes) -> None:
        """Run all stages on one line."""
        texts = [found.text for found in self._pipeline.feed(line) if isinstance(found, Found)]
        self._pipeline.checkpoint()
        for text in self._translator.translate(texts, self._source, self._target, Job()):
            writer = SlotWriter(self._pool, [0], 0)
            resampler = PoolRateResampler(self._synthesizer.sample_rate)
            for chunk in self._synthesizer.synthesize(text, self._target, "", 0):
                self._play(writer, resampler.feed(chunk))
            self._play(writer, resampler.end())

    def close(self) -> None:
        self._pool.close()

    def _play(self, writer: SlotWriter, samples: NDArray[np.float32]) -> None:
        while len(samples):
            written, samples = writer.write(samples)
            with self._pool.frames(written.slot, written.start, written.frames) as view:
                self._sink.write(written.start, view)
