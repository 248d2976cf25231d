from collections.abc import Iterator
from typing import Any, Self

from torch import Tensor, device, dtype

from . import functional as functional
from . import utils as utils

class Module:
    def __call__(self, *args: Tensor) -> Any: ...
    def __getattr__(self, name: str) -> Any: ...
    def load_state_dict(self, state: dict[str, Tensor], *, strict: bool, assign: bool) -> object: ...
    def modules(self) -> Iterator[Module]: ...
    def register_buffer(self, name: str, tensor: Tensor) -> None: ...
    def requires_grad_(self, *, requires_grad: bool) -> Self: ...
    def to(self, where: device | dtype) -> Self: ...
    def train(self, *, mode: bool) -> Self: ...

class LayerNorm(Module):
    weight: Tensor
    bias: Tensor
    eps: float

class Conv1d(Module):
    weight: Tensor
    bias: Tensor | None
    dilation: tuple[int]
