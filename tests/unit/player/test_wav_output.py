"""Samples and headers of WAV files."""

from __future__ import annotations

import os
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicestream.errors import VoicestreamError
from voicestream.workers.player.wav_output import WavSink

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path) -> list[int]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").tolist()


def samples(*values: float) -> memoryview:
    return memoryview(np.array(values, np.float32).tobytes())


def test_samples_are_rounded_half_to_even_and_clipped(tmp_path: Path) -> None:
    sink = WavSink(str(tmp_path / "out.wav"), 0)
    sink.write(0, samples(0.0, 1.0, -1.0, 1.5, -1.5, 0.5, -0.5, float("nan"), float("inf"), float("-inf")))
    sink.close()
    # 0.5 * 32767 = 16383.5
    assert written(tmp_path / "out.wav") == [0, 32767, -32767, 32767, -32768, 16384, -16384, 0, 32767, -32767]


def test_the_header_is_right_after_every_write_and_a_second_writing_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    sink = WavSink(str(path), 0)
    assert written(path) == []
    sink.write(0, samples(0.1, 0.2, 0.3))
    assert len(written(path)) == 3
    before = path.read_bytes()
    sink.close()
    again = WavSink(str(path), 1)
    assert path.read_bytes() == before
    again.write(1, samples(0.2))
    assert path.read_bytes() == before
    again.close()


def test_a_file_cut_in_the_middle_of_a_frame_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    sink = WavSink(str(path), 0)
    sink.write(0, samples(0.1, 0.2, 0.3))
    sink.close()
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 3)
    again = WavSink(str(path), 1)
    again.write(1, samples(0.2, 0.3))
    again.close()
    assert path.read_bytes() == whole


def test_a_pipe_is_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VoicestreamError, match="neither a file nor a device"):
        WavSink(str(tmp_path / "pipe"), 0)


def test_no_folder_is_to_be_made_for_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    link = tmp_path / "out.wav"
    link.symlink_to(tmp_path / "missing" / "out.wav")
    with pytest.raises(VoicestreamError, match="No such file or directory") as caught:
        WavSink(str(link), 0)
    assert caught.value.hint == "try: voicestream run --output ANOTHER.wav"
