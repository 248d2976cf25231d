"""What a translation engine is to the translation worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Translator(Protocol):
    """A translation engine: sentences of one language in, the same sentences of another out.

    The translation worker makes one with no arguments, calls ``load`` once, then ``supports`` and ``translate`` for one
    batch after another, and ``close`` once at the end; all from its main thread, never two at a time. The module is
    imported, and the object made, in the worker's process only; both must be quick: heavy imports belong in ``load``.

    Registered as an entry point of the group ``voicestream.translators``; docs/engines.md shows how.
    """

    @property
    def name(self) -> str:
        """What people type after ``--translator``."""
        ...

    @property
    def device(self) -> str:
        """For ``workers status``, after ``load``: ``cpu``, ``cuda:0``, ``mps``."""
        ...

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Import and load all that ``translate`` needs.

        Args:
            report: called with the name of a stage and, where known, its progress from 0 to 1, whenever there is news;
                each call extends the time the supervisor grants for loading.

        Raises:
            EngineNotReadyError: a program, a package or weights are missing; the hint is the command that mends it.
                The worker ends with exit code 78 and is not started again.
        """
        ...

    def supports(self, source: str, target: str) -> bool:
        """Whether it translates from one BCP-47 tag to the other. Quick: asked before every batch."""
        ...

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The texts in the target language.

        Args:
            texts: 1 to 16 sentences, none of them empty or markup.
            source: BCP-47 tag of all texts.
            target: BCP-47 tag of the result; ``supports`` said yes to the two.

        Returns:
            As many texts as there were, in the same order.

        Raises:
            VoicestreamError, OSError, RuntimeError or ValueError: this batch could not be translated; the next may be.
        """
        ...

    def close(self) -> None:
        """Let go of devices, files and programs; may be called without ``load`` having succeeded."""
        ...
