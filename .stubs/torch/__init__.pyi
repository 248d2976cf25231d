from collections.abc import Sequence
from contextlib import AbstractContextManager

from . import backends as backends
from . import cuda as cuda
from . import mps as mps

class dtype: ...

float16: dtype
bfloat16: dtype
float32: dtype
bool: dtype

class device:
    def __init__(self, name: str) -> None: ...
    type: str

class Tensor:
    shape: tuple[int, ...]
    device: device
    def to(self, where: device | dtype) -> Tensor: ...
    def tolist(self) -> list[list[int]]: ...

class OutOfMemoryError(RuntimeError): ...

def tensor(data: Sequence[object], *, device: device | None = None, dtype: dtype | None = None) -> Tensor: ...
def full(size: tuple[int, ...], fill_value: object, *, dtype: dtype, device: device) -> Tensor: ...
def inference_mode() -> AbstractContextManager[None]: ...
def set_num_threads(threads: int) -> None: ...
