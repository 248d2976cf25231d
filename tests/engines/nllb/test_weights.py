"""Directories of models as they are found: whole, damaged, and none at all."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.neural import skip_unless_installed
from helpers.models.tiny_nllb import NAME
from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError
from voicestream.models import licences, location, packages
from voicestream.workers import engine_loading
from voicestream.workers.engines.nllb import weights
from voicestream.workers.inference import page_cache

skip_unless_installed()

import torch
from safetensors.torch import load_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The first of them makes the models.
CONVERTED = f"{NAME}-int8"


@pytest.fixture
def models(tmp_path: Path, nllb_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that may be damaged, and is looked into."""
    shutil.copytree(nllb_models, tmp_path / "models")
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    monkeypatch.setenv(COMPUTE_VARIABLE, "cpu")
    return tmp_path / "models"


def refusal(name: str) -> EngineNotReadyError:
    with pytest.raises(EngineNotReadyError) as caught:
        engine_loading.load_translator(name, lambda *_: None)
    return caught.value


def cut(file: Path) -> None:
    """As a download that broke off leaves it."""
    os.truncate(file, file.stat().st_size * 2 // 3)


def pickle(model: Path) -> None:
    """Have the weights in the older format, in which most of NLLB is published."""
    torch.save(load_file(model / "model.safetensors"), model / "pytorch_model.bin")
    (model / "model.safetensors").unlink()


def shard(model: Path) -> None:
    """Have the weights in two files, as larger models have them."""
    from safetensors.torch import save_file

    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[:20], "model-00002-of-00002.safetensors": names[20:]}
    for file, some in parts.items():
        save_file({name: tensors[name] for name in some}, model / file, metadata={"format": "pt"})
    weight_map = {name: file for file, some in parts.items() for name in some}
    index = {"metadata": {}, "weight_map": weight_map}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


@pytest.mark.parametrize("change", [lambda _: None, pickle, shard])
def test_each_format_of_weights_is_loaded(models: Path, change: Callable[[Path], None]) -> None:
    change(models / NAME)
    assert weights.original("") == models / NAME
    engine_loading.load_translator("nllb", lambda *_: None).close()


def test_a_directory_may_be_a_model_itself(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert weights.original(str(models / NAME)) == models / NAME
    assert weights.converted(str(models / CONVERTED)) == models / CONVERTED
    with pytest.raises(EngineNotReadyError, match="no NLLB weights in the format of CTranslate2"):
        weights.converted(str(models / NAME))


def test_of_several_models_the_one_that_came_last_is_used(models: Path) -> None:
    other = models / "nllb-200-3.3B"
    shutil.copytree(models / NAME, other)
    os.utime(other / "config.json", ns=(1, 1))
    assert weights.original("") == models / NAME
    os.utime(models / NAME / "config.json", ns=(0, 0))
    assert weights.original("") == other


def test_a_damaged_model_is_passed_over_when_there_is_another(models: Path) -> None:
    shutil.copytree(models / NAME, models / "a-damaged-one")
    (models / "a-damaged-one" / "tokenizer.json").unlink()
    os.utime(models / NAME / "config.json", ns=(0, 0))
    assert weights.original("") == models / NAME


def edit(file: Path, **values: object) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(found | values), encoding="utf-8")


