"""XTTS by its real loading code, with a small model of the real layout that the tests have made."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.models import tiny_xtts
from voicestream.config import languages
from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers import engine_loading
from voicestream.workers.engines.xtts import synthesizer as xtts_engine
from voicestream.workers.inference import device

skip_unless_voice_installed()

import torch

from voicestream.workers.engines.xtts import gpt
from voicestream.workers.engines.xtts.decoding import CapturedDecoder
from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer

    Load = Callable[[Path], Synthesizer]

SAMPLE_RATE = 24_000
TEXT: Final = tiny_xtts.TEXTS["en"]

# The first of them makes the model.


@pytest.fixture(scope="module")
def xtts(narrow_xtts_models: Path) -> Iterator[Synthesizer]:
    """The engine, loaded once for all tests that only speak with it."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MODELS_VARIABLE, str(narrow_xtts_models))
        torch.set_num_threads(1)
        loaded = engine_loading.load_synthesizer("xtts", lambda *_: None)
        yield loaded
        loaded.close()
    os.environ.clear()
    os.environ.update(before)


def spoken(
    xtts: Synthesizer, text: str = TEXT, language: str = "en", voice: str = "", *, seed: int = 1, speed: float = 1.0
) -> NDArray[np.float32]:
    return np.concatenate(list(xtts.synthesize(text, language, voice, seed, speed=speed)))


def wav(path: Path, seconds: float, pitch: float) -> Path:
    """A recording of something like a voice: a tone with overtones that comes and goes."""
    time = np.arange(round(seconds * 22_050)) / 22_050
    tone = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 9))
    samples = 0.1 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("language", sorted(tiny_xtts.TEXTS))
def test_each_of_the_seventeen_languages_is_spoken(xtts: Synthesizer, language: str) -> None:
    assert xtts.supports(language)
    samples = spoken(xtts, tiny_xtts.TEXTS[language], language)
    assert samples.dtype == np.float32
    assert len(samples) > SAMPLE_RATE / 4
    assert 0.05 < np.abs(samples).max() <= 1


def test_there_are_seventeen_of_them(xtts: Synthesizer) -> None:
    known = {language.xtts for language in languages.known() if language.xtts}
    assert len(known) == 17
    assert {languages.parse(tag).xtts for tag in tiny_xtts.TEXTS} == known
    assert not xtts.supports("fi")
    assert xtts.max_characters("ja") == 71


def test_sound_comes_while_the_sentence_is_still_being_made(xtts: Synthesizer) -> None:
    """And the moments between two pieces of sound are many: at each of them the sentence can be let go of."""
    sizes = [len(chunk) for chunk in xtts.synthesize(TEXT, "en", "", 1)]
    sounding = [number for number, size in enumerate(sizes) if size]
    assert len(sounding) > 2
    assert sizes[sounding[0]] > 0.15 * SAMPLE_RATE
    assert all(later - earlier > 3 for earlier, later in itertools.pairwise(sounding[:-1]))
    assert max(sizes) < 0.5 * SAMPLE_RATE


def test_a_sentence_that_is_let_go_of_leaves_nothing_in_the_next(xtts: Synthesizer) -> None:
    undisturbed = spoken(xtts)
    chunks = xtts.synthesize("something else that is long enough to be dropped half way.", "en", "", 5)
    while not len(next(chunks)):
        pass
    chunks.close()  # type: ignore[attr-defined]
    assert np.array_equal(spoken(xtts), undisturbed)


def test_the_same_seed_says_the_same_and_another_one_something_else(xtts: Synthesizer) -> None:
    first = spoken(xtts, seed=7)
    assert np.array_equal(spoken(xtts, seed=7), first)
    other = spoken(xtts, seed=8)
    assert len(other) != len(first) or not np.array_equal(other, first)


BROKEN: Final = {
    "torchaudio": "raise OSError('libtorchaudio.so: undefined symbol')",
    "torchcodec": "raise RuntimeError('Could not load libtorchcodec')",
}
"""Libraries that were built for another torch; they fail with all sorts of errors when they are imported."""


