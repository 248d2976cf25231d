"""The translation worker: batches of sentences in one language in, the same in another out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream import languages
from voicestream.errors import ConfigurationError, UsageError, VoicestreamError
from voicestream.messages import Cancel, Cancelled, Ready, Translate, Translated, TranslatedSentence, WorkFailed
from voicestream.workers import engines
from voicestream.workers.harness import JobWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.messages import ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment
    from voicestream.workers.translation.translator import Translator

_log = logging.getLogger(__name__)

UNTRANSLATED: str = "none"
"""Engine named for sentences that are in the wanted language already."""


class TranslationWorker(JobWorker):
    """Runs one translator."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        self._name = assignment.engine
        self._connection = connection
        self._translator: Translator | None = None

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Load the engine."""
        self._translator = engines.load_translator(self._name, report)
        return Ready(engine=self._translator.name, device=self._translator.device)

    def handle(self, message: ToWorker) -> None:
        """One batch."""
        match message:
            case Translate():
                self._translate(message)
            case Cancel():
                self._connection.forget_cancelled(message.session, message.sentence)
                self._connection.send(Cancelled(session=message.session, sentence=message.sentence))
            case _:
                _log.warning("left out a %s: not for translation", type(message).__name__)

    def close(self) -> None:
        """End the engine."""
        if self._translator is not None:
            self._translator.close()

    def _translate(self, message: Translate) -> None:
        translator = self._translator
        assert translator is not None  # noqa: S101 - load() comes before the first handle()
        texts = [sentence.text for sentence in message.sentences]
        if languages.are_same(message.source, message.target) or translator.name == UNTRANSLATED:
            self._answer(message, texts, message.source, UNTRANSLATED)
            return
        if not translator.supports(message.source, message.target):
            reason = f"{translator.name} does not translate from {message.source} to {message.target}"
            self._fail(message, reason, permanent=True)
            return
        try:
            translated = translator.translate(texts, message.source, message.target)
        except VoicestreamError as error:
            _log.exception("batch=%d failed", message.batch)
            self._fail(message, error.for_people(), permanent=isinstance(error, UsageError | ConfigurationError))
            return
        except (OSError, RuntimeError, ValueError) as error:
            # What a library says about one text; anything else is a defect and ends the process.
            _log.exception("batch=%d failed", message.batch)
            self._fail(message, f"{type(error).__name__}: {error}", permanent=False)
            return
        if len(translated) != len(texts):
            self._fail(message, f"{translator.name} returned {len(translated)} texts for {len(texts)}", permanent=False)
            return
        self._answer(message, translated, message.target, translator.name)

    def _answer(self, message: Translate, texts: list[str], language: str, engine: str) -> None:
        sentences = [
            TranslatedSentence(session=source.session, sentence=source.sentence, text=text)
            for source, text in zip(message.sentences, texts, strict=True)
        ]
        self._connection.send(Translated(batch=message.batch, language=language, engine=engine, sentences=sentences))

    def _fail(self, message: Translate, reason: str, *, permanent: bool) -> None:
        first = message.sentences[0]
        self._connection.send(
            WorkFailed(
                session=first.session,
                sentence=first.sentence,
                attempt=message.batch,
                reason=reason,
                permanent=permanent,
            )
        )
