"""User settings in ``config.toml``: below flags and ``VOICESTREAM_*`` variables, above defaults.

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

    [voices]                 # by language: an engine, ENGINE:VOICE, or a voice of your own
    en = "kokoro:af_heart"

    [workers]                # workers that no session needs end
    idle = 600               # after so many seconds,
    memory = "4 GiB"         # or before, while all together take more

    [remote]                 # hosts that run engines: voicestream.config.remote.table
    tts = ["https://gpu.example"]
"""

from __future__ import annotations

import math
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from voicestream import bounded_file
from voicestream.config import gpu_selection, languages, toml_places, user_directories, worker_limits
from voicestream.config.options import OPTIONS
from voicestream.config.remote import table as remote_table
from voicestream.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from voicestream.protocol.messages import EngineRole, RemoteHosts

ENVIRONMENT_VARIABLE: Final = "VOICESTREAM_CONFIG"

_IN_WORDS: Final = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}

OPTION_TYPES: Final[dict[str, tuple[type, ...]]] = {
    option.name: (int, float)
    if option.type is float
    else (option.type, int)
    if option.takes_numbers
    else (option.type,)
    for option in OPTIONS
    if option.key == (option.name,) and not option.repeats
}
"""Types of the options allowed at the top level of the file."""

Option = str | float | bool | tuple[str, ...]
"""Value of an option."""

MAX_BYTES: Final = 256 << 10
"""Limit of the file; far more replacements and terms than one can use."""

MAX_NUMBER: Final = 1e9
"""Upper limit: a larger number is a mistake, and may be an integer that no floating-point number can hold."""

_SHOWN_CHARACTERS: Final = 60
_ELSEWHERE: Final = f"Set {ENVIRONMENT_VARIABLE} to a file that can be read, or unset it."

PAUSES: Final = {option.key[1]: option.name for option in OPTIONS if option.key and option.key[0] == "speech"}
"""Options in ``[speech]`` by key."""


@dataclass(frozen=True)
class Settings:
    """Contents of the file."""

    options: dict[str, Option] = field(default_factory=dict[str, "Option"])
    """Options of ``run`` by flag; several values if the flag may be repeated."""
    replacements: dict[str, str] = field(default_factory=dict[str, str])
    """``[speech.replace]``."""
    keep: list[str] = field(default_factory=list[str])
    """``[translate] keep``: protected words and phrases."""
    glossary: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """``[translate.glossary]`` by language, a normalized BCP-47 tag; ``""`` is for all languages."""
    voices: dict[str, str] = field(default_factory=dict[str, str])
    """``[voices]``: engine and voice, as written, by language (a normalized BCP-47 tag)."""
    remote: dict[EngineRole, RemoteHosts] = field(default_factory=dict["EngineRole", "RemoteHosts"])
    """``[remote]``: hosts of engines that send text to hosts, by role."""
    idle_seconds: float | None = None
    """``[workers] idle``; None: not set."""
    memory_bytes: int | None = None
    """``[workers] memory``; None: not set."""
    text: str = field(default="", compare=False, repr=False)
    """The contents of the file."""
    name: str = field(default="", compare=False, repr=False)
    """Name of the file, for errors."""

    def place_of(self, flag: str) -> str:
        """Return file and line of an option's value by flag."""
        key = next((key for key, option in PAUSES.items() if option == flag), None)
        written = next((one for one in tomllib.loads(self.text) if flag_of(one) == flag), flag)
        return toml_places.place(self.text, self.name, ("speech", key) if key else (written,))

    def place_of_voice(self, tag: str) -> str:
        """Return file and line of the voice of a language."""
        keys = cast("dict[str, object]", tomllib.loads(self.text).get("voices", {}))
        key = next((key for key in keys if languages.parse(key).tag == tag), tag)
        return toml_places.place(self.text, self.name, ("voices", key))

    def glossary_for(self, target: str) -> dict[str, str]:
        """Return the glossary of a language (BCP-47 tag): ``pt`` also holds for ``pt-BR``, which overrides it.

        A language in another script is another one: ``zh`` does not hold for ``zh-TW``, ``zh-Hant`` does.

        Raises:
            UsageError: the language is unknown.
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
    """Return the path of the file, whether it exists or not."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).absolute()
    return user_directories.config() / "config.toml"


def load(file: Path) -> Settings:
    """Read the file; defaults if there is none.

    Raises:
        ConfigurationError: it cannot be read, or a value is invalid; the message has the line and the key.
    """
    if str(file) == os.devnull:
        return Settings()
    try:
        # Editors of some systems write a byte order mark before the text.
        text = bounded_file.read(file, MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}", hint=_ELSEWHERE) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"cannot read {file}: byte {error.start + 1} is not UTF-8", hint="Save it in the encoding UTF-8."
        ) from error
    return parse(text, str(file))


