"""Parser of Apertium's mode files, shell pipelines, without a shell.

A mode file contains the pipeline of a language pair: ``lt-proc '…/eng-spa.automorf.bin' | apertium-tagger -g $2
'…' | …``. ``$1`` stands for the display of unknown words and ``$2`` for extra options of the tagger.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

_PROGRAM: Final = re.compile(r"(apertium-[a-z-]+|lt-proc|lrx-proc|lsx-proc|rtx-proc|cg-proc|hfst-proc)")
"""Programs with a null-flush mode (``-z``); any other one would block the pipeline."""

_HIDE_UNKNOWN_MARKS: Final = "-n"
"""``$1``: without it unknown words have the prefix ``*``, which would be spoken."""


class ModeFileError(ValueError):
    """A mode file is not a plain pipeline of Apertium's programs."""


def stages(text: str) -> list[list[str]]:
    """Return the commands of a mode file, each as a list of arguments, in null-flush mode.

    Raises:
        ModeFileError: it needs a shell, or has a program without a known null-flush mode.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise ModeFileError(f"quotes do not match: {error}") from error
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            commands.append([])
        elif word == "$1":
            commands[-1].append(_HIDE_UNKNOWN_MARKS)
        elif word == "$2":
            pass
        elif re.search(r"[$`&;<>()|\0]", word):
            raise ModeFileError(f"{word!r} needs a shell")
        else:
            commands[-1].append(word)
    return [_with_null_flush(command) for command in commands]


def _with_null_flush(command: list[str]) -> list[str]:
    if not command:
        raise ModeFileError("an empty stage")
    program, *arguments = command
    if not _PROGRAM.fullmatch(program):
        raise ModeFileError(f"{program!r} is not a program known to have a null-flush mode")
    return [program, "-z", *arguments]
