"""Subword tokenizer of NLLB-200.

It uses ``tokenizers`` instead of the tokenizer of transformers, which keeps the source language as shared state, needs
torch, and maps an unknown language to the unknown token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tokenizers import Tokenizer

from voicestream.errors import EngineNotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

END: Final = "</s>"
PADDING: Final = "<pad>"

EXPECTED_LANGUAGES: Final = ("eng_Latn", "jpn_Jpan", "zul_Latn")
"""Language tokens of every NLLB-200 tokenizer; one that was saved without languages has none of them."""

_MAX_SERIAL: Final = 16
"""Texts up to which one thread tokenizes them: 20 µs a text are less than starting other threads."""


class SubwordTokenizer:
    """Tokenizer from a ``tokenizer.json``."""

    def __init__(self, file: Path, hint: str) -> None:
        """Read it.

        Args:
            file: the ``tokenizer.json``.
            hint: of the error if the file is unusable.

        Raises:
            EngineNotReadyError: it is damaged, or is not the tokenizer of NLLB-200.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:
            # The library raises plain Exceptions for a file that is no tokenizer.
            if type(error) is not Exception:
                raise
            raise EngineNotReadyError(f"{file} is damaged: {error}", hint=hint) from error
        missing = [token for token in (END, PADDING, *EXPECTED_LANGUAGES) if self.token_id(token) is None]
        if missing:
            raise EngineNotReadyError(
                f"{file} is not the tokenizer of NLLB-200: it has no {', '.join(missing)}", hint=hint
            )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def token_id(self, token: str) -> int | None:
        """Return the id of a token, such as a FLORES-200 code; None if there is none."""
        return self._tokenizer.token_to_id(token)

    def encode(self, text: str, language: str) -> list[str]:
        """Tokenize a source text: its FLORES-200 code, the text, the end token."""
        return [language, *self._tokenizer.encode(text, add_special_tokens=False).tokens, END]

    def encode_all(self, texts: Sequence[str], sources: Sequence[str]) -> list[list[str]]:
        """Tokenize texts as ``encode`` does, each with its language."""
        if len(texts) <= _MAX_SERIAL:
            return list(map(self.encode, texts, sources))
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [[language, *one.tokens, END] for language, one in zip(sources, found, strict=True)]

    def token_ids(self, tokens: list[str]) -> list[int]:
        """Return the ids of tokens from ``encode``."""
        found = [self.token_id(token) for token in tokens]
        return [token_id for token_id in found if token_id is not None]

    def decode(self, ids: list[int]) -> str:
        """Return the text of output token ids, without language, end and padding tokens."""
        return self._tokenizer.decode(ids, skip_special_tokens=True).strip()
