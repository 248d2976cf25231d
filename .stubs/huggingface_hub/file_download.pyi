from typing import BinaryIO

def http_get(
    url: str,
    temp_file: BinaryIO,
    *,
    resume_size: int = ...,
    headers: dict[str, str] | None = ...,
    expected_size: int | None = ...,
) -> None: ...
