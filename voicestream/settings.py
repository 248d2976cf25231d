"""What the user has set in ``config.toml``; flags and ``VOICESTREAM_*`` variables go before it, defaults come after it.

::

    from = "en"              # any option of `voicestream run`, without the dashes
    to = "ja"
    speed = 1.1

    [gpu]                    # which NVIDIA card; or above, for both: gpu = 1
    translation = 0
    tts = 1

    [speech]
    sentence_pause = 0.25    # seconds of quiet after a sentence,
    paragraph_pause = 0.6    # and after the last one of a paragraph, an item, a heading or a message

    [speech.replace]         # how words are to be said
    kubectl = "kube control"

    [translate]
    keep = ["voicestream"]   # words that are not translated
    [translate.glossary]     # how words are to be translated, into any language
    "pull request" = "PR"
    [translate.glossary.ja]  # and into one
    "pull request" = "プルリクエスト"
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from voicestream import cards, languages, user_directories
from voicestream.errors import ConfigurationError, UsageError

ENVIRONMENT_VARIABLE: Final = "VOICESTREAM_CONFIG"

OPTION_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "from": (str,),
    "to": (str,),
    "translator": (str,),
    "beams": (int,),
    "models": (str,),
    "compute": (str,),
    "graphs": (bool,),
    "tts": (str,),
    "voice": (str,),
    "speed": (int, float),
    "output": (str,),
    "device": (str,),
    "format": (str,),
    "only": (str,),
    "code": (str,),
    "captions": (bool,),
    "keep-alive": (int, float),
    "max-lag": (int, float),
    "quiet": (bool,),
}
"""The options of ``run`` that may stand in the file."""

Option = str | float | bool | tuple[str, ...]
"""What an option is set to."""

PAUSES: Final = {"sentence_pause": "sentence-pause", "paragraph_pause": "paragraph-pause"}
"""Likewise in ``[speech]``, in seconds."""


@dataclass(frozen=True)
class Settings:
    """The contents of the file."""

    options: dict[str, Option] = field(default_factory=dict[str, "Option"])
    """Of ``run``, by the name of the flag; several where the flag may be typed several times."""
    replacements: dict[str, str] = field(default_factory=dict[str, str])
    """``[speech.replace]``."""
    keep: list[str] = field(default_factory=list[str])
    """``[translate] keep``: words and phrases that stay as they are."""
    glossary: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """``[translate.glossary]`` by language, a normalised BCP-47 tag; under ``""`` what holds for all of them."""
    text: str = field(default="", compare=False, repr=False)
    """The contents of the file."""
    name: str = field(default="", compare=False, repr=False)
    """Of the file, for errors."""

    def place_of(self, flag: str) -> str:
        """File and line of the value of an option, by the name of its flag."""
        key = next((key for key, option in PAUSES.items() if option == flag), None)
        return _place(self.text, self.name, ("speech", key) if key else (flag,))

    def glossary_for(self, target: str) -> dict[str, str]:
        """How words are translated into one language, a BCP-47 tag: ``pt`` holds for ``pt-BR`` where that is silent.

        A language in another script is another one: ``zh`` does not hold for ``zh-TW``, ``zh-Hant`` does.

        Raises:
            UsageError: there is no such language.
        """
        wanted = languages.parse(target)
        general = [
            tag
            for tag in self.glossary
            if tag and languages.parse(tag).region is None and languages.are_same(tag, wanted.tag)
        ]
        merged: dict[str, str] = {}
        for tag in ("", *general, wanted.tag):
            merged.update(self.glossary.get(tag, {}))
        return merged


def path() -> Path:
    """Where the file is, whether it exists or not."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).absolute()
    return user_directories.config() / "config.toml"


