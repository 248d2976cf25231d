from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

class SoundFileError(Exception): ...

class SoundFile:
    format: str
    samplerate: int
    channels: int
    def __init__(self, file: str) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def read(self, frames: int = ..., dtype: str = ..., always_2d: bool = ...) -> NDArray[np.float32]: ...
