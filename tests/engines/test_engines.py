"""How an engine is found, ours and other people's."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from helpers.project.manual import DOCUMENT, shown
from helpers.voices.plugging import offer_specs
from voicestream.config import languages
from voicestream.config.engine_settings import EngineSettings
from voicestream.engines import registry
from voicestream.engines.translator import Job
from voicestream.errors import EXIT_CONFIGURATION, ConfigurationError, EngineNotReadyError
from voicestream.workers import engine_loading
from voicestream.workers.espeak_ng import voices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Install = Callable[..., str]

PLUGIN = """
from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec

class Engine:
    name = {name!r}
    device = "cpu"

    def supports(self, source, target):
        return True

    def translate(self, texts, source, target, job):
        return [text.upper() for text in texts]

    def close(self):
        pass

def load(settings, report):
    {load}
    return Engine()

SPEC = {kind}Spec(name={name!r}, title="plugged in", rank={rank}, load=load)
"""

NOT_READY = """
    from voicestream.errors import EngineNotReadyError
    raise EngineNotReadyError("no weights", hint="voicestream setup")
"""


def program(name: str, load: str = "pass", *, rank: int = 0, kind: str = "Translator") -> str:
    """A module with an engine and its spec."""
    return PLUGIN.format(name=name, load=load, rank=rank, kind=kind)


_numbers = itertools.count()

BEST_VOICE = "hibari" if importlib.util.find_spec("hibari") else "espeak"
"""The best voice that needs no download."""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Install a package with one engine; returns the name of its module."""
    installed: list[str] = []

    def begin(group: engine_loading.Group[Any], name: str, program: str, spec: str = "SPEC") -> str:
        module = f"plugin{next(_numbers)}"
        site = tmp_path / module
        offer_specs(site, f"voicestream-{module}", {group.entry_points: {name: f"{module}:{spec}"}})
        (site / f"{module}.py").write_text(program, encoding="utf-8")
        monkeypatch.syspath_prepend(str(site))
        importlib.invalidate_caches()
        installed.append(module)
        return module

    yield begin
    for module in installed:
        sys.modules.pop(module, None)