def load(file: Path) -> Settings:
    """Read the file; defaults when there is none.

    Raises:
        ConfigurationError: it cannot be read or something in it cannot be right; the message has the line and the key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    return parse(text, str(file))


def parse(text: str, name: str) -> Settings:
    """The settings in a text; ``name`` stands in errors.

    Raises:
        ConfigurationError: as for ``load``.
    """
    try:
        tables = cast("dict[str, object]", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: {error}") from error
    options: dict[str, Option] = {}
    replacements: dict[str, str] = {}
    keep: list[str] = []
    glossary: dict[str, dict[str, str]] = {}
    for key, value in tables.items():
        if key == "speech":
            replacements, pauses = _speech(value, text, name)
            options |= pauses
        elif key == "translate":
            keep, glossary = _translate(value, text, name)
        elif key == "gpu":
            options[key] = _cards(value, text, name)
        elif key in OPTION_TYPES:
            # bool is a kind of int for Python, not for people.
            is_right = isinstance(value, OPTION_TYPES[key]) and (bool in OPTION_TYPES[key]) == isinstance(value, bool)
            if not is_right:
                wanted = " or ".join(kind.__name__ for kind in OPTION_TYPES[key])
                raise _wrong(text, name, (key,), f"must be {wanted}, is {value!r}")
            options[key] = cast("Option", value)
        else:
            known = f"{', '.join(OPTION_TYPES)}, gpu, [speech] and [translate]"
            raise _wrong(text, name, (key,), f"is not known; known are {known}")
    return Settings(options=options, replacements=replacements, keep=keep, glossary=glossary, text=text, name=name)


def _cards(found: object, text: str, name: str) -> tuple[str, ...]:
    """What ``gpu`` says, as it is typed behind ``--gpu``."""
    if not isinstance(found, dict):
        return (_card(found, text, name, ("gpu",), "gpu"),)
    table = cast("dict[str, object]", found)
    for role in table:
        if role not in cards.ROLES:
            raise _wrong(text, name, ("gpu", role), f"is not known in [gpu]; known are {' and '.join(cards.ROLES)}")
    return tuple(f"{role}={_card(number, text, name, ('gpu', role), role)}" for role, number in table.items())


def _card(found: object, text: str, name: str, path: tuple[str, ...], shown: str) -> str:
    """The number of a card, which must be one."""
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= cards.MOST:
        raise _wrong(text, name, path, f"must be the number of an NVIDIA card, is {found!r}: {shown} = 1")
    return str(found)


def _speech(table: object, text: str, name: str) -> tuple[dict[str, str], dict[str, float]]:
    """What ``[speech]`` says: how words are said, and options of ``run``: the pauses."""
    table = _table(table, text, name, ("speech",), "[speech]")
    pauses: dict[str, float] = {}
    for key, value in table.items():
        if key in PAUSES:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _wrong(text, name, ("speech", key), f"must be a number of seconds, is {value!r}: {key} = 0.5")
            pauses[PAUSES[key]] = value
        elif key != "replace":
            known = f"known are {', '.join(PAUSES)} and [speech.replace]"
            raise _wrong(text, name, ("speech", key), f"is not known in [speech]; {known}")
    found = _table(table.get("replace", {}), text, name, ("speech", "replace"), "[speech.replace]")
    words = {key: _word(key, value, text, name, ("speech", "replace", key)) for key, value in found.items()}
    return words, pauses


def _translate(table: object, text: str, name: str) -> tuple[list[str], dict[str, dict[str, str]]]:
    """What ``[translate]`` says: the words to keep, and the glossary by language."""
    table = _table(table, text, name, ("translate",), "[translate]")
    for key in table:
        if key not in {"keep", "glossary"}:
            known = "known are keep and [translate.glossary]"
            raise _wrong(text, name, ("translate", key), f"is not known in [translate]; {known}")
    found = table.get("keep", [])
    keep = cast("list[object]", found) if isinstance(found, list) else [found]
    words = [word for word in keep if isinstance(word, str) and word.strip()]
    if not isinstance(found, list) or len(words) < len(keep):
        raise _wrong(text, name, ("translate", "keep"), f'must be a list of words, is {found!r}: keep = ["kubectl"]')
    path = ("translate", "glossary")
    glossary: dict[str, dict[str, str]] = {}
    for key, value in _table(table.get("glossary", {}), text, name, path, "[translate.glossary]").items():
        if not isinstance(value, dict):
            glossary.setdefault("", {})[key] = _word(key, value, text, name, (*path, key))
            continue
        try:
            tag = languages.parse(key).tag
        except UsageError as error:
            raise _wrong(text, name, (*path, key), "is not a language voicestream knows", hint=error.hint) from error
        if tag in glossary:
            raise _wrong(text, name, (*path, key), f"stands for {tag}, which is there already")
        terms = cast("dict[str, object]", value)
        glossary[tag] = {term: _word(term, word, text, name, (*path, key, term)) for term, word in terms.items()}
    return words, glossary


def _table(found: object, text: str, name: str, path: tuple[str, ...], shown: str) -> dict[str, object]:
    """What is found, which must be a table; ``shown`` is how people write it."""
    if not isinstance(found, dict):
        raise _wrong(text, name, path, f"must be a table: {shown}")
    return cast("dict[str, object]", found)


def _word(key: str, value: object, text: str, name: str, path: tuple[str, ...]) -> str:
    """What is to be said for a word, which must be one."""
    if not key.strip():
        raise _wrong(text, name, path, "must not be empty")
    if not isinstance(value, str):
        raise _wrong(text, name, path, f'must be a text in quotes, is {value!r}: {key} = "how to say it"')
    return value


def _wrong(text: str, name: str, path: tuple[str, ...], problem: str, hint: str = "") -> ConfigurationError:
    """The error about the value at ``path``: table names and key."""
    where = _place(text, name, path)
    return ConfigurationError(f"{where}: {path[-1] or chr(34) * 2} {problem}", hint=hint)


def _place(text: str, name: str, path: tuple[str, ...]) -> str:
    """File and line of the value at ``path``, for errors."""
    return f"{name}, line {_line_of(text, path)}"


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """The line, from 1, on which the value at ``path`` begins in a text that is TOML.

    A key can be bare, quoted, dotted or in an inline table, and the same name can stand in several tables. So TOML's
    own parser looks: the value begins after the longest run of whole lines that is TOML without it.
    """
    lines = text.split("\n")
    begin = 1
    for count in range(1, len(lines) + 1):
        try:
            found: object = tomllib.loads("\n".join(lines[:count]) + "\n")
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        for key in path:
            found = cast("dict[str, object]", found).get(key) if isinstance(found, dict) else None
        if found is not None:
            break
        begin = count + 1
    return begin
