from collections.abc import Callable

class GenerationStepResult: ...

class TranslationResult:
    hypotheses: list[list[str]]

class AsyncTranslationResult:
    def done(self) -> bool: ...
    def result(self) -> TranslationResult: ...

class Translator:
    def __init__(
        self,
        model_path: str,
        device: str = "cpu",
        *,
        device_index: int = 0,
        compute_type: str = "default",
        inter_threads: int = 1,
        intra_threads: int = 0,
    ) -> None: ...
    @property
    def compute_type(self) -> str: ...
    def translate_batch(
        self,
        source: list[list[str]],
        target_prefix: list[list[str]] | None = None,
        *,
        max_batch_size: int = 0,
        beam_size: int = 2,
        max_decoding_length: int = 256,
        max_input_length: int = 1024,
        no_repeat_ngram_size: int = 0,
        repetition_penalty: float = 1,
        asynchronous: bool = False,
        callback: Callable[[GenerationStepResult], bool] | None = None,
    ) -> list[AsyncTranslationResult]: ...

def get_cuda_device_count() -> int: ...
