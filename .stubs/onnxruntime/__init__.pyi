from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

class SessionOptions:
    intra_op_num_threads: int
    inter_op_num_threads: int
    enable_mem_pattern: bool
    use_deterministic_compute: bool
    log_severity_level: int
    def add_session_config_entry(self, key: str, value: str) -> None: ...

class RunOptions:
    terminate: bool
    log_severity_level: int

class NodeArg:
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...

class InferenceSession:
    def __init__(
        self, path_or_bytes: str | bytes, sess_options: SessionOptions | None = None, providers: Sequence[str] = ()
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, NDArray[np.generic]],
        run_options: RunOptions | None = None,
    ) -> list[NDArray[np.generic]]: ...
