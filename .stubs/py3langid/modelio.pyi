from pathlib import Path

import numpy as np
from numpy.typing import NDArray

def load_model(
    path: Path,
) -> tuple[NDArray[np.float16], NDArray[np.float32], list[str], object, object, list[int]]: ...
