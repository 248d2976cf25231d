"""Licences of models, and the user's acceptances with their dates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.atomic_files import write_whole
from voicestream.config import user_directories
from voicestream.engines import registry
from voicestream.engines.model import Licence
from voicestream.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


COMMON: Final = {
    licence.id: licence
    for licence in (
        Licence(
            id="cc-by-nc-4.0",
            name="Creative Commons Attribution-NonCommercial 4.0 International",
            version="4.0",
            url="https://creativecommons.org/licenses/by-nc/4.0/legalcode",
            summary="You may use the model and pass it on, naming its authors, but not for commercial purposes.",
        ),
        Licence(
            id="cpml",
            name="Coqui Public Model License 1.0.0",
            version="1.0.0",
            # https://coqui.ai/cpml, which the text names, is offline; this copy is published with the weights.
            url="https://huggingface.co/coqui/XTTS-v2/blob/main/LICENSE.txt",
            summary="You may use the model, and the sound it makes, for non-commercial purposes only.",
            variable="COQUI_TOS_AGREED",
        ),
        Licence(
            id="apache-2.0",
            name="Apache License 2.0",
            version="2.0",
            url="https://www.apache.org/licenses/LICENSE-2.0",
            summary="You may use the model for any purpose, and pass it on with this licence.",
            must_be_accepted=False,
        ),
    )
}
"""Licences by identifier; an engine's spec may add others."""


def licences() -> dict[str, Licence]:
    """Return all licences by identifier."""
    return COMMON | {licence.id.lower(): licence for spec in registry.all_specs() for licence in spec.licences}


MAX_BYTES: Final = 64 << 10
"""Limit of the file of acceptances; each takes some 100 bytes."""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Acceptance of a licence."""

    version: str
    """Version of the licence that was accepted."""
    date: str
    """ISO 8601 date."""
    by: str = ""
    """The typed option or the variable by which it was accepted; empty if not recorded."""


def today() -> str:
    """Return the date in UTC in ISO 8601, for example ``2026-11-25``."""
    return datetime.now(tz=UTC).date().isoformat()  # noqa: TID251 - a date for people; no interval is measured


def path() -> Path:
    """Return the path of the file of acceptances, whether it exists or not."""
    return user_directories.data() / "licences.json"


def find(identifier: str) -> Licence:
    """Return the licence of an identifier in any case.

    Raises:
        UsageError: there is none.
    """
    licence = COMMON.get(identifier.lower()) or licences().get(identifier.lower())
    if licence is None:
        known = ", ".join(licence.id for licence in licences().values() if licence.must_be_accepted)
        raise UsageError(f'there is no licence "{identifier}" to accept', hint=f"There is {known}.")
    return licence


def accepted() -> dict[str, Acceptance]:
    """Return the user's acceptances by licence identifier.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    try:
        return bounded_file.read_as(path(), MAX_BYTES, dict[str, Acceptance])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"cannot read {path()}: {error}", hint="Delete it, and accept the licences again."
        ) from error


def is_accepted(licence: Licence) -> bool:
    """Return whether this version of a licence was accepted, or need not be.

    Raises:
        ConfigurationError: as for ``accepted``.
    """
    if not licence.must_be_accepted:
        return True
    found = accepted().get(licence.id)
    return found is not None and found.version == licence.version


def accept(licence: Licence, by: str = "") -> None:
    """Record today's acceptance of a licence.

    Args:
        licence: the licence.
        by: the typed option or variable, for people.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    known = accepted() | {licence.id: Acceptance(version=licence.version, date=today(), by=by)}
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        write_whole(path(), msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n", mode=0o600)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path()}, the file of accepted licences: {error.strerror}") from error


def not_accepted(licence: Licence) -> ConfigurationError:
    """Return the error for a licence that was not accepted."""
    return ConfigurationError(
        f"the licence of this model is not accepted yet: {licence.name}. {licence.summary}\n{licence.url}",
        hint=f"If you accept it, add: --accept-licence {licence.id}",
    )
