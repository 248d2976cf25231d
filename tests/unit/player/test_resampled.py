"""Sound for a device with a rate of its own."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from voicestream.workers.player.resampled import DELAY_SECONDS, QUALITY, ResamplingReader


@pytest.mark.parametrize("rate", [44_100, 48_000, 16_000])
def test_what_is_read_in_blocks_is_the_whole_resampled_at_once(rate: int) -> None:
    source = np.sin(np.arange(24_000) * 0.1).astype(np.float32)
    read_frames = 0
    most_inside = 0.0

    def read(out: memoryview) -> None:
        nonlocal read_frames
        piece = np.zeros(len(out) // 4, np.float32)
        left = source[read_frames : read_frames + len(piece)]
        piece[: len(left)] = left
        out[:] = piece.tobytes()
        read_frames += len(piece)

    resampled = ResamplingReader(read, rate)
    heard: list[bytes] = []
    block = rate // 200
    for i in range(210):
        out = bytearray(block * 4)
        resampled.read(memoryview(out))
        heard.append(bytes(out))
        most_inside = max(most_inside, read_frames / 24_000 - (i + 1) * block / rate)
    wanted = soxr.resample(source, 24_000, rate, quality=QUALITY)
    got = np.frombuffer(b"".join(heard), np.float32)[: len(wanted)]
    # The end differs: for one the signal ends there, for the other silence follows.
    assert np.allclose(got[: -rate // 50], wanted[: -rate // 50], atol=1e-4)
    assert most_inside < DELAY_SECONDS
