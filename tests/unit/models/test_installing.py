"""What becomes of the original of a converted model, and of models that come from a directory."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

import pytest

from voicestream import atomic_files
from voicestream.errors import VoicestreamError
from voicestream.models import catalogue, conversion, installing, manifest
from voicestream.models.downloads import disk
from voicestream.models.installing import Installer
from voicestream.models.manifest import FileRecord, Manifest
from voicestream.models.model_store import ModelStore

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.models.progress import ProgressReporter

ORIGINAL = catalogue.find("nllb-200-distilled-600M")
CONVERTED = catalogue.find("nllb-200-distilled-600M-int8")
VOICE = catalogue.for_voice("kokoro")


class Said:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, what: str, done: int, total: int) -> None:
        pass


def make(store: ModelStore, name: str, contents: dict[str, bytes]) -> None:
    """A model as a pull leaves it."""
    directory = store.path_of(name)
    directory.mkdir(parents=True)
    for file, data in contents.items():
        (directory / file).parent.mkdir(exist_ok=True)
        (directory / file).write_bytes(data)
    records = {
        file: FileRecord(size=len(data), sha256=atomic_files.digest(directory / file).sha256)
        for file, data in contents.items()
    }
    manifest.write(
        directory,
        Manifest(
            name=name,
            repository=ORIGINAL.repository,
            revision="c0ffee",
            licence=ORIGINAL.licence,
            finished="2026-01-01",
            files=records,
        ),
    )


@pytest.fixture
def source(tmp_path: Path) -> ModelStore:
    """A directory that was carried here, with the original."""
    store = ModelStore(tmp_path / "carried")
    make(store, ORIGINAL.name, {"config.json": b"{}", "model.safetensors": b"weights" * 1000})
    return store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """Where models go; there is no network, no CTranslate2 and nothing to wait for."""

    def convert(source: Path, target: Path, name: str, reporter: ProgressReporter) -> None:
        target.mkdir()
        (target / "model.bin").write_bytes((source / "model.safetensors").read_bytes()[:100])

    def no_network() -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(conversion, "convert", convert)
    monkeypatch.setattr(installing, "ModelHub", no_network)
    monkeypatch.setattr(installing.packages, "check", lambda *_: None)
    return ModelStore(tmp_path / "models")


def names_in(store: ModelStore) -> list[str]:
    return sorted(entry.name for entry in store.entries() if entry.manifest is not None)


def test_a_model_from_a_directory_is_copied_with_its_manifest(store: ModelStore, source: ModelStore) -> None:
    Installer(store, Said(), source=source).install(ORIGINAL)
    assert store.installed(ORIGINAL.name) == source.installed(ORIGINAL.name)
    assert (store.path_of(ORIGINAL.name) / "model.safetensors").read_bytes() == b"weights" * 1000
    assert sorted(path.name for path in store.path_of(ORIGINAL.name).iterdir()) == [
        "config.json",
        "model.safetensors",
        manifest.NAME,
    ]


def test_files_in_a_sub_directory_are_copied_into_one(store: ModelStore, tmp_path: Path) -> None:
    carried = ModelStore(tmp_path / "with-voices")
    make(carried, VOICE.name, {"config.json": b"{}", "voices/one.bin": b"one"})
    Installer(store, Said(), source=carried).install(VOICE)
    assert store.installed(VOICE.name) == carried.installed(VOICE.name)
    assert (store.path_of(VOICE.name) / "voices" / "one.bin").read_bytes() == b"one"


def test_a_converted_model_is_made_of_a_carried_original_which_is_not_installed(
    store: ModelStore, source: ModelStore
) -> None:
    Installer(store, Said(), source=source).install(CONVERTED)
    assert names_in(store) == [CONVERTED.name]
    made = store.installed(CONVERTED.name)
    assert made is not None
    assert made.name == CONVERTED.name
    assert made.revision == "c0ffee"
    assert list(made.files) == ["model.bin"]
    assert names_in(source) == [ORIGINAL.name]


def test_a_carried_converted_model_is_copied_and_not_made_again(store: ModelStore, source: ModelStore) -> None:
    make(source, CONVERTED.name, {"model.bin": b"carried"})
    Installer(store, Said(), source=source).install(CONVERTED)
    assert (store.path_of(CONVERTED.name) / "model.bin").read_bytes() == b"carried"


def test_an_original_that_was_there_before_stays(store: ModelStore) -> None:
    make(store, ORIGINAL.name, {"model.safetensors": b"weights" * 1000})
    Installer(store, Said()).install(CONVERTED)
    assert names_in(store) == [ORIGINAL.name, CONVERTED.name]


def test_an_original_that_was_there_before_and_damaged_is_mended_and_stays(
    store: ModelStore, source: ModelStore
) -> None:
    make(store, ORIGINAL.name, {"config.json": b"{}", "model.safetensors": b"Weights" * 1000})
    (store.path_of(ORIGINAL.name) / "model.safetensors").write_bytes(b"damaged")
    said = Said()
    Installer(store, said, source=source).install(CONVERTED)
    assert names_in(store) == [ORIGINAL.name, CONVERTED.name]
    assert (store.path_of(ORIGINAL.name) / "model.safetensors").read_bytes() == b"weights" * 1000
    assert any("model.safetensors of nllb-200-distilled-600M is 7 bytes" in line for line in said.lines)


def test_an_original_is_kept_when_that_is_asked_for(store: ModelStore, source: ModelStore) -> None:
    Installer(store, Said(), source=source).install(CONVERTED, keep_original=True)
    assert names_in(store) == [ORIGINAL.name, CONVERTED.name]
    assert list((store.root / ".unfinished").iterdir()) == []


def test_an_unfinished_original_that_is_whole_is_used_without_the_network_and_deleted(store: ModelStore) -> None:
    make(store, ORIGINAL.name, {"model.safetensors": b"weights" * 1000})
    (store.root / ".unfinished").mkdir()
    store.path_of(ORIGINAL.name).rename(store.unfinished_path_of(ORIGINAL.name))
    Installer(store, Said()).install(CONVERTED)
    assert names_in(store) == [CONVERTED.name]
    assert list((store.root / ".unfinished").iterdir()) == []


def test_a_conversion_that_fails_leaves_nothing_of_the_converted_model(
    store: ModelStore, source: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: Path, target: Path, name: str, reporter: ProgressReporter) -> None:
        target.mkdir()
        (target / "model.bin").write_bytes(b"half")
        raise VoicestreamError("it broke")

    monkeypatch.setattr(conversion, "convert", fail)
    with pytest.raises(VoicestreamError, match="it broke"):
        Installer(store, Said(), source=source).install(CONVERTED)
    assert store.entries() == []


def test_a_carried_model_that_was_damaged_is_named_and_not_installed(store: ModelStore, source: ModelStore) -> None:
    damaged = source.path_of(ORIGINAL.name) / "model.safetensors"
    damaged.write_bytes(b"Weights" * 1000)
    for model in (ORIGINAL, CONVERTED):
        with pytest.raises(VoicestreamError, match=re.escape(f"model.safetensors in {damaged.parent} does not match")):
            Installer(store, Said(), source=source).install(model)
    assert names_in(store) == []


def test_a_model_that_was_not_carried_is_named_with_what_to_type_elsewhere(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(VoicestreamError) as error:
        Installer(store, Said(), source=ModelStore(tmp_path / "empty")).install(CONVERTED)
    assert "voicestream models pull nllb-200-distilled-600M --dir DIR" in error.value.hint


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", "", "a/../../b", "./a", "a//b", manifest.NAME])
def test_a_manifest_with_a_name_that_leads_out_of_its_directory_is_none(source: ModelStore, name: str) -> None:
    directory = source.path_of(ORIGINAL.name)
    text = (directory / manifest.NAME).read_text()
    (directory / manifest.NAME).write_text(text.replace('"config.json"', f'"{name}"'))
    assert manifest.read(directory) is None
    for right in ("other.json", "voices/one.bin"):
        (directory / manifest.NAME).write_text(text.replace('"config.json"', f'"{right}"'))
        assert manifest.read(directory) is not None


def test_a_full_disk_is_told_from_other_errors_and_said(
    store: ModelStore, source: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(installing, "move_into_place", full)
    with pytest.raises(VoicestreamError, match="no room to write in"):
        Installer(store, Said(), source=source).install(ORIGINAL)
    assert not disk.is_full(OSError(errno.EACCES, "no"))


def test_a_child_that_cannot_convert_is_said_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ctranslate2'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(VoicestreamError, match=r"could not be made of .*: ModuleNotFoundError"):
        conversion.convert(tmp_path, tmp_path / "target", CONVERTED.name, Said())


def test_a_child_that_fills_the_disk_or_is_killed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ctranslate2").mkdir()
    (tmp_path / "ctranslate2" / "__init__.py").touch()
    fake = tmp_path / "ctranslate2" / "converters.py"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    shell = "import os\nclass TransformersConverter:\n    def __init__(self, *a, **k): {}\n"
    fake.write_text(shell.format("raise OSError(28, 'No space left on device')"))
    with pytest.raises(VoicestreamError, match="no room to write in"):
        conversion.convert(tmp_path, tmp_path / "target", CONVERTED.name, Said())
    fake.write_text(shell.format("os.kill(os.getpid(), 9)"))
    with pytest.raises(VoicestreamError, match="out of memory"):
        conversion.convert(tmp_path, tmp_path / "target", CONVERTED.name, Said())