def parse(text: str, name: str) -> Settings:
    """Parse the text of the file; ``name`` is used in errors.

    Raises:
        ConfigurationError: as for ``load``.
    """
    tables = toml_places.read(text, name)
    options: dict[str, Option] = {}
    replacements: dict[str, str] = {}
    keep: list[str] = []
    glossary: dict[str, dict[str, str]] = {}
    voices: dict[str, str] = {}
    remote: dict[EngineRole, RemoteHosts] = {}
    idle_seconds: float | None = None
    memory_bytes: int | None = None
    for key, value in tables.items():
        if key == "speech":
            replacements, pauses = _speech(value, text, name)
            options |= pauses
        elif key == "translate":
            keep, glossary = _translate(value, text, name)
        elif key == "voices":
            voices = _voices(value, text, name)
        elif key == remote_table.TABLE:
            remote = remote_table.parse(value, text, name)
        elif key == "workers":
            idle_seconds, memory_bytes = _workers(value, text, name)
        elif key == "gpu":
            options[key] = _gpus(value, text, name)
        elif (flag := flag_of(key)) in OPTION_TYPES and flag not in options:
            options[flag] = check_option(key, value, text, name)
        else:
            known = f"{', '.join(OPTION_TYPES)}, gpu, [remote], [speech], [translate], [voices] and [workers]"
            raise toml_places.wrong(text, name, (key,), f"is not known; known are {known}")
    return Settings(
        options=options,
        replacements=replacements,
        keep=keep,
        glossary=glossary,
        voices=voices,
        remote=remote,
        idle_seconds=idle_seconds,
        memory_bytes=memory_bytes,
        text=text,
        name=name,
    )


def flag_of(key: str) -> str:
    """Return the flag of a key, which may have underscores in place of dashes: ``lead_in``."""
    return key.replace("_", "-")


def check_option(key: str, value: object, text: str, name: str) -> Option:
    """Validate an option of ``run``.

    Args:
        key: as written.
        value: its value.
        text: the text of the file.
        name: name of the file.

    Raises:
        ConfigurationError: it has another type; the message has the line and the key.
    """
    kinds = OPTION_TYPES[flag_of(key)]
    # In Python, bool is a kind of int.
    is_right = isinstance(value, kinds) and (bool in kinds) == isinstance(value, bool)
    if not is_right:
        wanted = " or ".join(_IN_WORDS[kind] for kind in kinds if not (kind is int and float in kinds))
        raise toml_places.wrong(text, name, (key,), f"must be {wanted}, is {_shown(value)}")
    if isinstance(value, int | float) and not _is_usable(value):
        raise toml_places.wrong(text, name, (key,), f"must be a number, is {_shown(value)}")
    if isinstance(value, str) and "\0" in value:
        raise toml_places.wrong(text, name, (key,), f"must not have a NUL character, is {_shown(value)}")
    return cast("Option", value)


def _gpus(found: object, text: str, name: str) -> tuple[str, ...]:
    """Return ``gpu`` in the form of ``--gpu``."""
    if not isinstance(found, dict):
        return (_gpu_index(found, text, name, ("gpu",), "gpu"),)
    table = cast("dict[str, object]", found)
    for role in table:
        if role not in gpu_selection.ROLES:
            raise toml_places.wrong(
                text, name, ("gpu", role), f"is not known in [gpu]; known are {' and '.join(gpu_selection.ROLES)}"
            )
    return tuple(f"{role}={_gpu_index(number, text, name, ('gpu', role), role)}" for role, number in table.items())


def _gpu_index(found: object, text: str, name: str, path: tuple[str, ...], shown: str) -> str:
    """Validate a GPU index."""
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= gpu_selection.MAX_INDEX:
        raise toml_places.wrong(
            text, name, path, f"must be the number of an NVIDIA GPU, is {_shown(found)}: {shown} = 1"
        )
    return str(found)


def _speech(table: object, text: str, name: str) -> tuple[dict[str, str], dict[str, float]]:
    """Parse ``[speech]``: replacements and the pauses of ``run``."""
    table = _table(table, text, name, ("speech",), "[speech]")
    pauses: dict[str, float] = {}
    for key, value in table.items():
        if key in PAUSES:
            if isinstance(value, bool) or not isinstance(value, int | float) or not _is_usable(value):
                problem = f"must be a number of seconds, is {_shown(value)}: {key} = 0.5"
                raise toml_places.wrong(text, name, ("speech", key), problem)
            pauses[PAUSES[key]] = value
        elif key != "replace":
            known = f"known are {', '.join(PAUSES)} and [speech.replace]"
            raise toml_places.wrong(text, name, ("speech", key), f"is not known in [speech]; {known}")
    found = _table(table.get("replace", {}), text, name, ("speech", "replace"), "[speech.replace]")
    words = {key: _word(key, value, text, name, ("speech", "replace", key)) for key, value in found.items()}
    return words, pauses


