"""Rate limits: requests and characters a minute, for each token. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINUTE: Final = 60.0
"""Seconds."""

MAX_KEYS: Final = 1_000
"""Kept buckets; those that are full again are dropped first."""


@dataclass
class _Bucket:
    """Tokens of one key; negative after a request that was larger than what was left."""

    requests: float
    characters: float
    at: float


class RateLimiter:
    """Token buckets, which hold the amount of one minute and fill evenly."""

    def __init__(self, requests_per_minute: float, characters_per_minute: float) -> None:
        self._requests: Final = requests_per_minute
        self._characters: Final = characters_per_minute
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, key: str, characters: int, now: float) -> float:
        """Count a request; return 0, or the seconds after which it would be admitted, and then it is not counted.

        Args:
            key: whose limit it is.
            characters: number of characters of its texts.
            now: seconds on a monotonic clock.
        """
        bucket = self._filled(key, now)
        # A request may take the characters of the next minute: none is refused for ever because of its length.
        missing = max((1 - bucket.requests) / self._requests, -bucket.characters / self._characters)
        if missing > 0:
            return missing * MINUTE
        bucket.requests -= 1
        bucket.characters -= characters
        return 0.0

    def _filled(self, key: str, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= MAX_KEYS:
                self._forget(now)
            bucket = self._buckets[key] = _Bucket(self._requests, self._characters, now)
        share = max(0.0, now - bucket.at) / MINUTE
        bucket.requests = min(self._requests, bucket.requests + share * self._requests)
        bucket.characters = min(self._characters, bucket.characters + share * self._characters)
        bucket.at = now
        return bucket

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again, or all if none is."""
        kept = {key: one for key, one in self._buckets.items() if now - one.at < MINUTE}
        self._buckets = kept if len(kept) < MAX_KEYS else {}
