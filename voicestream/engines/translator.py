"""Translator contract: the interface between the translation worker and a translation engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _never() -> bool:
    return False


MAX_BATCH: Final = 16
"""Sentences that every translator takes at once."""

Pair: TypeAlias = tuple[str, str]
"""BCP-47 tags of source and target language."""


@dataclass(frozen=True)
class Job:
    """Options of one batch; engines without them ignore it."""

    beams: int = 1
    """Width of the beam search; 1 = greedy decoding."""
    is_second_try: bool = False
    """True for a retry: the first translation was rejected, and the engine should decode differently."""
    is_cancelled: Callable[[], bool] = _never
    """Returns whether the result is no longer wanted. Fast: an engine should call it every 50 ms."""


class Made(NamedTuple):
    """Translation of one sentence."""

    text: str
    failure: str = ""
    """Reason why the translation is unusable; empty = it is usable."""


class CancelledError(Exception):
    """The engine has stopped because its result is no longer wanted."""


def translate_each(translator: Translator, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
    """Return the result of ``translator.translate`` after checking that there is one translation for each text.

    Raises:
        ValueError: the number of translations differs; and every error of ``Translator.translate``.
    """
    return _checked(translator, translator.translate(texts, source, target, job), len(texts))


class Translator(Protocol):
    """Translation engine: sentences of one language in, the same sentences in another out.

    ``TranslatorSpec.load`` returns it loaded. The translation worker calls ``supports`` and ``translate`` for one batch
    after another, and ``close`` once at the end; all from its main thread, never two at once.

    A neural engine also has ``needs_checks = True``: the worker then checks each translation, retries once if it looks
    wrong, and passes only sentences that are worth translating. If words are known that its model copies unchanged, it
    has them in ``name_codes``, a sequence of words of three letters and digits or more: the worker puts them in place
    of the glossary's terms, and of names that a first translation lacked.
    """

    @property
    def name(self) -> str:
        """Value of ``--translator``."""
        ...

    @property
    def device(self) -> str:
        """Compute device in ``workers status``: ``cpu``, ``cuda:0``, ``mps``. May change with a ``translate``."""
        ...

    def supports(self, source: str, target: str) -> bool:
        """Return whether it translates from one BCP-47 tag to the other. Must be fast: called before every batch."""
        ...

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """Translate a batch of sentences.

        Args:
            texts: 1 to ``MAX_BATCH`` sentences, none of them empty or markup.
            source: BCP-47 tag of all texts.
            target: BCP-47 tag of the result; ``supports`` accepted the pair.
            job: options of the batch.

        Returns:
            One translation for each text, in the same order. The worker checks them; an engine need not.

        Raises:
            CancelledError: ``job.is_cancelled`` returned True.
            EngineUnavailableError: the hosts that it needs did not do it; the worker takes an engine of this machine.
            VoicestreamError, OSError, RuntimeError or ValueError: this batch could not be translated; the next may be.
        """
        ...

    def close(self) -> None:
        """Release devices, files and programs."""
        ...


@runtime_checkable
class MixedTranslator(Translator, Protocol):
    """Translator of batches with sentences of different languages; optional.

    A sentence gets the translation that it would get alone, whatever else is in its batch.
    """

    @property
    def max_batch(self) -> int:
        """Sentences that are best translated at once if so many wait; at least ``MAX_BATCH``. May change as device."""
        ...

    def prepare(self) -> None:
        """Prepare for large batches, so that the first one takes no longer than others; a server calls it once."""
        ...

    def translate_mixed(self, texts: Sequence[str], pairs: Sequence[Pair], job: Job) -> list[str]:
        """Translate a batch of sentences as ``translate`` does.

        Args:
            texts: 1 to ``max_batch`` sentences.
            pairs: languages of each text; ``supports`` accepted them.
            job: options of the batch.
        """
        ...


def max_batch(translator: Translator) -> int:
    """Return the number of sentences that a translator is given at once at most."""
    return translator.max_batch if isinstance(translator, MixedTranslator) else MAX_BATCH


def translate_pairs(translator: Translator, texts: Sequence[str], pairs: Sequence[Pair], job: Job) -> list[str]:
    """Translate texts, each between its languages: in one batch if the translator can, else a batch for each pair.

    Raises:
        ValueError: the number of translations differs; and every error of ``Translator.translate``.
    """
    if len(set(pairs)) == 1:
        return translate_each(translator, texts, *pairs[0], job)
    if isinstance(translator, MixedTranslator):
        return _checked(translator, translator.translate_mixed(texts, pairs, job), len(texts))
    found = [""] * len(texts)
    for pair in dict.fromkeys(pairs):
        indexes = [index for index, its in enumerate(pairs) if its == pair]
        answers = translate_each(translator, [texts[index] for index in indexes], *pair, job)
        for index, answer in zip(indexes, answers, strict=True):
            found[index] = answer
    return found


def _checked(translator: Translator, answers: list[str], count: int) -> list[str]:
    if len(answers) != count:
        raise ValueError(f"{translator.name} returned {len(answers)} texts for {count}")
    return answers
