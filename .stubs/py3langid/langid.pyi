from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODEL_DIR: Path
MODEL_FILE: str

class LanguageIdentifier:
    def __init__(
        self,
        nb_ptc: NDArray[np.float16],
        nb_pc: NDArray[np.float32],
        nb_classes: list[str],
        tk_nextmove: object,
        tk_output: list[int],
        norm_probs: bool = ...,
        *,
        tk_row: object,
    ) -> None: ...
    def rank(self, text: str) -> list[tuple[str, float]]: ...
