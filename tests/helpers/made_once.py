"""Directories that a program makes for tests, kept from run to run and made by one process at a time.

The key is a hash of the sources that make the directory and of the versions of the packages they use. So an edited
maker makes anew, and what an older one made is removed. A test only reads what it finds there.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY: Final = Path(__file__).parents[2]
CACHE: Final = REPOSITORY / ".pytest_cache" / "made"


@dataclass(frozen=True)
class Made:
    """A directory made by a module that takes it as its only argument."""

    module: str
    sources: Sequence[str]
    """Files and folders of the repository, of which the result is made."""
    packages: Sequence[str]
    """Distributions whose versions matter."""
    cache: Path = CACHE

    @property
    def key(self) -> str:
        """Changes whenever the result may change."""
        digest = hashlib.sha256(sys.version.encode())
        for source in self.sources:
            place = REPOSITORY / source
            for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                digest.update(path.read_bytes())
        for package in self.packages:
            digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
        return digest.hexdigest()[:16]

    def directory(self) -> Path:
        """Make it if there is none yet, and return where it is; others who want it wait meanwhile."""
        name = self.module.rpartition(".")[2]
        found = self.cache / f"{name}-{self.key}"
        if not found.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            with _locked(self.cache / f"{name}.lock"):
                if not found.exists():
                    self._make(name, found)
        return found

    def _make(self, name: str, target: Path) -> None:
        for old in self.cache.glob(f"{name}-*"):
            shutil.rmtree(old)
        unfinished = target.with_name(f"{target.name}.unfinished")
        unfinished.mkdir()
        # A process of its own: importing torch changes the one it is in.
        subprocess.run(
            [sys.executable, "-P", "-m", self.module, unfinished],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY / "tests"), "HF_HUB_OFFLINE": "1"},
            check=True,
            capture_output=True,
        )
        unfinished.rename(target)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock, which ends with the process."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
