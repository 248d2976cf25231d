from typing import Any

class UnpackException(Exception): ...  # noqa: N818
class ExtraData(UnpackException, ValueError): ...  # noqa: N818
class FormatError(UnpackException, ValueError): ...
class StackError(UnpackException, ValueError): ...
class OutOfData(UnpackException): ...

def packb(
    o: object,
    *,
    use_single_float: bool = ...,
    autoreset: bool = ...,
    use_bin_type: bool = ...,
    strict_types: bool = ...,
    datetime: bool = ...,
    unicode_errors: str = ...,
) -> bytes: ...
def unpackb(
    packed: bytes | bytearray | memoryview,
    *,
    use_list: bool = ...,
    raw: bool = ...,
    timestamp: int = ...,
    strict_map_key: bool = ...,
    max_str_len: int = ...,
    max_bin_len: int = ...,
    max_array_len: int = ...,
    max_map_len: int = ...,
    max_ext_len: int = ...,
) -> Any: ...
