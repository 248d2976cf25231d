"""Terms of the field: banned identifiers, citations and openings of docstrings, and the glossary page."""

from __future__ import annotations

import re

from helpers.project.shadow_tree import REPOSITORY
from helpers.project.syntax import modules

GLOSSARY = REPOSITORY / "docs" / "internals" / "glossary.md"

BANNED = {
    "accelerator": "gpu_probe",
    "blame": "counts_as_failure",
    "books": "state, sentences",
    "brief": "truncate",
    "card_option": "gpu_option",
    "coqui_own": "baseline_coqui",
    "cutter": "endpointing",
    "derived": "embedding_cache",
    "desk": "requests",
    "findings": "worker events",
    "glance": "async_flag",
    "go_on": "resume",
    "let_go": "release",
    "limbo": "pending release",
    "link": "transport",
    "loading_line": "progress_line",
    "LoadingLine": "ProgressLine",
    "Making": "Stage",
    "Manner": "sampling parameters",
    "Narration": "MessageAssembler",
    "Narrator": "TextSink",
    "needs_care": "needs_postprocessing",
    "needs_words": "needs_normalized_text",
    "news": "session events",
    "nobody": "null callbacks",
    "Patience": "timeouts",
    "PersonTeller": "TerminalProgress",
    "post": "worker record",
    "presence": "is_wanted",
    "rations": "OOM batch splitting",
    "Routine": "captured step",
    "rung": "step",
    "seated": "available",
    "see_past": "self_attention",
    "see_source": "cross_attention",
    "seeing": "attention",
    "SessionBook": "SessionState",
    "sharing_side": "contention_process",
    "sights": "attention",
    "speech_rates": "speech_duration",
    "spoken_words": "normalize",
    "stop_ladder": "shutdown",
    "stretching": "interpolation",
    "summands": "partial sums",
    "take_back": "revoke",
    "taps": "kernel_size",
    "tell_nobody": "ignore_progress",
    "Teller": "ProgressReporter",
    "transformers_own": "baseline_transformers",
    "trials": "attempts",
    "unsaid": "remaining text",
    "unseat": "unavailable",
    "warm_line": "end_to_end",
    "WatchedRun": "DrivenRun",
    "wished": "requested",
    "Workspace": "decode buffers",
}
"""Identifiers of the project's former dialect, without leading underscores, and the standard terms."""

STANDARD_HERE = {
    "voicestream/bench/proportional_memory.py": "a symbolic link in /proc",
    "workers/espeak_ng/library.py": "a symbolic link",
}
"""Prefixes of files in which a banned word is the standard term, and its meaning."""

CITATION = re.compile(
    r"\bpitfall \d+|\b(?:design|house|writing)\.md\b|\bthe design (?:said|says|named|names)\b", re.IGNORECASE
)
"""A citation of a document that is not in the repository."""

OPENING = re.compile(r"(?:What|How|Which|Whether|Who|Whose|When|Where|Why)\b")

ENTRY = re.compile(r"^\*\*([^*]+)\.\*\* (.+?)\s`([\w./]+)`$", re.MULTILINE | re.DOTALL)
"""One entry of the glossary: term, meaning, module."""


def banned_in(path: str) -> list[str]:
    own = (0, path.rpartition("/")[2].removesuffix(".py"))
    found = ((line, name.lstrip("_")) for line, name in [own, *modules()[path].identifiers])
    return [f"{path}:{line}: {name}; say {BANNED[name]}" for line, name in found if name in BANNED]


def openings_in(path: str) -> list[str]:
    return [f"{path}:{line}: {text[:40]}" for line, text in modules()[path].docstrings if OPENING.match(text)]


def test_identifiers_are_terms_of_the_field() -> None:
    assert not [wrong for path in modules() if not path.startswith(tuple(STANDARD_HERE)) for wrong in banned_in(path)]


def test_no_docstring_begins_with_a_question_word() -> None:
    assert not [wrong for path in modules() for wrong in openings_in(path)]


def test_every_exception_is_still_needed() -> None:
    for prefix in STANDARD_HERE:
        assert any(banned_in(path) for path in modules() if path.startswith(prefix)), prefix


def test_only_documents_of_the_repository_are_cited() -> None:
    tests = {
        file.relative_to(REPOSITORY).as_posix(): file.read_text(encoding="utf-8")
        for file in (REPOSITORY / "tests").rglob("*.py")
        if file.name != "test_words.py"
    }
    sources = {path: facts.text for path, facts in modules().items()}
    pages = {
        page.relative_to(REPOSITORY).as_posix(): page.read_text(encoding="utf-8")
        for page in (*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"))
    }
    assert not [
        f"{path}:{number}: {found[0]}"
        for path, text in (sources | tests | pages).items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := CITATION.search(line))
    ]


def test_the_glossary_is_sorted_and_names_modules_that_exist() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    entries = ENTRY.findall(text)
    terms = [term for term, _, _ in entries]
    assert len(terms) == text.count("\n**") >= 60
    assert terms == sorted(set(terms), key=str.lower)
    assert not [module for _, _, module in entries if not (REPOSITORY / module).is_file()]
    letters = re.findall(r"^## (\w)$", text, re.MULTILINE)
    assert letters == list(dict.fromkeys(term[0].upper() for term in terms))
    assert re.findall(r"\[(\w)\]\(#\w\)", text) == letters
