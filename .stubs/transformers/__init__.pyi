from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self

from torch import Tensor, device, dtype
from torch.nn import Module

class GenerationConfig:
    max_length: int | None

class StoppingCriteria:
    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: object) -> Tensor: ...

class StoppingCriteriaList(list[StoppingCriteria]): ...

class LogitsProcessor:
    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor: ...

class LogitsProcessorList(list[LogitsProcessor]): ...

class _Hook:
    def remove(self) -> None: ...

class EncoderLayer:
    def register_forward_pre_hook(self, hook: Callable[[object, object], None]) -> _Hook: ...

class Encoder:
    layers: Iterable[EncoderLayer]

class M2M100Config:
    decoder_attention_heads: int

class M2M100ForConditionalGeneration:
    config: M2M100Config
    lm_head: Module
    model: Module
    generation_config: GenerationConfig
    def get_encoder(self) -> Encoder: ...
    @classmethod
    def from_pretrained(cls, path: Path, *, dtype: dtype, local_files_only: bool) -> Self: ...
    def eval(self) -> Self: ...
    def to(self, where: device | dtype) -> Self: ...
    def generate(
        self,
        *,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_processor: LogitsProcessorList,
        num_beams: int,
        max_new_tokens: int,
        no_repeat_ngram_size: int,
        repetition_penalty: float,
        do_sample: bool,
        stopping_criteria: StoppingCriteriaList,
    ) -> Tensor: ...
