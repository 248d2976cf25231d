"""The contract of a translator: what the translation worker calls, and what it may expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Job:
    """How one batch is to be translated; engines without a choice ignore it."""

    beams: int = 1
    """Translations that are followed side by side in the search for the best; 1 = greedy."""
    is_second_try: bool = False
    """The first answer was not usable: search otherwise than the last time."""
    is_cancelled: Callable[[], bool] = _never
    """Whether nobody wants the result any more. Quick: an engine should ask it every 50 ms."""


class Made(NamedTuple):
    """What became of one sentence."""

    text: str
    failure: str = ""
    """What is wrong with the best that could be made of it; empty = nothing is."""


class CancelledError(Exception):
    """The engine has noticed that nobody wants the result any more, and stopped."""


def translate_each(translator: Translator, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
    """What ``translator.translate`` returns, if that is one answer for each text.

    Raises:
        ValueError: it is not; and whatever ``Translator.translate`` does.
    """
    answers = translator.translate(texts, source, target, job)
    if len(answers) != len(texts):
        raise ValueError(f"{translator.name} returned {len(answers)} texts for {len(texts)}")
    return answers


class Translator(Protocol):
    """A translation engine: sentences of one language in, the same sentences of another out.

    ``TranslatorSpec.load`` returns one, loaded. The translation worker calls ``supports`` and ``translate`` for one
    batch after another, and ``close`` once at the end; all from its main thread, never two at a time.

    A neural engine has a further attribute, ``needs_checks = True``: the worker then looks at each answer, asks once
    more where one cannot be right, and keeps from it what is not worth a model.
    """

    @property
    def name(self) -> str:
        """What people type after ``--translator``."""
        ...

    @property
    def device(self) -> str:
        """For ``workers status``: ``cpu``, ``cuda:0``, ``mps``. May change with a ``translate``."""
        ...

    def supports(self, source: str, target: str) -> bool:
        """Whether it translates from one BCP-47 tag to the other. Quick: asked before every batch."""
        ...

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """The texts in the target language.

        Args:
            texts: 1 to 16 sentences, none of them empty or markup.
            source: BCP-47 tag of all texts.
            target: BCP-47 tag of the result; ``supports`` said yes to the two.
            job: what else is wanted.

        Returns:
            As many texts as there were, in the same order. The worker looks at each (``checks``): an engine need not.

        Raises:
            CancelledError: ``job.is_cancelled`` said so.
            VoicestreamError, OSError, RuntimeError or ValueError: this batch could not be translated; the next may be.
        """
        ...

    def close(self) -> None:
        """Let go of devices, files and programs."""
        ...
