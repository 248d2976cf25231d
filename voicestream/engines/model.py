"""Catalogue entries of models, and licences: what an engine spec states about the weights that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INT8_SUFFIX: Final = "-int8"


@dataclass(frozen=True)
class Licence:
    """A licence under which a model is given away."""

    id: str
    """As SPDX calls it, in small letters; where SPDX has none, as the model's own page does."""
    name: str
    version: str
    url: str
    summary: str
    """What matters to somebody who wants to use the model."""
    must_be_accepted: bool = True
    """False: it grants what users do with the model without asking anything of them."""
    variable: str = ""
    """A variable of the environment that says with ``1`` that it was accepted: other programs honour it, too."""


@dataclass(frozen=True)
class Model:
    """One model, under the name of its directory."""

    name: str
    title: str
    """What people call it."""
    engine: str
    """Name of the translator or synthesizer that runs it."""
    licence: str
    """Its id in ``licences.licences()``."""
    repository: str
    """On the hub: ``facebook/nllb-200-distilled-600M``."""
    required: tuple[str, ...]
    """Files without which it is of no use; a pattern stands for at least one."""
    optional: tuple[str, ...]
    """Files that are taken if the repository has them."""
    weights: tuple[tuple[str, ...], ...]
    """Patterns of the weights' files, by preference: the first set of which the repository has something is taken."""
    download_bytes: int
    """About what the hub sends."""
    disk_bytes: int
    """About what it takes once it is installed."""
    memory_bytes: int
    """About what it takes while it runs where it is meant to run."""
    original: str | None = None
    """The name of the model from which this one is converted."""
    also_at: tuple[str, ...] = ()
    """Repositories with the same files, from which other programs may have fetched it."""
    quality: str = ""
    """What ``setup --quality`` calls its size, beside its name; empty = it has no other name."""
