"""Model hub (Hugging Face): file lists of repositories, and resumable downloads.

The requests are made by ``huggingface_hub``. Its ``hf_hub_download`` starts again after an interruption (2.x: its
unfinished file has another name each time), and one file has several gigabytes. So its ``http_get`` is called, which
resumes at any byte and retries by itself when a connection breaks.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar, cast
from urllib.parse import urlsplit

from voicestream import __version__, telemetry
from voicestream.errors import ConfigurationError, UnreachableError, VoicestreamError
from voicestream.models import packages

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

BRANCH: Final = "main"
"""Branch; no commit is pinned, and the manifest records the one that was downloaded."""

LISTING_SECONDS: Final = 30.0
NOT_ALLOWED: Final = (401, 403)
NOT_FOUND: Final = 404

Answer = TypeVar("Answer")

_AGAIN: Final = "Type the same command again: it resumes where it stopped."


@dataclass(frozen=True)
class RemoteFile:
    """A file in a repository."""

    name: str
    size: int
    sha256: str | None
    """SHA-256 of a large file."""
    git_blob: str | None
    """Git hash of a small file."""

    @property
    def fingerprint(self) -> str:
        """Return the hash of its contents."""
        return self.sha256 or self.git_blob or ""


@dataclass(frozen=True)
class Listing:
    """Files of a repository at one commit."""

    revision: str
    files: dict[str, RemoteFile]


class ModelHub:
    """The hub that ``HF_ENDPOINT`` names, or huggingface.co."""

    def __init__(self) -> None:
        """Initialize; nothing is sent yet.

        Raises:
            ConfigurationError: the package is missing, ``HF_ENDPOINT`` is no address, or offline mode is set.
        """
        packages.check(*packages.FETCHING, install=packages.INSTALL_FETCHING)
        # Read at import. Otherwise it would send the version of torch, and the agent that started us.
        telemetry.switch_off()
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
        os.environ.setdefault("HF_HUB_VERBOSITY", "error")
        from huggingface_hub import constants  # noqa: PLC0415 - slow, and not installed everywhere

        self._endpoint = constants.ENDPOINT
        address = urlsplit(self._endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigurationError(
                f'HF_ENDPOINT is "{self._endpoint}", which is no address', hint="Try: unset HF_ENDPOINT"
            )
        self.host: str = address.netloc.rpartition("@")[2]
        self._token: str | bool = False

    def listing(self, repository: str) -> Listing:
        """Return the files of a repository.

        Raises:
            VoicestreamError: the hub cannot be reached, or does not give them.
        """
        from huggingface_hub import HfApi  # noqa: PLC0415

        api = HfApi(endpoint=self._endpoint, library_name="voicestream", library_version=__version__)
        with self._errors_in_words(repository):
            info = self._allowed(
                lambda: api.model_info(
                    repository, revision=BRANCH, files_metadata=True, timeout=LISTING_SECONDS, token=self._token
                )
            )
            files: dict[str, RemoteFile] = {}
            for sibling in info.siblings or ():
                if sibling.size is not None:
                    sha256 = str(sibling.lfs["sha256"]) if sibling.lfs is not None else None
                    files[sibling.rfilename] = RemoteFile(sibling.rfilename, sibling.size, sha256, sibling.blob_id)
            if not info.sha or not files:
                raise KeyError(repository)
        return Listing(info.sha, files)

    def fetch(
        self, repository: str, revision: str, file: RemoteFile, part: Path, fetched: Callable[[int], None]
    ) -> None:
        """Download the missing end of ``part``; ``fetched`` receives the number of bytes so far.

        Raises:
            VoicestreamError: the hub cannot be reached, or refuses.
            OSError: the file cannot be written.
        """
        from huggingface_hub import file_download, hf_hub_url  # noqa: PLC0415
        from huggingface_hub.utils import build_hf_headers  # noqa: PLC0415

        url = hf_hub_url(repository, file.name, revision=revision, endpoint=self._endpoint)

        def get() -> None:
            headers = build_hf_headers(token=self._token, library_name="voicestream", library_version=__version__)
            # Compressed bytes could not be counted.
            headers["Accept-Encoding"] = "identity"
            with part.open("ab") as opened:
                there = opened.tell()
                counted = cast("BinaryIO", _Counted(opened, fetched))
                file_download.http_get(url, counted, resume_size=there, headers=headers, expected_size=file.size)

        with self._errors_in_words(f"{file.name} of {repository}"):
            self._allowed(get)

    def cached(self, repositories: Iterable[str], file: RemoteFile) -> Path | None:
        """Return the path of a file of that name and size in the cache of other programs, if any.

        Args:
            repositories: repositories that have it.
            file: the file as one of them lists it.
        """
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

        for repository in repositories:
            found = try_to_load_from_cache(repository, file.name, revision=BRANCH)
            path = Path(found) if isinstance(found, str) else None
            if path is not None and path.is_file() and path.stat().st_size == file.size:
                return path
        return None

    def _allowed(self, ask: Callable[[], Answer]) -> Answer:
        """Run a request without authentication; retry with the user's token if the hub requires one."""
        from huggingface_hub import get_token  # noqa: PLC0415
        from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

        try:
            return ask()
        except HfHubHTTPError as error:
            token = get_token()
            if error.response.status_code not in NOT_ALLOWED or token is None or self._token:
                raise
            self._token = token
            return ask()

    @contextmanager
    def _errors_in_words(self, what: str) -> Generator[None]:
        from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled  # noqa: PLC0415

        try:
            yield
        except OfflineModeIsEnabled as error:
            raise ConfigurationError(
                f"HF_HUB_OFFLINE is set, so {self.host} is not asked for {what}",
                hint="Try: unset HF_HUB_OFFLINE\nOr, with models fetched elsewhere: voicestream setup --dir DIR",
            ) from error
        except HfHubHTTPError as error:
            raise self._refused(what, error.response.status_code) from error
        except HTTPError as error:
            reason = str(error) or type(error).__name__
            raise UnreachableError(
                f"the connection to {self.host} failed when it was asked for {what}: {reason}",
                hint=f"Look at the connection. {_AGAIN}\ndocs/guide/models.md says how to do without it.",
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise VoicestreamError(
                f"{self.host} did not answer like a model hub when asked for {what}",
                hint="Is there a login page in between, or another server behind HF_ENDPOINT? " + _AGAIN,
            ) from error
        except OSError as error:
            if error.errno is not None:
                raise
            # http_get reports a wrong length with this error.
            raise VoicestreamError(f"{self.host} did not send all of {what}", hint=_AGAIN) from error

    def _refused(self, what: str, status: int) -> VoicestreamError:
        if status in NOT_ALLOWED:
            return VoicestreamError(
                f"{self.host} refuses {what} (HTTP {status})",
                hint="If it asks for a login: set HF_TOKEN to a token of yours, or try: hf auth login",
            )
        if status == NOT_FOUND:
            return VoicestreamError(
                f"{self.host} does not have {what} (HTTP {status})",
                hint="If HF_ENDPOINT names a mirror, it may be incomplete: unset it and type the same command again.",
            )
        return VoicestreamError(f"{self.host} answers HTTP {status} when asked for {what}", hint=f"Later: {_AGAIN}")


class _Counted:
    """File wrapper that reports its length after every write."""

    def __init__(self, file: BinaryIO, fetched: Callable[[int], None]) -> None:
        self._file = file
        self._fetched = fetched

    def write(self, data: bytes) -> int:
        written = self._file.write(data)
        self._fetched(self._file.tell())
        return written

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def truncate(self, size: int | None = None) -> int:
        return self._file.truncate(size)
