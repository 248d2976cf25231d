"""The engine ``none``: every sentence stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.engines.spec import TranslatorSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job


class PassthroughTranslator:
    """A ``Translator`` for those who want to hear the words of the agent."""

    name = UNTRANSLATED
    device = "cpu"

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Any pair: nothing is changed."""
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        """The texts."""
        return list(texts)

    def close(self) -> None:
        """There is nothing to let go of."""


def _load(_settings: EngineSettings, _report: Report) -> PassthroughTranslator:
    return PassthroughTranslator()


SPEC: Final = TranslatorSpec(
    name=UNTRANSLATED, title="no translation", rank=10, is_built_in=True, uses_settings=False, load=_load
)
