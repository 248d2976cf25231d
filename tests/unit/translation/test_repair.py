"""Names that a model writes differently are written as they should be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.workers.translation.repair import repair, substitute


@pytest.mark.parametrize(
    ("translation", "words", "repaired"),
    [
        ("Mudei main. py hoje.", ["main.py"], "Mudei main.py hoje."),
        ("Main.Py mudou.", ["main.py"], "main.py mudou."),
        ("O Parse-config é novo.", ["parse_config"], "O parse_config é novo."),
        ("Use get user by id aqui.", ["get_user_by_id"], "Use get_user_by_id aqui."),
        ("Abra @ types / node agora.", ["@types/node"], "Abra @types/node agora."),
        ("O arquivo . env mudou.", [".env"], "O arquivo .env mudou."),
        ("Veja _ private agora.", ["_private"], "Veja _private agora."),
        ("Veja __ init __. py agora.", ["__init__.py"], "Veja __init__.py agora."),
        ("Corrigi a edição no 4821.", ["#4821"], "Corrigi a edição #4821."),
        ("Corrigi a edição nº 4821 e 4822.", ["#4821", "#4822"], "Corrigi a edição #4821 e #4822."),
        ("main. py e main. py", ["main.py"], "main.py e main.py"),
        ("src / main. py e main. py", ["src/main.py", "main.py"], "src/main.py e main. py"),
        ("main.pyを直しました。", ["main.py"], "main.pyを直しました。"),
        ("Main. pyを直しました。", ["main.py"], "main.pyを直しました。"),
    ],
)
def test_a_name_is_found_without_spaces_case_and_signs(translation: str, words: list[str], repaired: str) -> None:
    assert repair(translation, words) == repaired


@pytest.mark.parametrize(
    ("translation", "word"),
    [
        ("O domainpy mudou.", "main.py"),
        ("A mainpython mudou.", "main.py"),
        ("Use State Machine.", "useS"),
        ("O principal. Py mudou.", "main.py"),
        ("Tem a ver, e b.", "a.b"),
        ("main ..... py", "main.py"),
        ("", "main.py"),
    ],
)
def test_what_is_another_word_is_left_as_it_is(translation: str, word: str) -> None:
    assert repair(translation, [word]) == translation


@pytest.mark.parametrize(
    ("answer", "restored"),
    [
        ("Abra um ZKX.", "Abra um PR."),
        ("Abra um zkx.", "Abra um PR."),
        ("Abra um Z KX, e outro ZKX.", "Abra um PR, e outro PR."),
        ("Abra um.", "Abra um."),
        ("Abra ZKXs.", "Abra ZKXs."),
    ],
)
def test_a_code_is_replaced_however_it_is_written(answer: str, restored: str) -> None:
    assert substitute(answer, "ZKX", "PR") == restored


@given(st.text(max_size=60), st.lists(st.text(alphabet="abAB.ß_/@#1 İ", min_size=1, max_size=8), max_size=3))
def test_repair_only_ever_writes_names_and_comes_to_an_end(text: str, words: list[str]) -> None:
    once = repair(text, words)
    if once != text:
        assert any(word in once for word in words)


@given(st.sampled_from(["main.py", "parse_config", "@types/node", "__init__.py", "useEffect"]), st.data())
def test_spaces_around_signs_are_always_repaired(word: str, data: st.DataObject) -> None:
    spaced = "".join(
        f"{' ' * data.draw(st.integers(0, 1))}{sign}{' ' * data.draw(st.integers(0, 1))}"
        if not sign.isalnum()
        else sign
        for sign in word
    )
    assert repair(f"Veja {spaced.strip()} hoje.", [word]) == f"Veja {word} hoje."
