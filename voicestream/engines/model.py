"""Model catalogue entries and licences, as an engine spec states them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INT8_SUFFIX: Final = "-int8"


@dataclass(frozen=True)
class Licence:
    """Licence of a model."""

    id: str
    """SPDX identifier in lower case; where SPDX has none, that of the model's page."""
    name: str
    version: str
    url: str
    summary: str
    """The terms that matter to users of the model."""
    must_be_accepted: bool = True
    """False: it permits use of the model without conditions for users."""
    variable: str = ""
    """Environment variable that accepts the licence with ``1``; other programs read it, too."""


@dataclass(frozen=True)
class PinnedFile:
    """File at a fixed address, whose contents are known beforehand."""

    name: str
    """Name when installed; the address may end in ``.gz``, and the file is then unpacked."""
    url: str
    size: int
    """Bytes at the address, as they are downloaded."""
    sha256: str
    """SHA-256 of these bytes."""


@dataclass(frozen=True)
class Model:
    """One model; its name is that of its directory."""

    name: str
    title: str
    """Name for people."""
    engine: str
    """Name of the translator or synthesizer that runs it."""
    licence: str
    """Identifier in ``licences.licences()``."""
    repository: str
    """Repository on the model hub: ``facebook/nllb-200-distilled-600M``."""
    required: tuple[str, ...]
    """Files it cannot work without; a pattern stands for at least one."""
    optional: tuple[str, ...]
    """Files that are downloaded if the repository has them."""
    weights: tuple[tuple[str, ...], ...]
    """Patterns of weight files in order of preference: the first set with a file in the repository is used."""
    download_bytes: int
    """Approximate size of the download."""
    disk_bytes: int
    """Approximate size when installed."""
    memory_bytes: int
    """Approximate memory in use on the device it is meant for."""
    original: str | None = None
    """Name of the model that this one is converted from."""
    also_at: tuple[str, ...] = ()
    """Other repositories with the same files, from which other programs may have downloaded them."""
    quality: str = ""
    """Value of ``setup --quality`` beside its name; empty = its name only."""
    files: tuple[PinnedFile, ...] = ()
    """All its files, at fixed addresses; empty = the hub lists those of ``repository``."""
    revision: str = ""
    """Commit of ``repository`` that has ``files``."""
    direction: tuple[str, str] | None = None
    """Base languages of source and target, for a model that translates one direction only."""
    language: str = ""
    """BCP-47 tag of the one language that it speaks, for a voice of one language; empty = those of its engine."""
