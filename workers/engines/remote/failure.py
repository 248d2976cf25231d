"""Failures of a host, as far as they decide what happens next. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

OK: Final = 200
_REFUSED: Final = frozenset({400, 404, 405, 413, 415, 422})
"""Statuses of a request that this host cannot serve."""

_FORBIDDEN: Final = frozenset({401, 403})

FORBIDDEN_PAUSE_SECONDS: Final = 30.0
"""Pause before a host that refuses the token is asked again."""


class HostError(Exception):
    """A host did not do a job.

    Attributes:
        pause_seconds: pause that the host asks for.
        is_refusal: True if it will not do this job, but may do others.
    """

    def __init__(self, reason: str, *, pause_seconds: float = 0.0, is_refusal: bool = False) -> None:
        super().__init__(reason)
        self.pause_seconds = pause_seconds
        self.is_refusal = is_refusal


def check_status(status: int, headers: Mapping[str, str]) -> None:
    """Check the status of a response.

    Raises:
        HostError: it is not 200.
    """
    if status == OK:
        return
    if status in _FORBIDDEN:
        raise HostError(f"it refuses the token (HTTP {status})", pause_seconds=FORBIDDEN_PAUSE_SECONDS)
    if 300 <= status < 400:  # noqa: PLR2004 - redirections of HTTP
        raise HostError(f"it redirects to another address, which is not followed (HTTP {status})")
    raise HostError(
        f"HTTP {status}", pause_seconds=retry_after(headers.get("retry-after", "")), is_refusal=status in _REFUSED
    )


def retry_after(value: str) -> float:
    """Return the seconds in a header ``Retry-After``; 0 for a date and for anything else."""
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
