"""Completion of bash, in which colons and equals signs end a word: ``tts:espeak`` comes as three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

if TYPE_CHECKING:
    from collections.abc import Sequence


_BREAKS: Final = (":", "=")


def joined(words: Sequence[str]) -> list[str]:
    """Return the words with those joined that a colon or an equals sign stands between."""
    found: list[str] = []
    for word in words:
        if found and (word.startswith(_BREAKS) or found[-1].endswith(_BREAKS)):
            found[-1] += word
        else:
            found.append(word)
    return found


class ColonBashComplete(BashComplete):
    """Completion of bash that knows words with a colon or an equals sign."""

    name = "bash"

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the incomplete one, and that one."""
        before, incomplete = super().get_completion_args()
        words = joined([*before, incomplete])
        # At least the incomplete word is there, and it is the last one.
        self._incomplete = words[-1] if words else ""
        return words[:-1], self._incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return one answer: bash replaces only what stands behind the last colon."""
        head, colon, _ = self._incomplete.rpartition("=")[2].rpartition(":")
        value = str(item.value).removeprefix(head + colon)
        return f"{item.type},{value.replace(' ', chr(92) + ' ')}"


def register() -> None:
    """Make click use this class for bash."""
    add_completion_class(ColonBashComplete)
