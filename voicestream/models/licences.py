"""Licences of models: which there are, which this user has accepted, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.config import user_directories
from voicestream.engines import registry
from voicestream.engines.model import Licence
from voicestream.errors import ConfigurationError, UsageError
from voicestream.models.atomic_files import write_whole

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
            # https://coqui.ai/cpml, which the text itself names, went with the company; here it lies with the weights.
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
"""By id; an engine's spec may bring others."""


def licences() -> dict[str, Licence]:
    """All licences by id."""
    return COMMON | {licence.id.lower(): licence for spec in registry.all_specs() for licence in spec.licences}


MAX_BYTES: Final = 64 << 10
"""Of the file in which acceptances are kept; each takes some 100."""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """That a licence was accepted."""

    version: str
    """Of the licence that was shown."""
    date: str
    """ISO 8601."""
    by: str = ""
    """How: what was typed or set; empty = not written down, by a version before 0.2."""


def today() -> str:
    """Return the date in UTC in ISO 8601, for example ``2026-11-25``."""
    return datetime.now(tz=UTC).date().isoformat()  # noqa: TID251 - a date for people; no interval is measured


def path() -> Path:
    """The file in which acceptances are kept, whether it exists or not."""
    return user_directories.data() / "licences.json"


def find(identifier: str) -> Licence:
    """The licence of an id, in any case.

    Raises:
        UsageError: there is none.
    """
    licence = COMMON.get(identifier.lower()) or licences().get(identifier.lower())
    if licence is None:
        known = ", ".join(licence.id for licence in licences().values() if licence.must_be_accepted)
        raise UsageError(f'there is no licence "{identifier}" to accept', hint=f"There is {known}.")
    return licence


def accepted() -> dict[str, Acceptance]:
    """What was accepted, by the licence's id.

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
    """Whether this version of it was accepted, or need not be.

    Raises:
        ConfigurationError: as for ``accepted``.
    """
    if not licence.must_be_accepted:
        return True
    found = accepted().get(licence.id)
    return found is not None and found.version == licence.version


def accept(licence: Licence, by: str = "") -> None:
    """Write down that it was accepted today.

    Args:
        licence: which one.
        by: how it was, for people.

    Raises:
        ConfigurationError: it cannot be written down.
    """
    known = accepted() | {licence.id: Acceptance(version=licence.version, date=today(), by=by)}
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        write_whole(path(), msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n", mode=0o600)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path()}, where it is kept which licences you have accepted: {error.strerror}"
        ) from error


def not_accepted(licence: Licence) -> ConfigurationError:
    """What to raise when it was not accepted."""
    return ConfigurationError(
        f"the licence of this model is not accepted yet: {licence.name}. {licence.summary}\n{licence.url}",
        hint=f"If you accept it, add: --accept-licence {licence.id}",
    )