def test_another_process_says_the_same_without_a_warning_and_without_libraries_that_do_not_fit(
    xtts: Synthesizer, narrow_xtts_models: Path, tmp_path: Path
) -> None:
    """Nor with a question: nobody could answer it."""
    for name, contents in BROKEN.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(contents)
    program = (
        "import hashlib, numpy\n"
        "from helpers.models import tiny_xtts\n"
        "from voicestream.workers import engine_loading as engines\n"
        "narrow = tiny_xtts.narrow_vocoder()\n"
        "def report(stage, _):\n"
        "    if stage == 'reading weights':\n"
        "        narrow.__enter__()\n"
        "engine = engines.load_synthesizer('xtts', report)\n"
        f"made = numpy.concatenate(list(engine.synthesize({TEXT!r}, 'en', '', 7)))\n"
        "print(hashlib.sha256(made.tobytes()).hexdigest())\n"
        "for text, language in (('テストです。', 'ja'), ('测试。', 'zh'), ('테스트.', 'ko')):\n"
        "    assert sum(map(len, engine.synthesize(text, language, '', 1)))\n"
    )
    found = silent_run(program, narrow_xtts_models, tmp_path)
    assert found.strip() == hashlib.sha256(spoken(xtts, seed=7).tobytes()).hexdigest()


def silent_run(program: str, models: Path, path: Path) -> str:
    """What a program says on stdout; it must say nothing on stderr, whatever warnings Python would show."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "default", "-c", program],
        env=os.environ
        | {
            MODELS_VARIABLE: str(models),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": f"{path}{os.pathsep}{Path(__file__).parents[2]}",
        },
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # its share of the processors is not divided with the tests' threads
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_stretches_the_sound(xtts: Synthesizer, speed: float) -> None:
    natural, stretched = len(spoken(xtts)), len(spoken(xtts, speed=speed))
    assert stretched == pytest.approx(natural / speed, rel=0.03)


def test_voices_are_chosen_by_name(xtts: Synthesizer) -> None:
    first, second = (spoken(xtts, voice=name) for name in tiny_xtts.SPEAKERS)
    assert np.array_equal(spoken(xtts, voice=""), first), "without a name it is the first one"
    assert np.array_equal(spoken(xtts, voice=tiny_xtts.SPEAKERS[1].lower()), second)
    assert len(first) != len(second) or not np.array_equal(first, second)


def test_a_voice_that_is_not_there_is_told_with_the_nearest(xtts: Synthesizer) -> None:
    with pytest.raises(UsageError) as caught:
        next(iter(xtts.synthesize(TEXT, "en", "Daisi Studious", 1)))
    assert 'Did you mean --voice "Daisy Studious"?' in caught.value.for_people()


def test_a_voice_is_cloned_from_a_recording_and_kept_by_its_content(
    xtts: Synthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voicestream.workers.engines.xtts.coqui import checkpoint

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = wav(tmp_path / "me.wav", 4.0, 110.0), wav(tmp_path / "you.wav", 4.0, 210.0)
    mine, yours = spoken(xtts, voice=str(first)), spoken(xtts, voice=str(second))
    assert len(mine) != len(yours) or not np.array_equal(mine, yours)
    read = checkpoint.read
    monkeypatch.setattr(checkpoint, "read", lambda _: pytest.fail("it was listened to already"))
    copied = shutil.copy(first, tmp_path / "moved.wav")
    assert np.array_equal(spoken(xtts, voice=str(copied)), mine)
    monkeypatch.setattr(checkpoint, "read", read)
    kept = list((tmp_path / "cache").rglob("*.pt"))
    assert [file.stat().st_mode & 0o777 for file in kept] == [0o600, 0o600]
    for file in kept:
        file.write_bytes(b"damaged")
    again = shutil.copy(first, tmp_path / "again.wav")
    assert np.array_equal(spoken(xtts, voice=str(again)), mine), "what cannot be read is made again"


@pytest.mark.usefixtures("xtts")  # it makes coqui importable
def test_the_conditioning_is_that_of_coqui(
    narrow_xtts_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    from voicestream.voices import cleaning
    from voicestream.workers.engines.xtts import conditioning, linear

    directory = narrow_xtts_models / tiny_xtts.NAME
    config = XttsConfig()
    config.load_json(str(directory / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=str(directory))
    heard = cleaning.read(wav(tmp_path / "me.wav", 9.0, 150.0))
    signal = torch.from_numpy(heard.samples)[None]
    expected = model.get_gpt_cond_latents(signal, 22_050, length=30, chunk_length=4)
    embedding = model.get_speaker_embedding(signal.clone(), 22_050)
    own = gpt.Gpt(model.gpt, linear.in_dtype(torch.float32), torch.float32)
    voice = conditioning.ConditionedVoices(directory, own).get(str(tmp_path / "me.wav"))
    assert torch.allclose(voice.speaker_embedding, embedding, atol=1e-5)
    assert torch.allclose(voice.kv_cache.kv, own.encode_voice(expected).kv, atol=1e-5)


def test_a_text_of_too_many_tokens_is_refused(xtts: Synthesizer) -> None:
    with pytest.raises(ValueError, match="tokens of text are more than the 402 XTTS takes"):
        next(iter(xtts.synthesize("xq" * 300, "en", "", 1)))


def test_a_language_without_its_packages_says_what_to_install(
    xtts: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voicestream.workers.engines.xtts import languages as spoken_languages

    monkeypatch.setattr(spoken_languages, "_is_installed", lambda _: False)
    with pytest.raises(EngineNotReadyError) as caught:
        next(iter(xtts.synthesize(tiny_xtts.TEXTS["ja"], "ja", "", 1)))
    assert "pip install cutlet" in caught.value.for_people()


@pytest.mark.usefixtures("xtts")
def test_nothing_is_left_that_other_libraries_would_take_for_torchcodec() -> None:
    """They would ask for its version."""
    assert "torchcodec" not in sys.modules


def test_it_says_where_and_how_it_computes(xtts: Synthesizer) -> None:
    assert xtts.device == "cpu int8"
    assert xtts.sample_rate == SAMPLE_RATE
    assert xtts.needs_postprocessing
    assert xtts.needs_normalized_text


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load the engine from a directory."""
    loaded: list[Synthesizer] = []

    def begin(models: Path) -> Synthesizer:
        monkeypatch.setenv(MODELS_VARIABLE, str(models))
        loaded.append(engine_loading.load_synthesizer("xtts", lambda *_: None))
        return loaded[-1]

    yield begin
    for engine in loaded:
        engine.close()


