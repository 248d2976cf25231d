"""Names of engines in the source: only an engine itself states its name, and all others read its spec."""

from __future__ import annotations

import ast
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pytest

from helpers.project.shadow_tree import REPOSITORY, ROOTS, installed_files
from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.engines import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """The texts of a module, without docstrings."""
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node


def named(text: str) -> set[str]:
    """The engines that a text names."""
    found = {match[1] for match in OPTION.finditer(text) if match[0] not in EVERYWHERE}
    return found | (NAMES & {text})


def by_name() -> dict[str, list[str]]:
    """Places that name an engine and are not its own, by file."""
    home = homes()
    found: dict[str, list[str]] = {}
    for source, _ in installed_files():
        file = source.relative_to(REPOSITORY).as_posix()
        if source.suffix != ".py":
            continue
        for node in texts(ast.parse(source.read_text(encoding="utf-8"))):
            strange = {name for name in named(str(node.value)) if not file.startswith(home[name])}
            if strange:
                found.setdefault(file, []).append(f"{file}:{node.lineno} names {', '.join(sorted(strange))}")
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
        f"{source.relative_to(REPOSITORY)}:{node.lineno} names {found[0]}"
        for source, _ in installed_files()
        if source.suffix == ".py" and source.relative_to(REPOSITORY).as_posix().startswith("voicestream/cli/")
        for node in texts(ast.parse(source.read_text(encoding="utf-8")))
        if (found := known.search(str(node.value))) is not None
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
