"""GPU selection: the NVIDIA GPU of each role's engine, ``--gpu [ROLE=]N``. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, get_args

from voicestream.config.engine_settings import AUTO
from voicestream.errors import UsageError
from voicestream.protocol.messages import EngineRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voicestream.protocol.messages import Role

ROLES: Final[tuple[EngineRole, ...]] = get_args(EngineRole)

MAX_INDEX: Final = 999
"""Largest index of a GPU."""

ANY_GPU: Final = (AUTO, "cuda")
"""Values of ``--compute`` that ``--gpu`` may refine; others name a device themselves."""

_OWNERS: Final[dict[str | None, EngineRole | None]] = {None: None, "translation": "translation", "tts": "tts"}
"""Prefixes of the index and the role they select; None: all roles without an index of their own."""

_SYNTAX: Final = re.compile(r"(?:(\w+)=)?(\d{1,3})", re.ASCII)

_HINT: Final = "Try: --gpu 1 (the second GPU, for both), or --gpu translation=0 --gpu tts=1"


def parse(typed: Iterable[str]) -> dict[EngineRole, int]:
    """Return the GPU index of each role, from 0; an index with a role overrides one without.

    Args:
        typed: each ``1``, ``tts=1`` or ``translation=1``.

    Raises:
        UsageError: a value is invalid, or two concern the same role.
    """
    found: dict[EngineRole | None, int] = {}
    for text in typed:
        match = _SYNTAX.fullmatch(text.strip())
        if match is None or match[1] not in _OWNERS:
            raise UsageError(f"--gpu {text}: not known", hint=_HINT)
        role = _OWNERS[match[1]]
        if role in found:
            raise UsageError(f"--gpu {text}: GPU {found[role]} was named for {role or 'both'} already", hint=_HINT)
        found[role] = int(match[2])
    return {role: found.get(role, found.get(None, 0)) for role in ROLES if role in found or None in found}


def as_options(gpus: Mapping[EngineRole, int]) -> list[str]:
    """Return the values that ``parse`` reads back as this selection."""
    return [f"{role}={number}" for role, number in gpus.items()]


def check(compute: str, gpus: Mapping[EngineRole, int]) -> None:
    """Check that ``--compute`` and ``--gpu`` do not contradict each other.

    Raises:
        UsageError: ``--compute`` names a device itself.
    """
    if gpus and compute not in ANY_GPU:
        options = " ".join(f"--gpu {text}" for text in as_options(gpus))
        raise UsageError(
            f"--compute {compute} and {options} contradict each other", hint=f"Leave out one of them: type {options}"
        )


def compute_of(role: Role, compute: str, gpus: Mapping[EngineRole, int]) -> str:
    """Return the device of a role: its GPU if it has one, else ``compute``."""
    return next((f"cuda:{number}" for owner, number in gpus.items() if owner == role), compute)
