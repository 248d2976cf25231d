"""Spec and translator of the engine ``none``, which returns every sentence unchanged."""

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
    """``Translator`` that returns texts unchanged."""

    name = UNTRANSLATED
    device = "cpu"

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return True for any pair."""
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        """Return the texts."""
        return list(texts)

    def close(self) -> None:
        """Do nothing."""


def _load(_settings: EngineSettings, _report: Report) -> PassthroughTranslator:
    return PassthroughTranslator()


SPEC: Final = TranslatorSpec(
    name=UNTRANSLATED, title="no translation", rank=10, is_built_in=True, uses_settings=False, load=_load
)
