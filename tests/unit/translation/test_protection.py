"""What is done to a sentence before it is translated: terms put in, names found that must come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.workers.translation import code_names
from voicestream.workers.translation.protection import Prepared, prepare


def identifiers(text: str) -> tuple[str, ...]:
    """The names of a text, each once."""
    return tuple(dict.fromkeys(text[start:end] for start, end in code_names.spans(text)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I changed get user name in main.py line 42 and README.md for Python 3.11.2.", ("main.py", "README.md")),
        ("See useEffect and max retries in the k8s config.yaml.", ("useEffect", "k8s", "config.yaml")),
        ("It calls max_retries and _private.", ("max_retries", "_private")),
        ("json.Marshal is in os.path.join, not in node.js!", ("json.Marshal", "os.path.join", "node.js")),
        ("The commit 3f2a9c1 and the digest 0a1b2c3d4e5f are pushed.", ("3f2a9c1", "0a1b2c3d4e5f")),
        ("Open https://example.com/a?b=1 or write to me@example.org.", ("https://example.com/a?b=1", "me@example.org")),
        ("The host is db-1.example.com, port 5432.", ("db-1.example.com",)),
        ("Ignore .env and .gitignore.", (".env", ".gitignore")),
        ("Install @types/node and docker-compose.yml.", ("@types/node", "docker-compose.yml")),
        ("Open http://localhost or https://example.com.", ("http://localhost", "https://example.com")),
        ("The commit 1234567ab.", ("1234567ab",)),
        ("main.pyのuseEffectを直しました。", ("main.py", "useEffect")),
        ("https://example.com/xを開きます。", ("https://example.com/x",)),
        ("From a.ts to db.py.", ("a.ts", "db.py")),
        ("utf8, sha256 and gpt4o.", ("utf8", "sha256", "gpt4o")),
        ("main.py calls main.py.", ("main.py",)),
        ("(main.py), 'useState': \"app.ts\"?", ("main.py", "useState", "app.ts")),
    ],
)
def test_names_of_programs_are_found(text: str, found: tuple[str, ...]) -> None:
    assert identifiers(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "All 42 tests pass on Python 3.11.",
        "It takes 1,500 ms, 10ms or 3.5s, in v2 and v1.2.3 of 2024-01-15.",
        "E.g. this, i.e. that, z.B. jenes, at 5 p.m. in the U.S., said a Ph.D.",
        "This is the end.And this is not, etc.",
        "The 42nd test of Q3, 50% of 4K, 3D, p95, 1-2.3.",
        "NASA, API and HTTP are words, I am too.",
        "An up-to-date read/write test; and/or well-known.",
        "すべてのテストが通りました。",
        "Все 42 теста прошли.",
        "",
    ],
)
def test_what_is_no_name_of_a_program_is_left_to_the_model(text: str) -> None:
    assert set(identifiers(text)) <= {"end.And"}, "a forgotten space looks like json.Marshal"


def test_names_stay_in_the_sentence_and_must_come_back() -> None:
    text = "I changed useEffect in main.py."
    assert prepare(text, "ja", [], {}) == Prepared(text, ("useEffect", "main.py"))


def test_words_to_keep_must_come_back_as_they_stand_in_the_text() -> None:
    assert prepare("Kubectl is old.", "de", ["kubectl", "helm"], {}) == Prepared("Kubectl is old.", ("Kubectl",))
    assert prepare("I asked Claude Code twice.", "de", ["claude code"], {}).words == ("Claude Code",)


@pytest.mark.parametrize(
    ("text", "glossary", "result", "words"),
    [
        ("Open a pull request.", {"pull request": "PR"}, "Open a PR.", ("PR",)),
        ("Open a Pull  Request.", {"pull request": "プルリクエスト"}, "Open a プルリクエスト.", ("プルリクエスト",)),
        ("A pull request.", {"request": "Anfrage", "pull request": "PR"}, "A PR.", ("PR",)),
        ("A pull request.", {"a pull": "x", "pull request": "PR"}, "A PR.", ("PR",)),
        ("Two pull requests.", {"pull request": "PR"}, "Two pull requests.", ()),
        ("The branches of a branch.", {"branch": "Zweig"}, "The branches of a Zweig.", ("Zweig",)),
        (
            "The cache in cache.py and myCache.",
            {"cache": "Puffer"},
            "The Puffer in cache.py and myCache.",
            ("Puffer", "cache.py", "myCache"),
        ),
        ("A re-commit of a commit.", {"commit": "Stand"}, "A re-commit of a Stand.", ("Stand",)),
        ("See README.md.", {"readme.md": "LIESMICH"}, "See LIESMICH.", ("LIESMICH",)),
        ("C++ and C.", {"c++": "C plus plus"}, "C plus plus and C.", ("C plus plus",)),
        ("Ein Prüflauf, zwei Läufe.", {"läufe": "runs"}, "Ein Prüflauf, zwei runs.", ("runs",)),
        ("テストケースとテストを見ます。", {"テスト": "test"}, "テストケースとtestを見ます。", ("test",)),
        ("ユニットテストです。", {"テスト": "test"}, "ユニットテストです。", ()),
        ("提交已推送。", {"提交": "commit"}, "commit已推送。", ("commit",)),
        ("커밋을 푸시했습니다.", {"커밋": "commit"}, "commit을 푸시했습니다.", ("commit",)),
        ("A bug, bug and Bug.", {"bug": "Fehler"}, "A Fehler, Fehler and Fehler.", ("Fehler",)),
        ("Please fix it.", {"please": " "}, "  fix it.", ()),
        ("a b", {"a": "b", "b": "a"}, "b a", ("b", "a")),
        ("The ſet.", {"set": "x"}, "The x.", ("x",)),
        ("\\1 is kept.", {"kept": "\\1"}, "\\1 is \\1.", ("\\1",)),
    ],
)
def test_terms_are_put_in_as_whole_words(
    text: str, glossary: dict[str, str], result: str, words: tuple[str, ...]
) -> None:
    prepared = prepare(text, "de", [], glossary)
    assert prepared.text == result
    assert prepared.words == words


def test_of_a_term_and_a_word_to_keep_the_longer_counts_and_of_equals_the_term() -> None:
    assert prepare("Use git flow.", "ja", ["git flow"], {"git": "ギット"}).text == "Use git flow."
    assert prepare("Use git.", "ja", ["git"], {"git": "ギット"}).text == "Use ギット."


def test_names_that_other_scripts_spell_need_come_back_only_in_latin_script() -> None:
    text = "I pushed it to GitHub with useEffect."
    assert prepare(text, "de", [], {}).words == ("GitHub", "useEffect")
    assert prepare(text, "ko", [], {}).words == ("useEffect",)
    assert prepare(text, "ko", ["github"], {}).words == ("GitHub", "useEffect"), "the user said so"


@given(
    text=st.text(),
    keep=st.lists(st.text()),
    glossary=st.dictionaries(st.text(), st.text()),
    target=st.sampled_from(["ja", "de", "xx", ""]),
)
def test_every_text_can_be_prepared(text: str, keep: list[str], glossary: dict[str, str], target: str) -> None:
    prepared = prepare(text, target, keep, glossary)
    assert all(word in prepared.text for word in prepared.words)


@given(st.text(alphabet="abAB.çé-_/@:123テを ı", max_size=30), st.text(alphabet="abABé テı", max_size=3))
def test_without_a_glossary_nothing_is_changed(text: str, word: str) -> None:
    assert prepare(text, "ja", [word], {}).text == text
    assert all(name in text for name in identifiers(text))