class Reports:
    """What an engine said while it was loading."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def __call__(self, stage: str, _progress: float | None) -> None:
        self.stages.append(stage)


def test_our_engines_are_there() -> None:
    assert {"none", "apertium"} <= set(engine_loading.available(engine_loading.TRANSLATORS))
    assert "espeak" in engine_loading.available(engine_loading.SYNTHESIZERS)


def test_none_leaves_texts_as_they_are() -> None:
    translator = engine_loading.load_translator("none", Reports())
    assert translator.name == "none"
    assert translator.supports("en", "ja")
    assert translator.translate(["Hello."], "en", "ja", Job()) == ["Hello."]
    translator.close()


def test_an_engine_of_another_package_is_found_by_its_name(install: Install) -> None:
    install(engine_loading.TRANSLATORS, "shout", program("shout", "report('warming up', None)"))
    reports = Reports()
    translator = engine_loading.load_translator("shout", reports)
    assert translator.translate(["hello"], "en", "en", Job()) == ["HELLO"]
    assert reports.stages == ["warming up"]
    assert "shout" in engine_loading.available(engine_loading.TRANSLATORS)


@pytest.mark.parametrize(("typed", "guess"), [("apertum", "apertium"), ("None", "none"), ("Apertium", "apertium")])
def test_an_unknown_translator_gets_the_nearest_name_and_the_list(typed: str, guess: str) -> None:
    with pytest.raises(ConfigurationError, match=typed) as caught:
        engine_loading.load_translator(typed, Reports())
    assert f"--translator {guess}?" in caught.value.hint
    assert "auto, apertium, firefox, nllb, nllb-ct2, none" in caught.value.hint
    assert caught.value.exit_code == EXIT_CONFIGURATION


@pytest.mark.parametrize("typed", ["qqqq", "", "../x", "e" * 10_000])
def test_an_unknown_voice_engine_gets_the_list(typed: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        engine_loading.load_synthesizer(typed, Reports())
    assert "espeak" in caught.value.hint


def test_a_named_engine_that_is_not_ready_is_not_replaced(install: Install) -> None:
    install(engine_loading.TRANSLATORS, "heavy", program("heavy", NOT_READY))
    with pytest.raises(EngineNotReadyError, match="no weights") as caught:
        engine_loading.load_translator("heavy", Reports())
    assert caught.value.hint == "voicestream setup"


def test_auto_takes_the_engine_of_the_highest_rank_that_is_ready_and_says_why(install: Install) -> None:
    install(engine_loading.TRANSLATORS, "good", program("good", rank=1000))
    install(engine_loading.TRANSLATORS, "best", program("best", NOT_READY, rank=1001))
    reports, notes = Reports(), list[str]()
    assert engine_loading.load_translator("auto", reports, notes.append).name == "good"
    assert reports.stages == ["good"]
    assert notes == ["best is not ready: no weights (voicestream setup)"]


def test_auto_that_has_the_best_has_nothing_to_explain(install: Install) -> None:
    install(engine_loading.TRANSLATORS, "best", program("best", rank=1000))
    notes: list[str] = []
    assert engine_loading.load_translator("auto", Reports(), notes.append).name == "best"
    assert notes == []


@pytest.mark.parametrize(
    ("compute", "gpu", "first"),
    [
        ("auto", False, "nllb-ct2"),
        ("auto", True, "nllb"),
        ("cpu", True, "nllb-ct2"),
        ("cuda", False, "nllb"),
        ("mps", False, "nllb"),
    ],
)
def test_which_engine_is_the_best_depends_on_what_computes(
    compute: str, *, gpu: bool, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_loading.gpu_probe, "may_have_gpu", lambda: gpu)
    uses_gpu = engine_loading.uses_gpu(EngineSettings(compute=compute))
    order = {
        group.option: [spec.name for spec in registry.chosen_by_auto(group, uses_gpu=uses_gpu)]
        for group in (engine_loading.TRANSLATORS, engine_loading.SYNTHESIZERS)
    }
    translators = ["nllb", "firefox", "nllb-ct2"] if first == "nllb" else ["firefox", "nllb-ct2", "nllb"]
    voices = ["xtts", "kokoro", "hibari", "piper", "espeak"]
    assert order == {"--translator": [*translators, "apertium", "none"], "--tts": voices}


def test_auto_leaves_out_an_engine_that_cannot_be_imported(install: Install) -> None:
    load = "import no_such_module"
    install(engine_loading.SYNTHESIZERS, "good", program("good", rank=1000, kind="Synthesizer"))
    install(engine_loading.SYNTHESIZERS, "broken", program("broken", load, rank=1001, kind="Synthesizer"))
    notes: list[str] = []
    assert engine_loading.load_synthesizer("auto", Reports(), notes.append).name == "good"
    assert "broken is not ready: broken cannot be imported" in notes[-1]
    assert "no_such_module" in notes[-1]


def test_auto_leaves_out_an_engine_whose_files_may_not_be_read(install: Install) -> None:
    load = "raise PermissionError(13, 'Permission denied', '/models')"
    install(engine_loading.TRANSLATORS, "good", program("good", rank=1000))
    install(engine_loading.TRANSLATORS, "closed", program("closed", load, rank=1001))
    notes: list[str] = []
    assert engine_loading.load_translator("auto", Reports(), notes.append).name == "good"
    assert notes == ["closed is not ready: cannot use /models: Permission denied (voicestream doctor)"]


def test_a_spec_that_cannot_be_read_hinders_nobody_and_is_logged(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install(engine_loading.SYNTHESIZERS, "good", program("good", rank=1000, kind="Synthesizer"))
    install(engine_loading.SYNTHESIZERS, "broken", "import no_such_module")
    assert engine_loading.load_synthesizer("auto", Reports()).name == "good"
    assert "voicestream: left out: the voice engine broken" in caplog.text


def test_auto_does_not_take_an_engine_without_a_rank(install: Install) -> None:
    install(engine_loading.SYNTHESIZERS, "aaa", program("aaa", kind="Synthesizer"))
    assert engine_loading.load_synthesizer("auto", Reports()).name == BEST_VOICE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("import no_such_module", "ModuleNotFoundError"),
        ("Other = 1", "AttributeError"),
        ("def SPEC(needed): pass", "TypeError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("class SPEC: pass", "is no TranslatorSpec"),
        (program("other"), "has another name, other"),
        (program("broken", kind="Synthesizer"), "is no TranslatorSpec"),
    ],
)
def test_a_broken_package_is_named(install: Install, text: str, problem: str) -> None:
    module = install(engine_loading.TRANSLATORS, "broken", text)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        engine_loading.load_translator("broken", Reports())
    assert f"pip install --force-reinstall voicestream-{module}" in caught.value.hint


def test_two_packages_with_one_name_are_both_named(install: Install) -> None:
    modules = [install(engine_loading.SYNTHESIZERS, "espeak", program("espeak", kind="Synthesizer")) for _ in "ab"]
    with pytest.raises(ConfigurationError, match="more than one package") as caught:
        engine_loading.load_synthesizer("espeak", Reports())
    assert all(f"voicestream-{module}" in str(caught.value) for module in modules)


def test_the_engine_of_the_manual_works(install: Install) -> None:
    text = shown("python", "class Beeper")
    install(engine_loading.SYNTHESIZERS, "beep", text)
    synthesizer = engine_loading.load_synthesizer("beep", Reports())
    chunks = list(synthesizer.synthesize("one two three", "en", "", 7))
    assert len(chunks) == 6
    assert all(chunk.dtype == np.float32 and 0 < len(chunk) <= 0.25 * synthesizer.sample_rate for chunk in chunks)
    assert text.count("\n") <= 42
    assert "beep:SPEC" in DOCUMENT.read_text(encoding="utf-8")


def test_the_manual_lists_every_engine_with_its_option_its_rank_and_what_installs_it() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for group in (engine_loading.TRANSLATORS, engine_loading.SYNTHESIZERS):
        for spec in registry.specs(group):
            assert f"| `{group.option} {spec.name}` |" in text
            assert f"`{spec.name}` {spec.rank}" in text
            assert spec.install.partition(" --constraint")[0] in text


def between(mark: str) -> str:
    found = re.search(f"<!-- {mark} -->(.*?)<!-- /{mark} -->", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1].strip()


def test_the_manual_lists_all_languages() -> None:
    rows = ["| Tag | Language | espeak | XTTS | NLLB-200 | Apertium |", "|---|---|---|---|---|---|"]
    for row in languages.known():
        cells = (f"`{row.tag}`", row.name, row.espeak, row.xtts, row.flores, row.apertium)
        rows.append(f"| {' | '.join(cell or '' for cell in cells)} |")
    assert between("languages") == "\n".join(rows)


def test_the_manual_lists_all_variants() -> None:
    import espeakng_loader

    variants = voices.read_voices(Path(espeakng_loader.get_data_path())).variants.values()
    assert " ".join(between("variants").split()) == ", ".join(f"`{name}`" for name in sorted(variants, key=str.lower))


def test_the_manual_counts_the_languages_of_espeak() -> None:
    # Dialects, and the varieties of Arabic that share a voice, count once.
    count = len({row.espeak.partition("-")[0] for row in languages.known() if row.espeak})
    assert f"| {count} languages, see below" in DOCUMENT.read_text(encoding="utf-8")
