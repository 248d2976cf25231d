from typing import Any

def init(
    address: str | None = ...,
    *,
    num_cpus: int | None = ...,
    num_gpus: int | None = ...,
    object_store_memory: int | None = ...,
    include_dashboard: bool | None = ...,
    log_to_driver: bool = ...,
    logging_level: int = ...,
    configure_logging: bool = ...,
    _node_ip_address: str = ...,
    _temp_dir: str | None = ...,
) -> Any: ...
def is_initialized() -> bool: ...
def shutdown() -> None: ...
