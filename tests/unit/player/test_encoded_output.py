"""FLAC and Opus files: what is decoded again, also when the player was killed while it wrote them."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicestream.errors import ConfigurationError, VoicestreamError
from voicestream.workers.player.encoded_output import EncodedSink

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from voicestream.workers.player.encoded_output import Encoding

soundfile = pytest.importorskip("soundfile", reason="soundfile not found: make test installs it")

RATE = 24_000
SECONDS = 12
CHUNK = 3_000


def speech() -> NDArray[np.float32]:
    """A tone whose pitch and loudness change."""
    t = np.arange(RATE * SECONDS) / RATE
    return (0.4 * np.sin(2 * np.pi * (600 + 20 * t) * t) * np.sin(np.pi * t) ** 2).astype(np.float32)


SPEECH = speech()
PCM = np.rint(SPEECH.astype(np.float64) * 32767).astype(np.int16)


def write(sink: EncodedSink, begin: int, end: int) -> None:
    for at in range(begin, end, CHUNK):
        sink.write(at, memoryview(SPEECH[at : min(end, at + CHUNK)].tobytes()))


def decoded(path: Path) -> NDArray[np.int16]:
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    found: NDArray[np.int16] = samples
    return found


def assert_same(path: Path, encoding: Encoding) -> None:
    samples = decoded(path)
    assert len(samples) == len(PCM)
    if encoding == "flac":
        assert (samples == PCM).all()
    else:
        # A shift of some samples would show in the correlation of a second, a hole in the loudness of 10 ms.
        for one, other in zip(np.split(samples, SECONDS), np.split(PCM, SECONDS), strict=True):
            assert np.corrcoef(one.astype(float), other.astype(float))[0, 1] > 0.85
        ours, theirs = loudness(samples), loudness(PCM)
        is_loud = theirs > 1000
        assert (np.abs(ours / theirs - 1)[is_loud] < 0.3).all()


def loudness(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Root mean square of each 10 ms."""
    frames = samples.astype(np.float64).reshape(-1, RATE // 100)
    found: NDArray[np.float64] = np.sqrt((frames**2).mean(axis=1)) + 1e-9
    return found


@pytest.mark.parametrize("encoding", ["flac", "opus"])
def test_a_file_holds_every_sample_and_nothing_is_left_beside_it(tmp_path: Path, encoding: Encoding) -> None:
    path = tmp_path / f"talk.{encoding}"
    sink = EncodedSink(str(path), 0, encoding)
    write(sink, 0, len(PCM))
    sink.close()
    assert_same(path, encoding)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_size < len(PCM)


@pytest.mark.parametrize("encoding", ["flac", "opus"])
def test_a_killed_player_is_continued_without_a_hole_by_the_next_ones(tmp_path: Path, encoding: Encoding) -> None:
    path = tmp_path / f"talk.{encoding}"
    sink = EncodedSink(str(path), 0, encoding)
    write(sink, 0, 5 * RATE)
    # A kill: nothing of the encoder's comes to the disk. Some samples are sent again.
    end = 5 * RATE
    for length in (RATE, 500, 4 * RATE):
        successor = EncodedSink(str(path), end - 1000, encoding)
        write(successor, end - 1000, end + length)
        end += length
        killed, sink = sink, successor
        killed._encoder = None
    write(sink, end, len(PCM))
    sink.close()
    assert_same(path, encoding)


@pytest.mark.parametrize(("encoding", "held_back"), [("flac", 0.25), ("opus", 1.2)])
def test_a_file_that_nobody_completes_can_be_decoded_but_for_its_end(
    tmp_path: Path, encoding: Encoding, held_back: float
) -> None:
    path, copy = tmp_path / f"talk.{encoding}", tmp_path / f"copy.{encoding}"
    sink = EncodedSink(str(path), 0, encoding)
    write(sink, 0, 10 * RATE)
    shutil.copy(path, copy)
    sink.close()
    with soundfile.SoundFile(copy) as opened:
        frames = 0
        try:
            while size := len(opened.read(1024, "int16")):
                frames += size
        except soundfile.SoundFileError:
            pass  # the end of a file that was cut
    assert frames > (10 - held_back) * RATE


def test_a_full_disk_fails_every_further_sentence_and_keeps_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "talk.flac"
    sink = EncodedSink(str(path), 0, "flac")
    write(sink, 0, 5 * RATE)
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(VoicestreamError, match="the disk is full"):
        write(sink, 5 * RATE, 10 * RATE)
    monkeypatch.setattr(os, "pwrite", real)
    with pytest.raises(VoicestreamError, match="the disk is full"):
        write(sink, 5 * RATE, 10 * RATE)
    sink.close()
    assert list(tmp_path.iterdir()) == [path]
    with soundfile.SoundFile(path) as opened:
        assert (opened.read(4 * RATE, "int16") == PCM[: 4 * RATE]).all()


def test_a_gap_is_silence_and_a_session_without_a_sample_leaves_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "talk.flac"
    EncodedSink(str(path), 0, "flac").close()
    assert path.read_bytes() == b""
    sink = EncodedSink(str(path), 0, "flac")
    sink.write(40_000, memoryview(SPEECH[:CHUNK].tobytes()))
    sink.close()
    samples = decoded(path)
    assert not samples[:40_000].any()
    assert (samples[40_000:] == PCM[:CHUNK]).all()


def test_a_missing_package_and_a_device_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "device.opus"
    device.symlink_to("/dev/null")
    with pytest.raises(VoicestreamError, match="not a regular file"):
        EncodedSink(str(device), 0, "opus")
    with pytest.raises(VoicestreamError, match="there is no folder"):
        EncodedSink(str(tmp_path / "no" / "talk.opus"), 0, "opus")
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(ConfigurationError, match="need soundfile") as caught:
        EncodedSink(str(tmp_path / "talk.flac"), 0, "flac")
    assert caught.value.hint == "pip install 'voicestream[audio-files]'"
