"""Local engine that takes over while the hosts of a worker's engine do not answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from voicestream.errors import ConfigurationError, EngineUnavailableError, as_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Translator

Engine = TypeVar("Engine", "Synthesizer", "Translator")

NO_ANSWER: Final = "no host answers"

MAX_REFUSALS: Final = 20
"""Limit of the different reasons that are reported."""

_log = logging.getLogger(__name__)


def check(engine: Synthesizer | Translator) -> None:
    """Check before a job that an engine can work; engines without hosts always can.

    Raises:
        EngineUnavailableError: its hosts do not answer at present.
    """
    is_available: Callable[[], bool] | None = getattr(engine, "is_available", None)
    if is_available is not None and not is_available():
        raise EngineUnavailableError(NO_ANSWER)


class LocalFallback(Generic[Engine]):
    """Engines on this machine, loaded on first use, and the notices about them."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Start without an engine; ``tell`` sends a notice to people."""
        self._tell = tell
        self._engines: dict[str, Engine] = {}
        self._is_outage_told = False
        self._refusals: set[str] = set()

    def take_over(self, what: str, error: EngineUnavailableError, load: Callable[[], Engine]) -> Engine:
        """Return the engine that does a job instead.

        Args:
            what: it loads the engine for this: languages.
            error: of the engine that cannot do it.
            load: returns the best engine on this machine.

        Raises:
            EngineUnavailableError: none is ready.
        """
        local = self._engines.get(what)
        if local is None:
            try:
                local = self._engines[what] = load()
            except ConfigurationError as missing:
                self._report(error, f"{error}; no engine on this machine is ready: {missing}\n{as_line(missing.hint)}")
                raise error from missing
        self._report(error, f"{error}: falling back to {local.name}")
        return local

    def worked(self, engine: Engine) -> None:
        """Record that the engine has done a job again."""
        if self._is_outage_told:
            self._is_outage_told = False
            self._tell(f"{engine.device} answers again")

    def close(self) -> None:
        """Close the engines."""
        for engine in self._engines.values():
            engine.close()

    def _report(self, error: EngineUnavailableError, text: str) -> None:
        """Report an outage once, and a refusal once for each reason."""
        if error.is_outage:
            is_new, self._is_outage_told = not self._is_outage_told, True
        else:
            is_new = str(error) not in self._refusals and len(self._refusals) < MAX_REFUSALS
            self._refusals.add(str(error))
        if is_new:
            _log.warning("%s", text)
            self._tell(text)