def _translate(table: object, text: str, name: str) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Parse ``[translate]``: protected words, and the glossary by language."""
    table = _table(table, text, name, ("translate",), "[translate]")
    for key in table:
        if key not in {"keep", "glossary"}:
            known = "known are keep and [translate.glossary]"
            raise toml_places.wrong(text, name, ("translate", key), f"is not known in [translate]; {known}")
    found: object = table.get("keep", [])
    keep = _items(found)
    words = [word for word in keep or () if isinstance(word, str) and word.strip()]
    if keep is None or len(words) < len(keep):
        problem = f'must be a list of words, is {_shown(found)}: keep = ["kubectl"]'
        raise toml_places.wrong(text, name, ("translate", "keep"), problem)
    path = ("translate", "glossary")
    glossary: dict[str, dict[str, str]] = {}
    for key, value in _table(table.get("glossary", {}), text, name, path, "[translate.glossary]").items():
        if not isinstance(value, dict):
            glossary.setdefault("", {})[key] = _word(key, value, text, name, (*path, key))
            continue
        try:
            tag = languages.parse(key).tag
        except UsageError as error:
            raise toml_places.wrong(
                text, name, (*path, key), "is not a language voicestream knows", hint=error.hint
            ) from error
        if tag in glossary:
            raise toml_places.wrong(text, name, (*path, key), f"stands for {tag}, which is set already")
        terms = cast("dict[str, object]", value)
        glossary[tag] = {term: _word(term, word, text, name, (*path, key, term)) for term, word in terms.items()}
    return words, glossary


def _voices(table: object, text: str, name: str) -> dict[str, str]:
    """Validate ``[voices]``; whether there are such engines and voices is not looked at."""
    voices: dict[str, str] = {}
    for key, value in _table(table, text, name, ("voices",), "[voices]").items():
        path = ("voices", key)
        try:
            tag = languages.parse(key).tag
        except UsageError as error:
            problem = "is not a language voicestream knows"
            raise toml_places.wrong(text, name, path, problem, hint=error.hint) from error
        if not isinstance(value, str) or not value.strip():
            problem = f'must name an engine or a voice in quotes, is {_shown(value)}: {key} = "ENGINE:VOICE"'
            raise toml_places.wrong(text, name, path, problem)
        voices[tag] = value.strip()
    return voices


def _workers(table: object, text: str, name: str) -> tuple[float | None, int | None]:
    """Validate ``[workers]``: seconds and bytes; None if not set."""
    table = _table(table, text, name, ("workers",), "[workers]")
    idle: float | None = None
    memory: int | None = None
    for key, value in table.items():
        path = ("workers", key)
        if key == "idle":
            is_number = isinstance(value, int | float) and not isinstance(value, bool) and _is_usable(value)
            if not is_number or cast("float", value) < 0:
                raise toml_places.wrong(
                    text, name, path, f"must be a number of seconds, is {_shown(value)}: idle = 600"
                )
            idle = float(cast("float", value))
        elif key == "memory":
            try:
                memory = worker_limits.parse_memory(value if isinstance(value, str) else "")
            except ValueError as error:
                problem = f'must be an amount of memory in quotes, is {_shown(value)}: memory = "4 GiB"'
                raise toml_places.wrong(text, name, path, problem) from error
        else:
            raise toml_places.wrong(text, name, path, "is not known in [workers]; known are idle and memory")
    return idle, memory


def _items(found: object) -> list[object] | None:
    """Return the items of a list; None for other values."""
    return cast("list[object]", found) if isinstance(found, list) else None


def _table(found: object, text: str, name: str, path: tuple[str, ...], shown: str) -> dict[str, object]:
    """Validate a table; ``shown`` is its written form."""
    if not isinstance(found, dict):
        raise toml_places.wrong(text, name, path, f"must be a table: {shown}")
    return cast("dict[str, object]", found)


def _word(key: str, value: object, text: str, name: str, path: tuple[str, ...]) -> str:
    """Validate a replacement, which must be a text."""
    if not key.strip():
        raise toml_places.wrong(text, name, path, "must not be empty")
    if not isinstance(value, str):
        raise toml_places.wrong(
            text, name, path, f'must be a text in quotes, is {_shown(value)}: {key} = "how to say it"'
        )
    return value


def _is_usable(number: float) -> bool:
    """Return whether a number, which may be an integer, is usable: infinity is, nan is not."""
    return number in (math.inf, -math.inf) or abs(number) <= MAX_NUMBER


def _shown(value: object) -> str:
    """Format a value for people: short ones as they are, too long numbers as such."""
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        return "a larger number"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    written = repr(value)
    return written if len(written) <= _SHOWN_CHARACTERS else f"{written[:_SHOWN_CHARACTERS]}…"
