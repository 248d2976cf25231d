"""Files of others: read up to a size that an honest one can have, and never waited for."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from typing import TYPE_CHECKING

import msgspec
import pytest

from voicestream import bounded_file
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models import manifest, weights
from voicestream.voices import cleaning, sound_file
from voicestream.workers.engines.kokoro import voices as kokoro_voices
from voicestream.workers.engines.nllb import weights as nllb_directories

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 10)
    assert bounded_file.read(file, 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than 9 bytes"):
        bounded_file.read(file, 9)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("/dev/zero", "/dev/null", tmp_path / "fifo"):
        with pytest.raises(OSError, match="not a regular file"):
            bounded_file.read(tmp_path / name, 10)
    with pytest.raises(IsADirectoryError):
        bounded_file.read(tmp_path, 10)


@pytest.mark.parametrize("name", ["nul\0", "half\ud800"])
def test_a_name_that_no_file_can_have_is_an_error_of_the_system(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="no file can have this name"):
        bounded_file.read(tmp_path / name, 10)


class _Record(msgspec.Struct):
    name: object


@pytest.mark.parametrize("text", ["[" * 100_000, '{"name": ' * 100_000, '{"name": ' + "9" * 5000 + "}", "\xff"])
def test_json_that_cannot_be_right_is_a_value_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r".*"):
        bounded_file.read_json(file, 1 << 20)
    with pytest.raises(ValueError, match=r".*"):
        bounded_file.read_as(file, 1 << 20, dict[str, _Record])


@pytest.mark.parametrize("text", ["[" * 200_000, json.dumps({"model": "x" * (5 << 20)}), "[]", ""])
def test_a_configuration_that_cannot_be_right_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(EngineNotReadyError, match=r"config\.json is damaged"):
        weights.table(tmp_path / "config.json")
    assert weights.configuration(tmp_path) == {}


def test_a_manifest_of_brackets_is_none(tmp_path: Path) -> None:
    (tmp_path / manifest.NAME).write_text('{"files":' + "[" * 100_000)
    assert manifest.read(tmp_path) is None


@pytest.mark.parametrize("said", [["x"] * 3, {"a": 1}, 7, "x" * 1000, None])
def test_a_model_of_anything_is_not_nllb(tmp_path: Path, said: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": said}))
    with pytest.raises(EngineNotReadyError, match="not NLLB-200") as caught:
        nllb_directories.original(str(tmp_path))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("weights", [["a"], {"a": "../elsewhere"}, {"a": 1.5, "b": "/etc/passwd"}])
def test_an_index_that_names_no_parts_is_damaged(tmp_path: Path, weights: object) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
    with pytest.raises(EngineNotReadyError, match="does not name the parts"):
        nllb_directories.weights(tmp_path)


@pytest.mark.parametrize("header", [b"[" * 5000, b"[]", b'{"a": 1}', b'{"a": {"data_offsets": ["x", "y"]}}'])
def test_weights_with_a_header_that_cannot_be_right_are_damaged(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": [nllb_directories.ARCHITECTURE]}))
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(EngineNotReadyError, match="is damaged"):
        nllb_directories.original(str(tmp_path))


def test_a_voice_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    with (tmp_path / "voices" / "af_heart.bin").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(EngineNotReadyError, match="is damaged"):
        kokoro_voices.read(tmp_path, ["af_heart"])


def test_memory_is_for_the_frames_that_are_there_and_not_for_those_that_a_header_claims(tmp_path: Path) -> None:
    file = tmp_path / "sample.wav"
    claimed = 0xFFFF_0000
    form = struct.pack("<HHIIHH", 1, 1, 22_050, 44_100, 2, 16)
    head = b"RIFF" + struct.pack("<I", claimed + 36) + b"WAVEfmt " + struct.pack("<I", 16) + form
    file.write_bytes(head + b"data" + struct.pack("<I", claimed) + b"\1\0\2\0\3")
    tracemalloc.start()
    assert len(cleaning.read(file).samples) == 2
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 32 << 20


@pytest.mark.parametrize(("channels", "rate"), [(200, 44_100), (1, 4_000_000)])
def test_a_recording_that_no_recorder_makes_is_refused(tmp_path: Path, channels: int, rate: int) -> None:
    soundfile = pytest.importorskip("soundfile", reason="soundfile not found: make neural")
    numpy = pytest.importorskip("numpy")
    soundfile.write(tmp_path / "me.wav", numpy.zeros((10, channels)), rate)
    with pytest.raises(UsageError, match=f"{channels} channels at {rate} Hz"):
        sound_file.read(tmp_path / "me.wav")


def test_a_models_configuration_of_brackets_costs_no_list_of_voices(place: Voicestream) -> None:
    models = place.home / "m"
    models.mkdir()
    (models / "config.json").write_text("[" * 200_000)
    done = place.call("voices", "list", "--models", str(models))
    assert done.returncode == 0, done.stderr
    assert "xtts: " in done.stdout