def without_languages(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for code in ("jpn_Jpan", "zul_Latn"):
        text = text.replace(code, f"x{code}")
    file.write_text(text, encoding="utf-8")


DAMAGE = [
    (
        lambda model: (model / "tokenizer.json").unlink(),
        "has no tokenizer.json: languages cannot be selected without it",
    ),
    (lambda model: cut(model / "tokenizer.json"), "tokenizer.json is damaged"),
    (lambda model: without_languages(model / "tokenizer.json"), "has no jpn_Jpan, zul_Latn"),
    (lambda model: cut(model / "model.safetensors"), "model.safetensors is damaged: it is truncated"),
    (lambda model: (model / "model.safetensors").write_bytes(b"abc"), "model.safetensors is damaged"),
    (lambda model: (model / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0no"), "model.safetensors is damaged"),
    (lambda model: (pickle(model), cut(model / "pytorch_model.bin")), "pytorch_model.bin is damaged"),
    (lambda model: (shard(model), (model / "model-00002-of-00002.safetensors").unlink()), "lacks model-00002-of-00002"),
    (lambda model: (model / "model.safetensors").unlink(), "has no model.safetensors and no pytorch_model.bin"),
    (lambda model: edit(model / "config.json", architectures=["BertModel"]), "holds BertModel, not NLLB-200"),
    (lambda model: edit(model / "config.json", architectures=None), "holds no model at all, not NLLB-200"),
    (lambda model: cut(model / "config.json"), "config.json is damaged"),
    (lambda model: (model / "config.json").write_text("[]"), "config.json is damaged: it holds no table"),
    (lambda model: edit(model / "config.json", d_model=96), "cannot be loaded"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_a_damaged_directory_is_named_and_so_is_what_is_wrong(
    models: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(models / NAME)
    shutil.rmtree(models / CONVERTED)
    error = refusal("nllb")
    assert words in str(error)
    assert str(models / NAME) in str(error)
    assert "voicestream setup" in error.hint


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda model: (model / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda model: (model / "shared_vocabulary.json").unlink(), "has no shared_vocabulary.json"),
        (lambda model: (model / "model.bin").unlink(), "has no model.bin"),
        (lambda model: cut(model / "model.bin"), "cannot be loaded"),
        (lambda model: (model / "model.bin").write_bytes(b"\xff" * 1000), "cannot be loaded"),
    ],
)
def test_a_damaged_conversion_is_named_and_so_is_what_is_wrong(
    models: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(models / CONVERTED)
    shutil.rmtree(models / NAME)
    error = refusal("nllb-ct2")
    assert words in str(error)
    assert str(models / CONVERTED) in str(error)
    assert "voicestream setup" in error.hint


@pytest.mark.parametrize("name", ["nllb", "nllb-ct2"])
@pytest.mark.parametrize("place", ["empty", "missing"])
def test_without_weights_the_command_that_gets_them_is_named(
    name: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / place))
    error = refusal(name)
    assert str(tmp_path / place) in str(error)
    assert error.hint == "voicestream setup"


@pytest.mark.parametrize(
    ("name", "package"), [("nllb", "transformers.utils"), ("nllb", "torch"), ("nllb-ct2", "ctranslate2")]
)
def test_without_its_packages_the_command_that_installs_them_is_named(
    name: str, package: str, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert models.is_dir()
    monkeypatch.setitem(sys.modules, package, None)
    error = refusal(name)
    assert package in str(error)
    assert error.hint == packages.INSTALL


def test_weights_are_read_ahead_with_news_of_how_far_that_is(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    files[0].write_bytes(bytes(page_cache.CHUNK_BYTES * 3))
    files[1].write_bytes(bytes(page_cache.CHUNK_BYTES))
    told: list[float | None] = []
    clock = iter(range(100))
    page_cache.prefetch(files, lambda _, share: told.append(share), lambda: next(clock))
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.fixture
def cache(tmp_path: Path, nllb_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The snapshot of a cache of huggingface_hub, on a machine on which nothing was set up."""
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    root = tmp_path / "hub" / f"models--facebook--{NAME}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("c0ffee", encoding="ascii")
    return shutil.copytree(nllb_models / NAME, root / "snapshots" / "c0ffee")


def test_weights_in_the_cache_of_the_hub_are_used_once_their_licence_was_accepted(cache: Path) -> None:
    with pytest.raises(EngineNotReadyError, match="have not accepted their licence") as caught:
        weights.original("")
    assert str(cache) in str(caught.value)
    assert caught.value.hint.startswith("voicestream setup")
    licences.accept(licences.find("cc-by-nc-4.0"))
    assert weights.original("") == cache
    # What was set up goes before it.
    shutil.copytree(cache, location.directory() / NAME)
    assert weights.original("") == location.directory() / NAME


def test_a_directory_that_was_named_is_the_only_one_that_is_looked_into(cache: Path, tmp_path: Path) -> None:
    licences.accept(licences.find("cc-by-nc-4.0"))
    assert cache.is_dir()
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineNotReadyError, match="no NLLB weights in"):
        weights.original(str(tmp_path / "empty"))
