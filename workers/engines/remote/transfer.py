"""Transfer of one sentence's sound, over as many attempts as it takes. Sans-I/O.

A reproducible host is streamed: what has arrived is handed on, and after a failure the rest is requested, with
``skip``, from a host with the same fingerprint. Of any other host the whole sentence is collected before the first
sample is handed on, and a failed attempt is discarded. The rest begins with some frames that were received already:
they are compared, and a rest without them is recognized as too short.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.engines.remote.failure import HostError, check_status

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_RATE: Final = 24_000
FRAME_BYTES: Final = 2
BASE_SECONDS: Final = 10.0
SECONDS_PER_CHARACTER: Final = 1.0
MAX_SECONDS: Final = 600.0
"""Longest sound of a sentence."""

OVERLAP_FRAMES: Final = 32
"""Frames that are requested again after a failure."""

MAX_FINGERPRINT: Final = 200
_RATES: Final = range(8_000, 192_001)
_FOREIGN: Final = re.compile(
    r"text/|application/(json|xml)|audio/(mpeg|mp3|x?-?wav|wave|ogg|opus|flac|aac|mp4|webm|l16)"
)
"""Content types that are no little-endian PCM."""


def max_frames(characters: int) -> int:
    """Return the largest number of frames of a sentence."""
    return round(min(BASE_SECONDS + SECONDS_PER_CHARACTER * characters, MAX_SECONDS) * SAMPLE_RATE)


class Transfer:
    """Reception of one sentence."""

    def __init__(self, characters: int) -> None:
        """Start without a frame; ``characters``: length of the text."""
        self._limit = max_frames(characters)
        self._fingerprint = ""
        self.frames = 0
        """Frames handed on so far."""
        self.sample_rate = SAMPLE_RATE
        """Rate of the frames of this attempt, in hertz."""
        self._is_streamed = False
        self._skipped = 0
        self._to_drop = 0
        self._received = 0
        self._declared: int | None = None
        self._held = bytearray()
        self._tail = b""
        """The last frames handed on, at most ``OVERLAP_FRAMES``."""

    @property
    def skip(self) -> int:
        """Frames that the next request asks to leave out."""
        return self.frames - len(self._tail) // FRAME_BYTES

    def head(self, status: int, headers: Mapping[str, str], *, is_delimited: bool) -> None:
        """Begin an attempt with the head of a response.

        Args:
            status: of HTTP.
            headers: by name in lower case.
            is_delimited: the body has a length or chunks, so that a cut is noticed.

        Raises:
            HostError: the body is no use.
        """
        check_status(status, headers)
        if found := _FOREIGN.match(headers.get("content-type", "").lower()):
            raise HostError(f"it sends {found[0]}, not PCM", is_refusal=True)
        fingerprint = headers.get("x-reproducible", "").strip()
        is_valid = len(fingerprint) <= MAX_FINGERPRINT and fingerprint.isascii() and fingerprint.isprintable()
        self._is_streamed = bool(fingerprint) and is_valid and is_delimited
        if self.frames and not (self._is_streamed and fingerprint == self._fingerprint):
            raise HostError("its voice differs from that of the sentence's beginning", is_refusal=True)
        self.sample_rate = _number(headers, "x-sample-rate", SAMPLE_RATE)
        if self.sample_rate not in _RATES or (self._is_streamed and self.sample_rate != SAMPLE_RATE):
            raise HostError(f"it sends samples at {self.sample_rate} Hz", is_refusal=True)
        self._fingerprint = fingerprint if self._is_streamed else ""
        self._skipped = _number(headers, "x-skipped", 0)
        if self._skipped > self.skip:
            raise HostError(f"it left out {self._skipped} frames instead of {self.skip}")
        self._to_drop = (self.frames - self._skipped) * FRAME_BYTES
        self._declared = _number(headers, "x-frames", -1)
        self._received = 0
        self._held.clear()

    def data(self, received: bytes) -> bytes:
        """Take bytes of the body; return whole frames to hand on, possibly none.

        Raises:
            HostError: the sound is too long.
        """
        self._received += len(received)
        if self._skipped + self._received // FRAME_BYTES > self._limit * self.sample_rate // SAMPLE_RATE:
            raise HostError("wrong length: more sound than the sentence can have")
        self._held += received
        if not self._is_streamed:
            return b""
        if self._to_drop:
            self._drop(min(self._to_drop, len(self._held)))
        return self._take()

    def end(self) -> bytes:
        """Take the regular end of the body; return the last frames to hand on.

        Raises:
            HostError: the length is wrong.
        """
        frames, rest = divmod(self._received, FRAME_BYTES)
        if rest:
            raise HostError("wrong length: half a sample")
        if self._declared not in (-1, frames):
            raise HostError(f"wrong length: {frames} frames of {self._declared}")
        if self._skipped + frames == 0:
            raise HostError("wrong length: no sound")
        if self._to_drop > 0 and self._is_streamed:
            raise HostError("wrong length: it ends before the part that was received already")
        return self._take()

    def _drop(self, size: int) -> None:
        """Drop bytes that were received already, and compare them with the tail.

        Raises:
            HostError: they differ.
        """
        dropped = bytes(self._held[:size])
        del self._held[:size]
        start = len(self._tail) - self._to_drop
        self._to_drop -= size
        known = dropped[max(-start, 0) :]
        if self._tail[max(start, 0) :][: len(known)] != known:
            raise HostError("its voice differs from that of the sentence's beginning", is_refusal=True)

    def _take(self) -> bytes:
        whole = len(self._held) // FRAME_BYTES * FRAME_BYTES
        taken = bytes(self._held[:whole])
        del self._held[:whole]
        self.frames += whole // FRAME_BYTES
        self._tail = (self._tail + taken[-OVERLAP_FRAMES * FRAME_BYTES :])[-OVERLAP_FRAMES * FRAME_BYTES :]
        return taken


def _number(headers: Mapping[str, str], name: str, default: int) -> int:
    """Return a header with a number.

    Raises:
        HostError: it is none.
    """
    value = headers.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) < 12):  # noqa: PLR2004 - beyond any sentence
        raise HostError(f"its header {name} is no number")
    return int(value)
