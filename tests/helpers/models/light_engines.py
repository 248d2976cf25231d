"""A light translator and a light voice of a package of their own, whose models are served on this machine."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from helpers.models.pulling import state_of
from helpers.voices.plugging import offer_specs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream

REPOSITORY: Final = "somebody/light"
TRANSLATOR: Final = "swift"
VOICE: Final = "reed"
MODEL: Final = "swift-en-de"
VOICE_MODEL: Final = "reed-de"
WEIGHTS_BYTES: Final = 200_000
"""Of the voice: more than the hub sends in one piece."""

_SPECS: Final = """
from helpers.models.light_engines import Reed, Swift
from voicestream.engines.model import Licence, Model, PinnedFile
from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec
from voicestream.models.location import root

LICENCE = Licence(
    id="free-1.0", name="Free Licence 1.0", version="1.0", url="https://example.org/free",
    summary="You may use it for any purpose.", must_be_accepted=False,
)

def model(name, engine, file, **more):
    size, sha256 = FILES[file]
    return Model(
        name=name, title=engine.title(), engine=engine, licence="free-1.0", repository="somebody/light",
        required=(), optional=(), weights=(), download_bytes=size, disk_bytes=DISK_BYTES or size,
        memory_bytes=size, files=(PinnedFile(file, ADDRESS + file, size, sha256),), revision="c0ffee", **more,
    )

TRANSLATOR = TranslatorSpec(
    name="swift", title="Swift", rank=1000, languages=frozenset(["de"]), packages=PACKAGES,
    install="pip install voicestream-swift", licences=(LICENCE,),
    models=(model("swift-en-de", "swift", "swift.bin", quality="light", direction=("en", "de")),),
    load=lambda settings, report: Swift(),
)
VOICE = SynthesizerSpec(
    name="reed", title="Reed", rank=1000, languages=frozenset(["de"]), packages=PACKAGES,
    install="pip install voicestream-reed",
    models=(model("reed-de", "reed", "reed.bin", language="de"),),
    speaks=lambda models, base: base == "de" and (root(models) / "reed-de" / "reed.bin").exists(),
    load=lambda settings, report: Reed(),
)
"""


class Swift:
    """A translator that writes in capitals."""

    name = TRANSLATOR
    device = "cpu"

    def supports(self, source: str, target: str) -> bool:
        return (source, target) == ("en", "de")

    def translate(self, texts: Sequence[str], _source: str, _target: str, _job: object) -> list[str]:
        return [text.upper() for text in texts]

    def close(self) -> None:
        pass


class Reed:
    """A voice that makes a tenth of a second of nothing."""

    name = VOICE
    device = "cpu"
    sample_rate = 24_000
    needs_normalized_text = False
    needs_postprocessing = False

    def max_characters(self, _language: str) -> int:
        return 0

    def supports(self, _language: str) -> bool:
        return True

    def synthesize(self, *_: object, **__: object) -> Iterator[Any]:
        yield np.zeros(2_400, np.float32)

    def close(self) -> None:
        pass


def make_files(directory: Path) -> Path:
    """Make the files of both models in a directory; returns it."""
    directory.mkdir(parents=True)
    (directory / "swift.bin").write_bytes(b"swift" * 1000)
    (directory / "reed.bin").write_bytes(random.Random(0).randbytes(WEIGHTS_BYTES))
    return directory


def plug_in(place: Voicestream, hub: HubServer, *, packages: Sequence[str] = (), disk_bytes: int = 0) -> None:
    """Install the package of both engines in a place.

    Args:
        place: gets another ``PYTHONPATH``.
        hub: has the files.
        packages: modules that the engines need.
        disk_bytes: what each model is said to take; 0 = its size.
    """
    files = {path.name: (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) for path in hub.files()}
    facts = {
        "FILES": files,
        "ADDRESS": f"{hub.address}/{REPOSITORY}/resolve/main/",
        "PACKAGES": tuple(packages),
        "DISK_BYTES": disk_bytes,
    }
    site = place.home / f"site-{len(list(place.home.glob('site-*')))}"
    place.environment["PYTHONPATH"] = offer_specs(
        site,
        "voicestream-light",
        {
            "voicestream.translators": {TRANSLATOR: "light_specs:TRANSLATOR"},
            "voicestream.synthesizers": {VOICE: "light_specs:VOICE"},
        },
    )
    stated = "".join(f"{name} = {value!r}\n" for name, value in facts.items())
    (site / "light_specs.py").write_text(stated + _SPECS, encoding="utf-8")


def states(place: Voicestream) -> dict[str, str]:
    """The states of both models, without the start of a process."""
    return {name: state_of(place, name) for name in (MODEL, VOICE_MODEL)}
