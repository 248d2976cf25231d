"""Selection of a voice engine by language, with ``auto``: the best one ready on this machine.

An engine counts as ready if its packages and weights are installed. Only its worker loads it, so loading may still
fail; ``auto`` does not retry an engine that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.config import engine_settings, gpu_probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.config.engine_settings import EngineSettings


def candidates(language: str, settings: EngineSettings) -> tuple[str, ...]:
    """Return the names of voice engines that seem ready and support a language, the best first.

    Reads entry points and looks up packages and weights, which takes about 20 ms.

    Args:
        language: BCP-47 tag; empty = any.
        settings: with which the engines would be loaded.
    """
    from voicestream.engines import registry  # noqa: PLC0415 - importlib.metadata takes its time
    from voicestream.models import packages  # noqa: PLC0415 - as above

    computes_on_gpu = uses_gpu(settings)
    base = base_of(language)
    ranked = registry.chosen_by_auto(registry.SYNTHESIZERS, uses_gpu=computes_on_gpu, language=base)
    return tuple(spec.name for spec in ranked if packages.is_ready(spec, settings.models, base))


def better_engine(own: str, for_own: Sequence[str], for_language: Sequence[str]) -> str:
    """Return the engine to use for a language instead of the session's engine; empty = none. Pure.

    Args:
        own: what ``auto`` has found for the session; empty = it is not known yet.
        for_own: candidates for the language of the session, the best first.
        for_language: candidates for the language in question.
    """
    own = own or next(iter(for_own), "")
    failed = for_own[: for_own.index(own)] if own in for_own else ()
    best = next((name for name in for_language if name not in failed), "")
    return "" if best == own else best


def base_of(language: str) -> str:
    """Return the base language of a BCP-47 tag: ``pt`` of ``pt-BR``."""
    return language.partition("-")[0].lower()


def uses_gpu(settings: EngineSettings) -> bool:
    """Return whether a GPU is to be used, as far as known without torch."""
    if settings.compute == engine_settings.AUTO:
        return gpu_probe.may_have_gpu()
    return settings.compute != "cpu"
