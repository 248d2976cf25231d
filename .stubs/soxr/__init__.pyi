from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

class ResampleStream:
    def __init__(
        self,
        in_rate: float,
        out_rate: float,
        num_channels: int,
        dtype: str | type[np.generic] = ...,
        quality: str = ...,
        vr: bool = ...,
    ) -> None: ...
    def resample_chunk(self, x: NDArray[np.float32], last: bool = ...) -> NDArray[np.float32]: ...
    def num_clips(self) -> int: ...
    def delay(self) -> float: ...
    def clear(self) -> None: ...

def resample(x: ArrayLike, in_rate: float, out_rate: float, quality: str = ...) -> NDArray[Any]: ...