@pytest.fixture
def copy(narrow_xtts_models: Path, tmp_path: Path) -> Path:
    """A copy of the model, to be damaged."""
    return shutil.copytree(narrow_xtts_models / tiny_xtts.NAME, tmp_path / tiny_xtts.NAME)


def rewrite(file: Path, change: Callable[[dict[str, object]], object]) -> None:
    loaded = torch.load(file, weights_only=True)
    change(loaded)
    torch.save(loaded, file)


def test_weights_that_do_not_fit_are_refused(copy: Path, load: Load) -> None:
    rewrite(copy / "model.pth", lambda loaded: loaded["model"].pop("gpt.mel_head.weight"))  # type: ignore[attr-defined]
    with pytest.raises(EngineNotReadyError, match=r"gpt\.mel_head\.weight") as caught:
        load(copy)
    assert caught.value.hint == "Remove it and try: voicestream setup"


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "speakers_xtts.pth"])
def test_a_damaged_file_is_named(copy: Path, load: Load, name: str) -> None:
    (copy / name).write_bytes(b"{]")
    with pytest.raises(EngineNotReadyError, match=name.replace(".", r"\.")):
        load(copy)


def test_what_a_checkpoint_wants_to_run_is_not_run(copy: Path, load: Load, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "was-run"),)

    loaded = torch.load(copy / "model.pth", weights_only=True)
    torch.save(loaded | {"config": Trap()}, copy / "model.pth")
    with pytest.raises(EngineNotReadyError, match="cannot be loaded"):
        load(copy)
    assert not (tmp_path / "was-run").exists()


def test_the_published_layouts_of_checkpoints_are_read(copy: Path, load: Load, xtts: Synthesizer) -> None:
    """The configuration as objects, by the names their classes had, and what only training and v1 have in them."""
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig

    config = XttsConfig()
    config.load_json(str(copy / "config.json"))
    loaded = torch.load(copy / "model.pth", weights_only=True)
    weights = {f"xtts.{name}": weight for name, weight in loaded["model"].items()}
    weights["dvae.encoder.weight"] = torch.zeros(3)
    weights["xtts.gpt.gpt_inference.lm_head.0.weight"] = torch.zeros(3)
    weights["xtts.gpt.gpt.wte.weight"] = torch.zeros(3)
    with pytest.MonkeyPatch.context() as patch:
        for old in (XttsArgs, XttsAudioConfig):
            patch.setattr(old, "__module__", "TTS.tts.models.xtts")
        torch.save({"config": config, "model": weights}, copy / "model.pth")
    assert np.array_equal(spoken(load(copy)), spoken(xtts))


