"""The few words the parser says of its own accord, in the languages it can detect.

They are inserted before translation, so they must be in the language of the text around them.
"""

from __future__ import annotations

from typing import Final

from voicestream.records import FrozenRecord


class Phrases(FrozenRecord, frozen=True):
    """Words and patterns of one language; ``{}`` is where the rest goes."""

    line: str
    lines: str
    """A range of lines: first, last."""
    about: str
    to: str
    """Between the two sides of an arrow."""
    passed: str
    not_passed: str
    """Before one of several checks."""
    conjunction: str
    """The word for ``&``."""
    code: str
    """Stands for code that is too long to be read out."""
    formula: str
    """Stands for a formula that cannot be said."""
    yes: str
    no: str
    """Said of a cell that holds only a mark."""
    withheld: str
    """Stands for a key or a password."""
    failed: str
    warning: str
    done: str
    to_do: str
    error: str
    """Announces what the agent reports on its error channel."""
    one_line_of: str
    lines_of: str
    """Count, name of the programming language."""
    colon: str = ": "
    numbers: tuple[str, ...] = ()
    """Words for 0, 1, 2 …; what is not listed is written in digits."""


ENGLISH: Final = Phrases(
    line="line {}",
    lines="lines {} to {}",
    about="about {}",
    to="to",
    passed="passed",
    not_passed="failed",
    conjunction="and",
    code="code",
    formula="formula",
    yes="yes",
    no="no",
    withheld="a secret",
    failed="Failed",
    warning="Warning",
    done="Done",
    to_do="To do",
    error="The agent reports an error: {}",
    one_line_of="One line of {}.",
    lines_of="{} lines of {}.",
    numbers=(
        *("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"),
        *("Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen", "Twenty"),
    ),
)

_TABLE: Final = {
    "en": ENGLISH,
    "ja": Phrases(
        line="{}行目",
        lines="{}行目から{}行目",
        about="約{}",
        to="から",
        passed="成功",
        not_passed="失敗",
        conjunction="と",
        code="コード",
        formula="数式",
        yes="はい",
        no="いいえ",
        withheld="シークレット",
        failed="失敗",
        warning="警告",
        done="完了",
        to_do="未完了",
        error="エージェントがエラーを報告しました：{}",
        one_line_of="{}のコードが1行あります。",
        lines_of="{1}のコードが{0}行あります。",
        colon="：",
    ),
    "zh": Phrases(
        line="第{}行",
        lines="第{}到{}行",
        about="大约{}",
        to="到",
        passed="通过",
        not_passed="失败",
        conjunction="和",
        code="代码",
        formula="公式",
        yes="是",
        no="否",
        withheld="密钥",
        failed="失败",
        warning="警告",
        done="已完成",
        to_do="待办",
        error="智能体报告了一个错误：{}",
        one_line_of="一行{}代码。",
        lines_of="{}行{}代码。",
        colon="：",
    ),
    "de": Phrases(
        line="Zeile {}",
        lines="Zeilen {} bis {}",
        about="etwa {}",
        to="zu",
        passed="bestanden",
        not_passed="fehlgeschlagen",
        conjunction="und",
        code="Code",
        formula="Formel",
        yes="ja",
        no="nein",
        withheld="ein Geheimnis",
        failed="Fehlgeschlagen",
        warning="Warnung",
        done="Erledigt",
        to_do="Offen",
        error="Der Agent meldet einen Fehler: {}",
        one_line_of="Eine Zeile {}.",
        lines_of="{} Zeilen {}.",
    ),
    "es": Phrases(
        line="línea {}",
        lines="líneas {} a {}",
        about="unos {}",
        to="a",
        passed="pasa",
        not_passed="falla",
        conjunction="y",
        code="código",
        formula="fórmula",
        yes="sí",
        no="no",
        withheld="un secreto",
        failed="Falló",
        warning="Advertencia",
        done="Hecho",
        to_do="Pendiente",
        error="El agente informa de un error: {}",
        one_line_of="Una línea de {}.",
        lines_of="{} líneas de {}.",
    ),
    "fr": Phrases(
        line="ligne {}",
        lines="lignes {} à {}",
        about="environ {}",
        to="vers",
        passed="réussi",
        not_passed="échoué",
        conjunction="et",
        code="code",
        formula="formule",
        yes="oui",
        no="non",
        withheld="un secret",
        failed="Échec",
        warning="Attention",
        done="Fait",
        to_do="À faire",
        error="L'agent signale une erreur : {}",
        one_line_of="Une ligne de {}.",
        lines_of="{} lignes de {}.",
        colon=" : ",
    ),
}


def phrases(language: str) -> Phrases:
    """The words for a language tag (``pt-BR``); English where there is no table."""
    return _TABLE.get(language.partition("-")[0], ENGLISH)


def announcement(words: Phrases, lines: int, name: str) -> str:
    """The announcement of a code block: ``Twelve lines of Python.``."""
    if lines == 1:
        return words.one_line_of.format(name)
    count = words.numbers[lines] if lines < len(words.numbers) else str(lines)
    return words.lines_of.format(count, name)
