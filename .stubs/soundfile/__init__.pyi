from types import TracebackType
from typing import Literal, Self, overload

import numpy as np
from numpy.typing import NDArray

class SoundFileError(Exception): ...

class SoundFile:
    format: str
    samplerate: int
    channels: int
    def __init__(
        self,
        file: object,
        mode: str = ...,
        samplerate: int = ...,
        channels: int = ...,
        subtype: str = ...,
        *,
        format: str = ...,
    ) -> None: ...
    def write(self, data: NDArray[np.int16]) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    @overload
    def read(self, frames: int, dtype: Literal["int16"]) -> NDArray[np.int16]: ...
    @overload
    def read(
        self, frames: int = ..., dtype: Literal["float32"] = ..., always_2d: bool = ...
    ) -> NDArray[np.float32]: ...