def test_without_speakers_a_name_says_what_can_be_done(copy: Path, load: Load) -> None:
    (copy / "speakers_xtts.pth").unlink()
    with pytest.raises(UsageError) as caught:
        next(iter(load(copy).synthesize(TEXT, "en", "Anybody", 1)))
    assert "--voice FILE.wav" in caught.value.for_people()


def test_apples_gpu_is_used_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = device.Device("mps", torch.float16)
    monkeypatch.setattr(device, "choose", lambda _: gpu)
    assert xtts_engine.choose_device("auto").name == "cpu"
    assert xtts_engine.choose_device("mps") == gpu


def test_a_device_that_is_not_there_is_an_error(
    narrow_xtts_models: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMPUTE_VARIABLE, "cuda:7")
    with pytest.raises(EngineNotReadyError, match="no device cuda:7"):
        load(narrow_xtts_models)


@pytest.mark.parametrize("compute", ["auto", "cuda"])
def test_a_full_memory_ends_as_documented(
    compute: str, narrow_xtts_models: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``auto`` the processor goes on; a device that was named is an error."""
    monkeypatch.setenv(COMPUTE_VARIABLE, compute)
    monkeypatch.setattr(device, "choose", lambda _: device.Device("meta", torch.float16))
    place = xtts_engine.build

    def full(where: Path, chosen: device.Device, *, may_capture: bool, streams: int) -> xtts_engine.Model:
        if chosen.name == "meta":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return place(where, chosen, may_capture=may_capture, streams=streams)

    monkeypatch.setattr(xtts_engine, "build", full)
    if compute == "auto":
        assert load(narrow_xtts_models).device == "cpu int8"
    else:
        with pytest.raises(EngineNotReadyError, match="does not fit the memory"):
            load(narrow_xtts_models)


@pytest.mark.parametrize("full", [None, CapturedDecoder, CapturedVocoder], ids=["enough", "decoder", "vocoder"])
def test_without_memory_for_recordings_it_stays_on_its_device_and_runs_without(
    full: type | None,
    narrow_xtts_models: Path,
    load: Load,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(COMPUTE_VARIABLE, "cpu")
    monkeypatch.setattr(xtts_engine, "GRAPH_DEVICES", ("cpu",))

    def refuse(_self: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    if full is not None:
        monkeypatch.setattr(full, "capture", refuse)
    synthesizer = load(narrow_xtts_models)
    assert isinstance(synthesizer, xtts_engine.XttsSynthesizer)
    assert (synthesizer._model.computation.pool is None) == bool(full)
    assert (
        "device=cpu out of memory for CUDA graphs, falling back to eager execution: CUDA out of memory" in caplog.text
    ) == bool(full)
    assert synthesizer.device.startswith("cpu")
    assert sum(map(len, synthesizer.synthesize(TEXT, "en", "", 1))) > 0


def test_what_else_goes_wrong_while_recording_is_an_error(
    narrow_xtts_models: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xtts_engine, "GRAPH_DEVICES", ("cpu",))

    def fail(_self: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(CapturedDecoder, "capture", fail)
    with pytest.raises(RuntimeError, match="a defect"):
        load(narrow_xtts_models)


def test_loading_says_how_far_it_is(narrow_xtts_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(narrow_xtts_models))
    stages: list[str] = []
    engine = engine_loading.load_synthesizer("xtts", lambda stage, _: stages.append(stage))
    engine.close()
    assert list(dict.fromkeys(stages)) == [
        "importing torch and coqui-tts",
        "reading weights",
        "loading the model",
        "warming up",
    ]


def test_a_directory_of_another_model_is_not_taken(tmp_path: Path, load: Load) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model": "tacotron2"}))
    with pytest.raises(EngineNotReadyError, match="holds tacotron2, not XTTS"):
        load(tmp_path)
