"""The translation worker: translates batches of sentences."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.config import languages
from voicestream.config.engine_settings import AUTO, UNTRANSLATED
from voicestream.engines.translator import CancelledError, Job, Made, translate_each
from voicestream.errors import ConfigurationError, EngineUnavailableError, UsageError, VoicestreamError
from voicestream.protocol.messages import (
    Cancel,
    Cancelled,
    EngineNotice,
    Loading,
    Ready,
    Translate,
    Translated,
    TranslatedSentence,
    WorkFailed,
)
from voicestream.workers import engine_loading, local_fallback
from voicestream.workers.harness import JobWorker
from voicestream.workers.local_fallback import LocalFallback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.translator import Translator
    from voicestream.protocol.messages import ToWorker, TranslationOptions
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment

    CheckedTranslate = Callable[[Translator, Sequence[str], tuple[str, str], TranslationOptions, Job], list[Made]]

_log = logging.getLogger(__name__)


class TranslationWorker(JobWorker):
    """Worker around one translator."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        self._name = assignment.engine
        self._connection = connection
        self._translator: Translator | None = None
        self._local: LocalFallback[Translator] = LocalFallback(lambda text: connection.send(EngineNotice(text=text)))
        self._ready: Ready | None = None
        """Last Ready message."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Load the engine."""
        notes: list[str] = []
        self._translator = engine_loading.load_translator(self._name, report, notes.append)
        _checked_translate(self._translator)  # imported here, so that the first sentence does not wait for it
        self._ready = Ready(engine=self._translator.name, device=self._translator.device, note="".join(notes))
        return self._ready

    def handle(self, message: ToWorker) -> None:
        """Process a message."""
        match message:
            case Translate():
                self._translate(message)
            case Cancel():
                self._connection.forget_cancelled(message.session, message.sentence)
                self._connection.send(Cancelled(session=message.session, sentence=message.sentence))
            case _:
                _log.warning("ignored a %s: not for translation", type(message).__name__)

    def close(self) -> None:
        """Close the engine."""
        if self._translator is not None:
            self._translator.close()
        self._local.close()

    def _translate(self, message: Translate) -> None:
        translator = self._translator
        assert translator is not None  # noqa: S101 - load() comes before the first handle()
        if languages.are_same(message.source, message.target) or translator.name == UNTRANSLATED:
            same = [Made(sentence.text) for sentence in message.sentences]
            self._send_results(message, same, message.source, UNTRANSLATED)
            return
        if not translator.supports(message.source, message.target):
            reason = f"{translator.name} does not translate from {message.source} to {message.target}"
            self._fail(message, f"{reason}\nTry: voicestream setup --to {message.target}", permanent=True)
            return
        try:
            results, engine = self._translated(translator, message)
        except CancelledError:
            if not self._connection.stopping.is_set():  # else it is no failure: another worker translates it
                self._fail(message, "cancelled", permanent=False)
        except VoicestreamError as error:
            _log.exception("batch=%d failed", message.batch)
            self._fail(message, error.for_people(), permanent=isinstance(error, UsageError | ConfigurationError))
        except (OSError, RuntimeError, ValueError) as error:
            # Errors of a library for one text; any other exception is a defect and ends the process.
            _log.exception("batch=%d failed", message.batch)
            self._fail(message, f"{type(error).__name__}: {error}", permanent=False)
        else:
            self._send_results(message, results, message.target, engine)
        self._report_device(translator)

    def _translated(self, translator: Translator, message: Translate) -> tuple[list[Made], str]:
        """Return translations and the engine that made them: a local one if the hosts of this one do not answer."""
        try:
            local_fallback.check(translator)
            results = self._translated_by(translator, message)
        except EngineUnavailableError as error:
            source, target = message.source, message.target
            pair = f"{source} {target}"
            local = self._local.take_over(pair, error, lambda: self._load_local(source, target))
            if local.name != UNTRANSLATED:
                return self._translated_by(local, message), local.name
            failure = f"{error}; no translator on this machine is ready"
            return [Made("", failure) for _ in message.sentences], local.name
        self._local.worked(translator)
        return results, translator.name

    def _translated_by(self, translator: Translator, message: Translate) -> list[Made]:
        texts = [sentence.text for sentence in message.sentences]
        job = Job(beams=message.options.beams, is_cancelled=lambda: self._is_cancelled(message))
        if (checked := _checked_translate(translator)) is not None:
            return checked(translator, texts, (message.source, message.target), message.options, job)
        return [Made(text) for text in translate_each(translator, texts, message.source, message.target, job)]

    def _load_local(self, source: str, target: str) -> Translator:
        def report(stage: str, progress: float | None) -> None:
            self._connection.send(Loading(stage=stage, progress=progress))

        return engine_loading.load_translator(AUTO, report, _log.info, (source, target))

    def _is_cancelled(self, message: Translate) -> bool:
        """Return whether the worker is stopping, or all sentences of the batch were cancelled."""
        return self._connection.stopping.is_set() or all(
            self._connection.is_cancelled(one.session, one.sentence) for one in message.sentences
        )

    def _report_device(self, translator: Translator) -> None:
        """Report a change of the device: an engine may have fallen back to another one when out of memory."""
        if self._ready is not None and self._ready.device != translator.device:
            self._ready = Ready(engine=translator.name, device=translator.device, note=self._ready.note)
            self._connection.send(self._ready)

    def _send_results(self, message: Translate, results: list[Made], language: str, engine: str) -> None:
        sentences = [
            TranslatedSentence(session=source.session, sentence=source.sentence, text=one.text, failure=one.failure)
            for source, one in zip(message.sentences, results, strict=True)
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


def _checked_translate(translator: Translator) -> CheckedTranslate | None:
    """Return checked translation for an engine that needs quality checks."""
    if not getattr(translator, "needs_checks", False):
        return None
    from voicestream.workers.translation import checked_batch

    return checked_batch.translate
