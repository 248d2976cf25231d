"""The engine ``none``: every sentence stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.translator import Job


class PassthroughTranslator:
    """A ``Translator`` for those who want to hear the words of the agent."""

    name = "none"
    device = "cpu"

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """There is nothing to load."""

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Any pair: nothing is changed."""
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        """The texts."""
        return list(texts)

    def close(self) -> None:
        """There is nothing to let go of."""
