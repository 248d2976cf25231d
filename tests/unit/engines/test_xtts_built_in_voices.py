"""The names of XTTS's own voices, read without torch."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models.tiny_voices import SPEAKERS, torch_file, xtts
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.xtts import built_in_voices
from voicestream.workers.engines.xtts.coqui import zip_archive

if TYPE_CHECKING:
    from pathlib import Path

SAVE = """
import sys, torch
made = lambda: {"gpt_cond_latent": torch.randn(1, 32, 8), "speaker_embedding": torch.nn.Parameter(torch.randn(1, 4, 1))}
torch.save({"Zofija Kendrick": made(), "Ana Florence": made()}, sys.argv[1])
"""


def test_names_are_read_in_their_order(tmp_path: Path) -> None:
    assert built_in_voices.names(xtts(tmp_path / "xtts")) == list(SPEAKERS)


def test_a_file_that_torch_has_written_is_read_without_torch(tmp_path: Path) -> None:
    skip_unless_installed()
    subprocess.run([sys.executable, "-P", "-c", SAVE, tmp_path / built_in_voices.FILE], check=True)
    assert built_in_voices.names(tmp_path) == ["Zofija Kendrick", "Ana Florence"]


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    assert built_in_voices.names(tmp_path) == []


class Evil:
    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._file),)


def test_nothing_that_the_file_says_is_run(tmp_path: Path) -> None:
    torch_file(tmp_path / built_in_voices.FILE, {"Claribel Dervla": Evil(tmp_path / "made")})
    assert built_in_voices.names(tmp_path) == ["Claribel Dervla"]
    assert not (tmp_path / "made").exists()
    with zipfile.ZipFile(tmp_path / built_in_voices.FILE) as packed:
        pickle.loads(packed.read("archive/data.pkl"))  # noqa: S301 - to see that it would
    assert (tmp_path / "made").exists()


def test_names_are_read_of_every_protocol_and_of_ordered_tables(tmp_path: Path) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for table in (dict, collections.OrderedDict):
            made = table((name, {"latents": (1, [2.5], b"x")}) for name in [*SPEAKERS, "Ana", "Željko", SPEAKERS[0]])
            with zipfile.ZipFile(tmp_path / built_in_voices.FILE, "w") as packed:
                packed.writestr("archive/data.pkl", pickle.dumps(made, protocol))
            assert built_in_voices.names(tmp_path) == [*SPEAKERS, "Ana", "Željko"]


HUGE = {
    "a text of 4 EiB": b"\x80\x04}\x8d" + struct.pack("<Q", 1 << 62) + b"abc",
    "bytes of 4 EiB": b"\x80\x04}\x8e" + struct.pack("<Q", 1 << 62) + b"abc",
    "changeable bytes of 4 EiB": b"\x80\x05}\x96" + struct.pack("<Q", 1 << 62) + b"abc",
    "place 2 147 483 647 of the memo": b"\x80\x02}r\xff\xff\xff\x7f.",
    "tuples of tuples as a key": b"\x80\x02}K\x01" + b"2\x86" * 60 + b"K\x01s.",
    "no table": pickle.dumps(["a"] * 1000, 2),
}


@pytest.mark.parametrize("what", HUGE)
def test_a_pickle_that_asks_for_more_than_there_is_costs_nothing(tmp_path: Path, what: str) -> None:
    with zipfile.ZipFile(tmp_path / built_in_voices.FILE, "w") as packed:
        packed.writestr("archive/data.pkl", HUGE[what])
    begin = time.process_time()
    tracemalloc.start()
    with suppress(EngineNotReadyError):
        assert built_in_voices.names(tmp_path) == []
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20
    assert time.process_time() - begin < 5


def test_a_file_that_unpacks_to_more_than_an_honest_one_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / built_in_voices.FILE, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data.pkl", pickle.dumps({"a": bytes(5 << 20)}))
    with pytest.raises(EngineNotReadyError, match="unpacks to more than"):
        built_in_voices.names(tmp_path)
    zip_archive.check(tmp_path / built_in_voices.FILE, 6 << 20)
    with pytest.raises(EngineNotReadyError, match="unpacks to more than"):
        zip_archive.check(tmp_path / built_in_voices.FILE, 5 << 20)


def test_an_archive_of_a_million_entries_is_refused_before_they_are_read(tmp_path: Path) -> None:
    for large in (False, True):
        end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 60_000, 60_000, 3 << 20, 0, 0)
        record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 0, 0, 0, 0, 1 << 20, 1 << 20, 50 << 20, 0)
        leads = b"PK\x06\x07" + struct.pack("<IQI", 0, 3 << 20, 1)
        small = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        (tmp_path / built_in_voices.FILE).write_bytes(bytes(3 << 20) + (record + leads + small if large else end))
        with pytest.raises(EngineNotReadyError, match="more entries"):
            built_in_voices.names(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        pickle.dumps(["no", "table"], 2),
        pickle.dumps({"a": 1}, 2)[:-3],
        b"\x80\x02}u.",
        b"\x80\x7f.",
    ],
)
def test_a_damaged_file_is_named_with_what_to_type(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / built_in_voices.FILE
    file.write_bytes(data)
    for _ in range(2):
        with pytest.raises(EngineNotReadyError, match="is damaged") as error:
            built_in_voices.names(tmp_path)
        assert error.value.hint == "Remove it and try: voicestream setup"
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("archive/data.pkl", data)
