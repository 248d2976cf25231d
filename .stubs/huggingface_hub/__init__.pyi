from collections.abc import Sequence

from huggingface_hub import constants as constants
from huggingface_hub import errors as errors
from huggingface_hub import file_download as file_download

class RepoSibling:
    rfilename: str
    size: int | None
    blob_id: str | None
    lfs: dict[str, str | int] | None

class ModelInfo:
    sha: str | None
    siblings: Sequence[RepoSibling] | None

class HfApi:
    def __init__(
        self,
        endpoint: str | None = ...,
        token: str | bool | None = ...,
        library_name: str | None = ...,
        library_version: str | None = ...,
    ) -> None: ...
    def model_info(
        self,
        repo_id: str,
        *,
        revision: str | None = ...,
        timeout: float | None = ...,
        files_metadata: bool = ...,
        token: str | bool | None = ...,
    ) -> ModelInfo: ...

def get_token() -> str | None: ...
def hf_hub_url(repo_id: str, filename: str, *, revision: str | None = ..., endpoint: str | None = ...) -> str: ...
def try_to_load_from_cache(repo_id: str, filename: str, *, revision: str | None = ...) -> object: ...
