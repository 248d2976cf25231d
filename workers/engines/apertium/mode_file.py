"""Apertium's mode files: shell pipelines, read without a shell.

A mode file names the programs of a language pair in a row: ``lt-proc '…/eng-spa.automorf.bin' | apertium-tagger -g $2
'…' | …``. ``$1`` stands for how unknown words are shown and ``$2`` for extra options of the tagger.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

_PROGRAM: Final = re.compile(r"(apertium-[a-z-]+|lt-proc|lrx-proc|lsx-proc|rtx-proc|cg-proc|hfst-proc)")
"""The programs that take ``-z`` and then flush after each NUL; any other would make the pipeline stand still."""

_HIDE_UNKNOWN_MARKS: Final = "-n"
"""``$1``: without it unknown words get a ``*`` in front, which would be heard."""


class ModeFileError(ValueError):
    """A mode file holds something other than a row of Apertium's programs."""


def stages(text: str) -> list[list[str]]:
    """The commands of a mode file, each as a list of arguments, in null-flush mode.

    Raises:
        ModeFileError: it needs a shell, or a program that is not known to have a null-flush mode.
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
    return [_null_flushing(command) for command in commands]


def _null_flushing(command: list[str]) -> list[str]:
    if not command:
        raise ModeFileError("an empty stage")
    program, *arguments = command
    if not _PROGRAM.fullmatch(program):
        raise ModeFileError(f"{program!r} is not a program known to have a null-flush mode")
    return [program, "-z", *arguments]
