"""Languages of short sentences, as agents write them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.project.many_cases import assert_each
from voicestream.workers.parser.wording import classifier
from voicestream.workers.parser.wording.language import detect

FOLDER = Path(__file__).parents[2] / "cases"
CASES = [json.loads(line) for line in (FOLDER / "languages.jsonl").read_text(encoding="utf-8").splitlines()]
"""Five sentences in each of twelve languages."""

ENGLISH = [
    json.loads(line)["text"] for line in (FOLDER / "translated_names.jsonl").read_text(encoding="utf-8").splitlines()
]
ENGLISH += """All tests pass now.|Fixed the parser.|Running tests.|No errors found.|I am done.|Let me check the config.
|Build failed: missing module numpy.|Done.|PR #7 is open.|Vamos.|Use v2 instead.|Image: architecture diagram.""".split(
    "|"
)


@pytest.mark.parametrize("is_named", [True, False], ids=["with --from", "without"])
def test_at_least_57_of_60_sentences_are_right(*, is_named: bool) -> None:
    found = [(case, detect(case["text"], "en", default="en")) for case in CASES]
    if is_named:
        found = [(case, detect(case["text"], case["language"], default=case["language"])) for case in CASES]
    wrong = [(case["language"], language, case["text"]) for case, language in found if language != case["language"]]
    assert len(CASES) == 60
    assert len({case["language"] for case in CASES}) == 12
    assert len(wrong) <= (0 if is_named else 3), wrong


def test_english_stays_english() -> None:
    assert_each(ENGLISH, _stays_english)


def _stays_english(text: str) -> None:
    assert detect(text, "en", default="en") == "en"


@pytest.mark.parametrize("session", ["nl", "de", "sv", "pl"])
@pytest.mark.parametrize(
    ("text", "is_english"),
    [
        ("The error is in main.py, and I fixed it.", True),
        ("All the tests pass now.", True),
        ("main.py", False),
        ("Test OK.", False),
        ("npm run build", False),
        ("Status: 3 errors.", False),
    ],
)
def test_a_session_leaves_its_language_on_strong_evidence_only(session: str, text: str, *, is_english: bool) -> None:
    assert detect(text, session, default=session) == ("en" if is_english else session)


@pytest.mark.parametrize("session", ["nl", "pt-BR", "ca"])
def test_after_english_the_session_returns_to_its_own_tag(session: str) -> None:
    text = next(case["text"] for case in CASES if case["language"] == session.partition("-")[0])
    assert detect(text, "en", default=session) == session


def test_an_english_session_never_loads_the_classifier() -> None:
    program = (
        "import sys\n"
        "from voicestream.workers.parser.wording.language import detect\n"
        "texts = ['All 42 tests pass.', 'I changed main.py, and it works.', 'Done.', 'Running tests.']\n"
        "assert {detect(text, 'en', default='en') for text in texts} == {'en'}\n"
        "print('py3langid' in sys.modules, 'numpy' in sys.modules)\n"
        "print(detect('Ik heb alle tests gedraaid en alles werkt.', 'en', default='en'), 'py3langid' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False False", "nl True"]


def test_a_long_text_is_judged_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def rank(text: str) -> list[tuple[str, float]]:
        seen.append(text)
        return [("nl", 1.0)]

    monkeypatch.setattr(classifier, "_rank", lambda: rank)
    assert detect("Ik heb de tests. " * 1_000, "en", default="en") == "nl"
    assert len(seen[0]) <= classifier.MAX_CHARACTERS


def test_without_the_package_small_words_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "_rank", lambda: None)
    assert detect("Ich habe die Tests ausgeführt und alles ist grün.", "en", default="en") == "de"
    assert detect("Dit moet nog worden opgelost.", "nl", default="nl") == "nl"
