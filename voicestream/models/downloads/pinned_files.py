"""Download of files at fixed addresses whose sizes and SHA-256 are known beforehand; only the standard library."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from voicestream import __version__
from voicestream.atomic_files import CHUNK_BYTES
from voicestream.errors import ConfigurationError, UnreachableError, VoicestreamError
from voicestream.models.downloads.model_hub import Listing, RemoteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from voicestream.engines.model import Model

MIRROR_VARIABLE: Final = "VOICESTREAM_MIRROR"
"""Environment variable: an address that has the same paths below it as the original host."""

PACKED: Final = ".gz"
TIMEOUT_SECONDS: Final = 30.0
ATTEMPTS: Final = 5
"""Connections in a row that bring nothing, before a download that has begun is given up."""
FIRST_ATTEMPTS: Final = 2
"""The same before the first byte: a host that is not there is told soon."""
PAUSE_SECONDS: Final = 1.0
"""Between two of them, growing."""
PARTIAL: Final = 206

_AGAIN: Final = "Type the same command again: it goes on where it stopped."


class PinnedFiles:
    """The files of one model, with the interface of ``ModelHub``."""

    def __init__(self, model: Model, pause: Callable[[float], None] = time.sleep) -> None:
        """Initialize; nothing is sent yet.

        Args:
            model: a model with ``files``.
            pause: waits for some seconds.

        Raises:
            ConfigurationError: ``VOICESTREAM_MIRROR`` is no address.
        """
        mirror = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
        address = urlsplit(mirror or model.files[0].url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigurationError(
                f'{MIRROR_VARIABLE} is "{mirror}", which is no address', hint=f"Try: unset {MIRROR_VARIABLE}"
            )
        self.host: str = address.netloc.rpartition("@")[2]
        self._model = model
        self._mirror = mirror
        self._pause = pause

    def listing(self, repository: str) -> Listing:
        """Return the files as they are downloaded; nothing is asked."""
        del repository
        files = (
            RemoteFile(_downloaded_name(file.name, file.url), file.size, file.sha256, None)
            for file in self._model.files
        )
        return Listing(self._model.revision, {file.name: file for file in files})

    def fetch(
        self, repository: str, revision: str, file: RemoteFile, part: Path, fetched: Callable[[int], None]
    ) -> None:
        """Download the missing end of ``part``; ``fetched`` receives the number of bytes so far.

        Raises:
            VoicestreamError: the host cannot be reached, or refuses.
            OSError: the file cannot be written.
        """
        del repository, revision
        url = self._address(file)
        failures = 0
        attempts = FIRST_ATTEMPTS
        while (there := part.stat().st_size if part.exists() else 0) < file.size:
            try:
                self._append(url, part, file.size, fetched)
            except urllib.error.HTTPError as error:
                error.close()
                raise self._refused(file, error.code) from error
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                reason: object = error.reason if isinstance(error, urllib.error.URLError) else error
                failures += 1
                if failures >= attempts:
                    raise UnreachableError(
                        f"the connection to {self.host} failed when it was asked for {file.name}: {reason}",
                        hint=f"Check the connection. {_AGAIN}\ndocs/guide/models.md says how to do without it.",
                    ) from error
            else:
                failures = 0 if part.stat().st_size > there else failures + 1
                if failures >= attempts:
                    raise VoicestreamError(f"{self.host} did not send all of {file.name}", hint=_AGAIN)
            if part.stat().st_size > there:
                attempts = ATTEMPTS
            if failures:
                self._pause(PAUSE_SECONDS * failures)

    def cached(self, repositories: Iterable[str], file: RemoteFile) -> Path | None:
        """Return None: no other program keeps these files in a known place."""
        del repositories, file
        return None

    def _address(self, file: RemoteFile) -> str:
        url = next(one.url for one in self._model.files if _downloaded_name(one.name, one.url) == file.name)
        if not self._mirror:
            return url
        return f"{self._mirror}{urlsplit(url).path}"

    def _append(self, url: str, part: Path, size: int, fetched: Callable[[int], None]) -> None:
        with part.open("ab") as opened:
            there = opened.tell()
            request = urllib.request.Request(  # noqa: S310 - the scheme of the address was checked, or is ours
                url,
                headers={
                    "User-Agent": f"voicestream/{__version__}",
                    # Compressed bytes could not be counted.
                    "Accept-Encoding": "identity",
                    **({"Range": f"bytes={there}-"} if there else {}),
                },
            )
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
                if there and response.status != PARTIAL:
                    opened.truncate(0)
                    there = 0
                while there < size and (chunk := response.read(min(CHUNK_BYTES, size - there))):
                    opened.write(chunk)
                    there += len(chunk)
                    fetched(there)

    def _refused(self, file: RemoteFile, status: int) -> VoicestreamError:
        hint = f"If {MIRROR_VARIABLE} is set, the mirror may be incomplete: unset it. Otherwise, later: {_AGAIN}"
        return VoicestreamError(f"{self.host} answers HTTP {status} when asked for {file.name}", hint=hint)


def unpack(model: Model, directory: Path) -> list[str]:
    """Unpack the downloaded files of a model in a directory, and return the names of the installed files.

    Raises:
        OSError: a file cannot be written, or is not packed as its name says.
    """
    names: list[str] = []
    for file in model.files:
        downloaded = directory / _downloaded_name(file.name, file.url)
        if downloaded.name != file.name:
            with gzip.open(downloaded) as packed, (directory / file.name).open("wb") as plain:
                shutil.copyfileobj(packed, plain, CHUNK_BYTES)
        names.append(file.name)
    return names


def _downloaded_name(name: str, url: str) -> str:
    return f"{name}{PACKED}" if url.endswith(PACKED) and not name.endswith(PACKED) else name
