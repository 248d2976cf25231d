"""Which NVIDIA card the engine of each role computes on, where a machine has several: ``--gpu [ROLE=]N``. Pure."""

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
"""The largest number that a card may have."""

ANY_GPU: Final = (AUTO, "cuda")
"""What ``--compute`` may say beside ``--gpu``: all else names another device."""

_OWNERS: Final[dict[str | None, EngineRole | None]] = {None: None, "translation": "translation", "tts": "tts"}
"""What may stand before the number, and whose card it is then; None: of all that have none of their own."""

_SYNTAX: Final = re.compile(r"(?:(\w+)=)?(\d{1,3})", re.ASCII)

_HINT: Final = "Try: --gpu 1 (the second GPU, for both), or --gpu translation=0 --gpu tts=1"


def parse(typed: Iterable[str]) -> dict[EngineRole, int]:
    """The number of each role's card, from 0; what names a role goes before what names none.

    Args:
        typed: each ``1``, ``tts=1`` or ``translation=1``.

    Raises:
        UsageError: one of them is none of these, or two are about the same.
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
    """What ``parse`` makes these of."""
    return [f"{role}={number}" for role, number in gpus.items()]


def check(compute: str, gpus: Mapping[EngineRole, int]) -> None:
    """See whether ``--compute`` leaves it to ``--gpu`` which card it is.

    Raises:
        UsageError: it names a device itself.
    """
    if gpus and compute not in ANY_GPU:
        options = " ".join(f"--gpu {text}" for text in as_options(gpus))
        raise UsageError(
            f"--compute {compute} and {options} contradict each other", hint=f"Leave out one of them: type {options}"
        )


def compute_of(role: Role, compute: str, gpus: Mapping[EngineRole, int]) -> str:
    """What ``--compute`` is for a role: its card, if it has one of its own."""
    return next((f"cuda:{number}" for owner, number in gpus.items() if owner == role), compute)
