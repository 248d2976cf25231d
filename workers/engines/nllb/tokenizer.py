"""NLLB's pieces of words: a text in, tokens out, and back.

``tokenizers`` itself is used, not the tokenizer of transformers: that one keeps the source language as a state which
all calls share, needs torch, and takes an unknown language for an unknown word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tokenizers import Tokenizer

from voicestream.errors import EngineNotReadyError

if TYPE_CHECKING:
    from pathlib import Path

END: Final = "</s>"
PADDING: Final = "<pad>"

SOME_LANGUAGES: Final = ("eng_Latn", "jpn_Jpan", "zul_Latn")
"""Any tokenizer of NLLB-200 has these, and a directory that was saved without its languages none of them."""


class Vocabulary:
    """The contents of a ``tokenizer.json``."""

    def __init__(self, file: Path, hint: str) -> None:
        """Read it.

        Args:
            file: the ``tokenizer.json``.
            hint: what to type when it is no good.

        Raises:
            EngineNotReadyError: it is none of NLLB-200's.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:
            # The library raises plain Exceptions; any of them means that the file is no tokenizer.
            if type(error) is not Exception:
                raise
            raise EngineNotReadyError(f"{file} is damaged: {error}", hint=hint) from error
        missing = [token for token in (END, PADDING, *SOME_LANGUAGES) if self.id_of(token) is None]
        if missing:
            raise EngineNotReadyError(
                f"{file} is not the tokenizer of NLLB-200: it has no {', '.join(missing)}", hint=hint
            )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def id_of(self, token: str) -> int | None:
        """Number of a token (a language's FLORES-200 code is one); None if there is no such."""
        return self._tokenizer.token_to_id(token)

    def encode(self, text: str, language: str) -> list[str]:
        """The tokens of a text as NLLB wants its source: the language's FLORES-200 code, the text, the end."""
        return [language, *self._tokenizer.encode(text, add_special_tokens=False).tokens, END]

    def ids(self, tokens: list[str]) -> list[int]:
        """Numbers of tokens that ``encode`` returned."""
        found = [self.id_of(token) for token in tokens]
        return [number for number in found if number is not None]

    def decode(self, ids: list[int]) -> str:
        """The text of the numbers of an answer; language codes, ends and padding say nothing."""
        return self._tokenizer.decode(ids, skip_special_tokens=True).strip()
