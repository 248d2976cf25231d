"""The engine ``firefox``: routes through English, pieces, and the helper process that translates them."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from voicestream.errors import EngineNotReadyError
from voicestream.models import directions
from voicestream.workers.engines.firefox import model, weights
from voicestream.workers.engines.firefox.helper import Helper, HelperError
from voicestream.workers.engines.firefox.pieces import CLAUSE_CHARACTERS, MAX_CHARACTERS, join, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job
    from voicestream.models.directions import Direction
    from voicestream.workers.engines.firefox.channel import Reply

_log = logging.getLogger(__name__)


class FirefoxTranslator:
    """A ``Translator``."""

    name = model.NAME
    device = "cpu"
    needs_checks = True
    name_codes = model.NAME_CODES

    def __init__(self, places: Mapping[Direction, Path]) -> None:
        """Start the helper process.

        Args:
            places: directories of the installed directions.

        Raises:
            OSError: the process cannot be started.
        """
        self._places = places
        self._helper: Helper | None = Helper()

    @property
    def pid(self) -> int | None:
        """Process id of the helper process; None: it has ended."""
        return self._helper.pid if self._helper is not None else None

    def warm_up(self) -> None:
        """Have the process ready, and the model of the only direction from English.

        Raises:
            EngineNotReadyError: the model is damaged.
            RuntimeError: the process cannot translate.
        """
        outgoing = [place for (source, _), place in self._places.items() if source == directions.PIVOT]
        place = outgoing[0] if len(outgoing) == 1 else next(iter(self._places.values()))
        self._piece(place, "OK.", _never)

    def supports(self, source: str, target: str) -> bool:
        """Return whether the direction is installed, or both directions through English are."""
        return bool(self._route(source, target))

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """Translate texts one after another.

        Raises:
            CancelledError: as ``Translator`` says.
            EngineNotReadyError: a model is damaged.
            RuntimeError: the library failed, or its process ended twice over the same piece.
        """
        limit = CLAUSE_CHARACTERS if job.is_second_try else MAX_CHARACTERS
        route = self._route(source, target)
        return [self._translate(text, route, limit, job.is_cancelled) for text in texts]

    def close(self) -> None:
        """End the helper process."""
        if self._helper is not None:
            self._helper.close()
            self._helper = None

    def _route(self, source: str, target: str) -> list[Path]:
        """Return the models to apply one after the other; none: there is no way."""
        return [self._places[leg] for leg in directions.route(self._places, source, target)]

    def _translate(self, text: str, route: Sequence[Path], limit: int, is_cancelled: Callable[[], bool]) -> str:
        for place in route:
            made: list[tuple[str, str]] = []
            for piece in pieces(text, limit):
                answer = self._piece(place, piece.text, is_cancelled) if piece.is_translated else piece.text
                made.append((answer, piece.gap))
            text = join(made)
        return text

    def _piece(self, place: Path, text: str, is_cancelled: Callable[[], bool]) -> str:
        reply = self._exchange(place, text, is_cancelled)
        if reply.damaged:
            raise weights.damaged(place, reply.damaged)
        if reply.failure:
            raise RuntimeError(f"fxtranslate failed with {reply.failure}")
        return reply.text

    def _exchange(self, place: Path, text: str, is_cancelled: Callable[[], bool]) -> Reply:
        """Exchange with the helper process; one that has ended is replaced, once."""
        for is_last in (False, True):
            if self._helper is None:
                self._helper = Helper()
            try:
                return self._helper.exchange(str(place), text, is_cancelled)
            except HelperError as error:
                self._helper.close()
                self._helper = None
                if is_last:
                    raise
                _log.warning("helper=restarted reason=%s", error)
        raise AssertionError  # unreachable: the second failure is raised


def load(settings: EngineSettings, report: Report) -> FirefoxTranslator:
    """Find and verify the models, and start the helper process.

    Raises:
        EngineNotReadyError: the package is missing, there are no models, or one is damaged.
    """
    if importlib.util.find_spec("fxtranslate") is None:
        raise EngineNotReadyError("the package fxtranslate is not installed", hint=model.INSTALL)
    places = weights.find(settings.models)
    weights.check(places, report)
    report("warming up", None)
    translator = FirefoxTranslator(places)
    try:
        translator.warm_up()
    except BaseException:
        translator.close()
        raise
    return translator


def _never() -> bool:
    return False
