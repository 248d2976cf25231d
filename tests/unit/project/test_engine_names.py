"""Names of engines in the source: only an engine itself states its name, and all others read its spec."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath
from typing import Any

import pytest

from helpers.project.shadow_tree import REPOSITORY, ROOTS
from helpers.project.syntax import modules
from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.engines import registry

EXCEPTIONS = {
    "voicestream/config/engine_settings.py": "home of the name that means no translation",
    "voicestream/config/remote/table.py": "the table of the user's file that names hosts",
    "voicestream/cli/voice_prompt.py": "the answer none, no voice, is no engine",
    "voicestream/bench/gpu/": "a benchmark of two engines, beside the libraries from which their models come",
    "voicestream/bench/driven_run.py": "the word none in a message",
    "voicestream/config/options.py": "the value none of an option that concerns no engine",
    "workers/player/sinks/choice.py": "the word none in a message",
    "workers/engines/piper/voices.py": "words in the files of its voices, which name what reads their texts",
}

GROUPS: tuple[registry.EngineGroup[Any], ...] = (registry.TRANSLATORS, registry.SYNTHESIZERS)
NAMES = {name for group in GROUPS for name in registry.names(group)}

OPTION = re.compile(rf"--(?:tts|translator|voice-model) ({'|'.join(sorted(NAMES, key=len, reverse=True))})\b")
"""Advice to take an engine, in a hint."""

EVERYWHERE = {f"--translator {UNTRANSLATED}"}
"""Advice that is about no engine."""


def homes() -> dict[str, str]:
    """The folder of an engine, by its name."""
    found: dict[str, str] = {}
    for spec in registry.all_specs():
        package, _, _ = spec.load.__module__.removeprefix("voicestream.").rpartition(".")  # type: ignore[attr-defined]
        found[spec.name] = f"{package.replace('.', '/')}/"
    return found


def named(text: str) -> set[str]:
    """The engines that a text names."""
    found = {match[1] for match in OPTION.finditer(text) if match[0] not in EVERYWHERE}
    return found | (NAMES & {text})


@cache
def by_name() -> dict[str, list[str]]:
    """Places that name an engine and are not its own, by file."""
    home = homes()
    found: dict[str, list[str]] = {}
    for file, facts in modules().items():
        for line, text in facts.texts:
            strange = {name for name in named(text) if not file.startswith(home[name])}
            if strange:
                found.setdefault(file, []).append(f"{file}:{line} names {', '.join(sorted(strange))}")
    return found


def test_an_engine_is_named_in_its_own_files_alone() -> None:
    wrong = [line for file, lines in by_name().items() if not file.startswith(tuple(EXCEPTIONS)) for line in lines]
    assert not wrong, "\n".join(wrong)


def test_the_command_line_speaks_of_no_engine_by_its_title_either() -> None:
    titles = {spec.title for spec in registry.all_specs() if spec.name != UNTRANSLATED}
    models = {model.title for spec in registry.all_specs() for model in spec.models}
    words = {word for title in titles | models | NAMES - {UNTRANSLATED} for word in (title, title.split()[0])}
    known = re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in sorted(words))})\b", re.IGNORECASE)
    wrong = [
        f"{file}:{line} names {found[0]}"
        for file, facts in modules().items()
        if file.startswith("voicestream/cli/")
        for line, text in facts.texts
        if (found := known.search(text)) is not None
    ]
    assert not wrong, "\n".join(wrong)


def test_every_exception_is_needed() -> None:
    files = by_name()
    assert [place for place in EXCEPTIONS if not any(file.startswith(place) for file in files)] == []


def test_the_files_of_every_engine_are_found() -> None:
    assert set(homes()) == NAMES
    for home in homes().values():
        assert PurePath(home).parts[0] in ROOTS.values()
        assert list(REPOSITORY.glob(f"{home}*")), home


@pytest.mark.parametrize(
    ("text", "engines"),
    [
        ("xtts", {"xtts"}),
        ("Try: --tts xtts, after that", {"xtts"}),
        ("Try: --translator nllb-ct2", {"nllb-ct2"}),
        ("Try: --translator none", set()),
        ("xtts cannot speak", set()),
        ("espeak-ng", set()),
    ],
)
def test_what_counts_as_a_name(text: str, engines: set[str]) -> None:
    assert named(text) == engines
