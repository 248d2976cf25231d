def build_hf_headers(
    *,
    token: str | bool | None = ...,
    library_name: str | None = ...,
    library_version: str | None = ...,
) -> dict[str, str]: ...
