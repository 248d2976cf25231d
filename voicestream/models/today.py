"""The day it is: the one place that looks at a clock people set, because a licence is accepted on a date."""

from __future__ import annotations

from datetime import UTC, datetime


def today() -> str:
    """The date in UTC, as ISO 8601 writes it: ``2026-11-25``."""
    return datetime.now(tz=UTC).date().isoformat()  # noqa: TID251 - a date for people; nothing is measured with it
