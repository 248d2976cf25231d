"""Voices as the model wants them: what the GPT reads before the text, and what the vocoder is coloured by.

Those of the built-in speakers come with the weights. That of a sample takes seconds on a processor, so it is kept: in
memory, and in the user's cache by the content of the sample and the model.
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

from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models.atomic_files import write_whole
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
    from voicestream.workers.engines.xtts.kv_cache import Cache

_log = logging.getLogger(__name__)

KEPT: Final = 8
"""Voices that stay in memory; 4 to 8 MB each."""

_SPEAKER: Final = 512
"""Numbers of a speaker's embedding."""


@dataclass(frozen=True)
class Voice:
    """A voice, ready to speak."""

    read: Cache
    """By the GPT."""
    speaker: Tensor
    """(1, 512, 1)."""


class Voices:
    """All voices of a model."""

    def __init__(self, directory: Path, gpt: Gpt) -> None:
        self._directory = directory
        self._gpt = gpt
        self._speakers = _read_speakers(directory / built_in_voices.FILE)
        self._kept: collections.OrderedDict[str, Voice] = collections.OrderedDict()

    def get(self, typed: str) -> Voice:
        """The voice of a name, or of a sound file's absolute path; empty = the first of the speakers.

        Raises:
            UsageError: there is no such voice, or nothing can be made of the file.
        """
        if typed in self._kept:
            self._kept.move_to_end(typed)
            return self._kept[typed]
        latents, speaker = self._sampled(cleaning.read(typed)) if Path(typed).is_absolute() else self._named(typed)
        voice = Voice(read=self._gpt.read_voice(latents), speaker=speaker.to(self._gpt.device))
        self._kept[typed] = voice
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return voice

    def _named(self, typed: str) -> tuple[Tensor, Tensor]:
        if not self._speakers:
            raise UsageError(
                f"{self._directory} has no {built_in_voices.FILE}, so there are no voices with names",
                hint="Try: --voice FILE.wav, or fetch the model again: voicestream setup",
            )
        name = names.choose(typed, list(self._speakers), "xtts") if typed else next(iter(self._speakers))
        voice = self._speakers[name]
        return voice["gpt_cond_latent"], voice["speaker_embedding"]

    def _sampled(self, heard: Sample) -> tuple[Tensor, Tensor]:
        file = self._cache_file(heard.content_hash)
        try:
            kept = torch.load(file, weights_only=True)
            return kept["latents"], kept["speaker"]
        except (OSError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError):
            pass  # never made before, or not to be read any more: it is made again
        # The parts that listen are needed so rarely that they are read when they are, and dropped.
        model, facts = checkpoint.read(self._directory)
        signal = torch.from_numpy(heard.samples)[None, : facts.reference_seconds * heard.sample_rate]
        with torch.inference_mode():
            latents = model.get_gpt_cond_latents(
                signal,
                heard.sample_rate,
                length=facts.reference_seconds,
                chunk_length=facts.chunk_seconds,
            )
            # The encoder takes a dimension off what it is given.
            speaker = model.get_speaker_embedding(signal.clone(), heard.sample_rate)
        _keep(file, {"latents": latents.clone(), "speaker": speaker.clone()})
        return latents, speaker

    def _cache_file(self, content_hash: str) -> Path:
        weights = self._directory / WEIGHTS
        status = weights.stat()
        key = f"{content_hash} {status.st_size} {status.st_mtime_ns} {weights.resolve()}"
        return embedding_cache.directory() / f"{hashlib.sha256(key.encode()).hexdigest()}.pt"


def nobody(gpt: Gpt) -> Voice:
    """A voice that speaks like nobody, to try a model with."""
    return Voice(
        read=gpt.read_voice(torch.zeros(1, VOICE_POSITIONS, gpt.width)),
        speaker=torch.zeros(1, _SPEAKER, 1, device=gpt.device),
    )


def _keep(file: Path, voice: dict[str, Tensor]) -> None:
    held = io.BytesIO()
    torch.save(voice, held)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(file, held.getvalue(), mode=0o600)
    except OSError as error:
        # It costs the next process some seconds.
        _log.warning("a voice cannot be kept in %s: %s", file.parent, error)


def _read_speakers(file: Path) -> dict[str, dict[str, Tensor]]:
    """The built-in speakers, in the order of the file; none where there is no file.

    Raises:
        EngineNotReadyError: it is damaged.
    """
    try:
        built_in_voices.check(file)
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return {}
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=AGAIN) from error
    return cast("dict[str, dict[str, Tensor]]", loaded)
