"""The names of XTTS's own voices, read without torch."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from helpers.neural import skip_unless_installed
from helpers.tiny_voices import SPEAKERS, torch_file, xtts
from voicestream.errors import EngineNotReadyError
from voicestream.workers.tts.xtts import speakers

if TYPE_CHECKING:
    from pathlib import Path

SAVE = """
import sys, torch
made = lambda: {"gpt_cond_latent": torch.randn(1, 32, 8), "speaker_embedding": torch.nn.Parameter(torch.randn(1, 4, 1))}
torch.save({"Zofija Kendrick": made(), "Ana Florence": made()}, sys.argv[1])
"""


def test_names_are_read_in_their_order(tmp_path: Path) -> None:
    assert speakers.names(xtts(tmp_path / "xtts")) == list(SPEAKERS)


def test_a_file_that_torch_has_written_is_read_without_torch(tmp_path: Path) -> None:
    skip_unless_installed()
    subprocess.run([sys.executable, "-P", "-c", SAVE, tmp_path / speakers.FILE], check=True)
    assert speakers.names(tmp_path) == ["Zofija Kendrick", "Ana Florence"]


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    assert speakers.names(tmp_path) == []


class Evil:
    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._file),)


def test_nothing_that_the_file_says_is_run(tmp_path: Path) -> None:
    torch_file(tmp_path / speakers.FILE, {"Claribel Dervla": Evil(tmp_path / "made")})
    assert speakers.names(tmp_path) == ["Claribel Dervla"]
    assert not (tmp_path / "made").exists()
    with zipfile.ZipFile(tmp_path / speakers.FILE) as archive:
        pickle.loads(archive.read("archive/data.pkl"))  # noqa: S301 - to see that it would
    assert (tmp_path / "made").exists()


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
    file = tmp_path / speakers.FILE
    file.write_bytes(data)
    for _ in range(2):
        with pytest.raises(EngineNotReadyError, match="is damaged") as error:
            speakers.names(tmp_path)
        assert error.value.hint == "Remove it and type: voicestream setup"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", data)
