"""Baseline of coqui-tts with the same model, loaded and streamed by its own code."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure
from voicestream.bench.gpu import gpu_memory
from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.bench.gpu.timing import streamed
from voicestream.bench.random_models import xtts_model
from voicestream.bench.random_models.fixed_sentences import SOURCE
from voicestream.workers.engines.xtts.coqui.importing import import_coqui

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from voicestream.bench.gpu.subprocess_tasks import TaskRequest

CHUNKS: Final = (20, 10)
"""Tokens a chunk: the library's default, and half of it."""


def measure(request: TaskRequest) -> TaskResult:
    """Measure synthesis with each chunk size."""
    from voicestream.workers.engines.xtts.synthesizer import choose_device

    warnings.simplefilter("ignore")
    where = choose_device(request.compute).name
    figures: list[Figure] = []
    with load(Path(request.models) / xtts_model.NAME) as model:
        model.to(where)
        voice = next(iter(model.speaker_manager.speakers.values()))
        for size in CHUNKS:

            def speak(size: int = size) -> Iterator[Any]:
                chunks = model.inference_stream(
                    request.sizes.spoken,
                    SOURCE,
                    voice["gpt_cond_latent"].to(where),
                    voice["speaker_embedding"].to(where),
                    stream_chunk_size=size,
                    repetition_penalty=5.0,
                    min_new_tokens=request.sizes.spoken_tokens,
                    max_new_tokens=request.sizes.spoken_tokens,
                )
                # Copied to the processor: only then the samples exist.
                return (chunk.cpu() for chunk in chunks)

            firsts, wholes, _ = streamed(speak, request.runs, request.warm_ups)
            title = f"coqui, chunks of {size}"
            figures += [
                Figure(name=f"coqui_{size}_first", title=f"{title}, first one", unit="ms", samples=firsts),
                Figure(name=f"coqui_{size}_whole", title=f"{title}, whole sentence", unit="ms", samples=wholes),
            ]
        held = gpu_memory.figure("coqui_memory", "coqui, memory after all of these", request.used_bytes)
    return TaskResult((*figures, *held), {"coqui": f"{where} float32"})


@contextlib.contextmanager
def load(directory: Path) -> Generator[Any]:
    """Load the model of a directory for the length of the block, without gradients."""
    import_coqui()
    torch: Any = importlib.import_module("torch")
    inference: Any = importlib.import_module("TTS.tts.layers.xtts.gpt_inference").GPT2InferenceModel
    config = importlib.import_module("TTS.tts.configs.xtts_config").XttsConfig()
    config.load_json(str(directory / "config.json"))
    model: Any = importlib.import_module("TTS.tts.models.xtts").Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(directory))
    model.eval()
    forward = inference.forward

    def forward_of_today(self: object, *args: object, cache: object = None, **others: object) -> object:
        """Adapt to transformers 5.24, which passes the cache by another name than coqui-tts 0.28 expects."""
        if cache is not None:
            others["past_key_values"] = cache
        return forward(self, *args, **others)

    inference.forward = forward_of_today
    try:
        with torch.inference_mode():
            yield model
    finally:
        inference.forward = forward
