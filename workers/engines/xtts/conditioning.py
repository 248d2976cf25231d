"""Conditioning of the model on a voice: a KV cache for the GPT and a speaker embedding for the vocoder.

Built-in speakers come with the weights. Computing that of a sample takes seconds on a CPU, so the result is cached: in
memory, and in the cache directory of the user, keyed by the sample and the model.
"""

from __future__ import annotations

import collections
import hashlib
import io
import logging
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import torch

from voicestream.atomic_files import write_whole
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models.weights import AGAIN
from voicestream.voices import cleaning, embedding_cache, names
from voicestream.workers.engines.xtts import built_in_voices
from voicestream.workers.engines.xtts.coqui import checkpoint
from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS
from voicestream.workers.engines.xtts.weights import WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.voices.sample import Sample
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.kv_cache import KvCache

_log = logging.getLogger(__name__)

MAX_CACHED: Final = 8
"""Voices in memory; 4 to 8 MB each."""

_EMBEDDING_SIZE: Final = 512
"""Size of a speaker embedding."""


@dataclass(frozen=True)
class ConditionedVoice:
    """Voice as input of the GPT and the vocoder."""

    kv_cache: KvCache
    """Positions of the voice in the GPT."""
    speaker_embedding: Tensor
    """(1, 512, 1)."""


class ConditionedVoices:
    """Cache of the voices of a model."""

    def __init__(self, directory: Path, gpt: Gpt) -> None:
        self._directory = directory
        self._gpt = gpt
        self._speakers = _read_speakers(directory / built_in_voices.FILE)
        self._cached: collections.OrderedDict[str, ConditionedVoice] = collections.OrderedDict()

    def get(self, requested: str) -> ConditionedVoice:
        """Return the voice with a name, or of the audio file at an absolute path; empty: the first built-in speaker.

        Raises:
            UsageError: there is no such voice, or the file cannot be used.
        """
        if requested in self._cached:
            self._cached.move_to_end(requested)
            return self._cached[requested]
        latents, speaker = (
            self._from_sample(cleaning.read(requested)) if Path(requested).is_absolute() else self._built_in(requested)
        )
        voice = ConditionedVoice(
            kv_cache=self._gpt.encode_voice(latents), speaker_embedding=speaker.to(self._gpt.device)
        )
        self._cached[requested] = voice
        if len(self._cached) > MAX_CACHED:
            self._cached.popitem(last=False)
        return voice

    def _built_in(self, requested: str) -> tuple[Tensor, Tensor]:
        if not self._speakers:
            raise UsageError(
                f"{self._directory} has no {built_in_voices.FILE}, so there are no voices with names",
                hint="Try: --voice FILE.wav, or fetch the model again: voicestream setup",
            )
        name = names.choose(requested, list(self._speakers), "xtts") if requested else next(iter(self._speakers))
        voice = self._speakers[name]
        return voice["gpt_cond_latent"], voice["speaker_embedding"]

    def _from_sample(self, recording: Sample) -> tuple[Tensor, Tensor]:
        file = self._cache_file(recording.content_hash)
        try:
            stored = torch.load(file, weights_only=True)
            return stored["latents"], stored["speaker"]
        except (OSError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError):
            pass  # not cached, or the file is damaged: compute it
        # The conditioning encoders are rarely needed, so they are loaded here and dropped.
        model, settings = checkpoint.read(self._directory)
        signal = torch.from_numpy(recording.samples)[None, : settings.reference_seconds * recording.sample_rate]
        with torch.inference_mode():
            latents = model.get_gpt_cond_latents(
                signal,
                recording.sample_rate,
                length=settings.reference_seconds,
                chunk_length=settings.chunk_seconds,
            )
            # The encoder squeezes its argument in place.
            speaker = model.get_speaker_embedding(signal.clone(), recording.sample_rate)
        _write_cache(file, {"latents": latents.clone(), "speaker": speaker.clone()})
        return latents, speaker

    def _cache_file(self, content_hash: str) -> Path:
        weights = self._directory / WEIGHTS
        status = weights.stat()
        key = f"{content_hash} {status.st_size} {status.st_mtime_ns} {weights.resolve()}"
        return embedding_cache.directory() / f"{hashlib.sha256(key.encode()).hexdigest()}.pt"


def zero_voice(gpt: Gpt) -> ConditionedVoice:
    """Return a voice of zeros, to warm up a model."""
    return ConditionedVoice(
        kv_cache=gpt.encode_voice(torch.zeros(1, VOICE_POSITIONS, gpt.width)),
        speaker_embedding=torch.zeros(1, _EMBEDDING_SIZE, 1, device=gpt.device),
    )


def _write_cache(file: Path, voice: dict[str, Tensor]) -> None:
    buffer = io.BytesIO()
    torch.save(voice, buffer)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(file, buffer.getvalue(), mode=0o600)
    except OSError as error:
        # The next process computes it again, in some seconds.
        _log.warning("a voice cannot be cached in %s: %s", file.parent, error)


def _read_speakers(file: Path) -> dict[str, dict[str, Tensor]]:
    """Read the built-in speakers, in file order; none without the file.

    Raises:
        EngineNotReadyError: the file is damaged.
    """
    try:
        built_in_voices.check(file)
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return {}
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    return cast("dict[str, dict[str, Tensor]]", loaded)
