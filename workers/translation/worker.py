"""The translation worker: translates batches of sentences."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.config import languages
from voicestream.config.engine_settings import AUTO, UNTRANSLATED
from voicestream.engines.translator import CancelledError, Job, Made, MixedTranslator, translate_pairs
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
    from collections.abc import Callable

    from voicestream.engines.translator import Translator
    from voicestream.protocol.messages import ToWorker, TranslationPart
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment

    CheckedTranslate = Callable[[Translator, list[TranslationPart], Job], list[Made]]

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
        waiting = [part for part in message.parts if not self._is_answered_at_once(translator, part)]
        for parts in _together(translator, waiting):
            self._translate_parts(translator, parts)
        self._report_device(translator)

    def _is_answered_at_once(self, translator: Translator, part: TranslationPart) -> bool:
        """Answer a part for which nothing has to be computed."""
        if languages.are_same(part.source, part.target) or translator.name == UNTRANSLATED:
            self._send_results(part, [Made(one.text) for one in part.sentences], part.source, UNTRANSLATED)
            return True
        if not translator.supports(part.source, part.target):
            reason = f"{translator.name} does not translate from {part.source} to {part.target}"
            self._fail(part, f"{reason}\nTry: voicestream setup --to {part.target}", permanent=True)
            return True
        return False

    def _translate_parts(self, translator: Translator, parts: list[TranslationPart]) -> None:
        """Translate parts in one call of the translator, and answer each of them."""
        numbers = ",".join(str(part.batch) for part in parts)
        try:
            results, engine = self._translated(translator, parts)
        except CancelledError:
            if not self._connection.stopping.is_set():  # else it is no failure: another worker translates it
                self._fail_all(parts, "cancelled", permanent=False)
        except VoicestreamError as error:
            _log.exception("batch=%s failed", numbers)
            self._fail_all(parts, error.for_people(), permanent=isinstance(error, UsageError | ConfigurationError))
        except (OSError, RuntimeError, ValueError) as error:
            # Errors of a library for one text; any other exception is a defect and ends the process.
            _log.exception("batch=%s failed", numbers)
            self._fail_all(parts, f"{type(error).__name__}: {error}", permanent=False)
        else:
            for part in parts:
                self._send_results(part, results[: len(part.sentences)], part.target, engine)
                del results[: len(part.sentences)]

    def _translated(self, translator: Translator, parts: list[TranslationPart]) -> tuple[list[Made], str]:
        """Return translations and the engine that made them: a local one if the hosts of this one do not answer."""
        try:
            local_fallback.check(translator)
            results = self._translated_by(translator, parts)
        except EngineUnavailableError as error:
            (part,) = parts  # a translator on hosts takes one pair at a time
            source, target = part.source, part.target
            pair = f"{source} {target}"
            local = self._local.take_over(pair, error, lambda: self._load_local(source, target))
            if local.name != UNTRANSLATED:
                return self._translated_by(local, parts), local.name
            failure = f"{error}; no translator on this machine is ready"
            return [Made("", failure) for _ in part.sentences], local.name
        self._local.worked(translator)
        return results, translator.name

    def _translated_by(self, translator: Translator, parts: list[TranslationPart]) -> list[Made]:
        job = Job(beams=parts[0].options.beams, is_cancelled=lambda: self._is_cancelled(parts))
        if (checked := _checked_translate(translator)) is not None:
            return checked(translator, parts, job)
        texts = [one.text for part in parts for one in part.sentences]
        pairs = [(part.source, part.target) for part in parts for _ in part.sentences]
        return [Made(text) for text in translate_pairs(translator, texts, pairs, job)]

    def _load_local(self, source: str, target: str) -> Translator:
        def report(stage: str, progress: float | None) -> None:
            self._connection.send(Loading(stage=stage, progress=progress))

        return engine_loading.load_translator(AUTO, report, _log.info, (source, target))

    def _is_cancelled(self, parts: list[TranslationPart]) -> bool:
        """Return whether the worker is stopping, or all sentences of the parts were cancelled."""
        return self._connection.stopping.is_set() or all(
            self._connection.is_cancelled(one.session, one.sentence) for part in parts for one in part.sentences
        )

    def _report_device(self, translator: Translator) -> None:
        """Report a change of the device: an engine may have fallen back to another one when out of memory."""
        if self._ready is not None and self._ready.device != translator.device:
            self._ready = Ready(engine=translator.name, device=translator.device, note=self._ready.note)
            self._connection.send(self._ready)

    def _send_results(self, part: TranslationPart, results: list[Made], language: str, engine: str) -> None:
        sentences = [
            TranslatedSentence(session=source.session, sentence=source.sentence, text=one.text, failure=one.failure)
            for source, one in zip(part.sentences, results, strict=True)
        ]
        self._connection.send(Translated(batch=part.batch, language=language, engine=engine, sentences=sentences))

    def _fail_all(self, parts: list[TranslationPart], reason: str, *, permanent: bool) -> None:
        for part in parts:
            self._fail(part, reason, permanent=permanent)

    def _fail(self, part: TranslationPart, reason: str, *, permanent: bool) -> None:
        first = part.sentences[0]
        self._connection.send(
            WorkFailed(
                session=first.session,
                sentence=first.sentence,
                attempt=part.batch,
                reason=reason,
                permanent=permanent,
            )
        )


def _together(translator: Translator, parts: list[TranslationPart]) -> list[list[TranslationPart]]:
    """Return the parts that are translated in one call: those with equal beams, if the translator can; else each."""
    if not isinstance(translator, MixedTranslator):
        return [[part] for part in parts]
    by_beams: dict[int, list[TranslationPart]] = {}
    for part in parts:
        by_beams.setdefault(part.options.beams, []).append(part)
    return list(by_beams.values())


def _checked_translate(translator: Translator) -> CheckedTranslate | None:
    """Return checked translation of parts for an engine that needs quality checks."""
    if not getattr(translator, "needs_checks", False):
        return None
    from voicestream.workers.translation.checked_batch import Source, translate

    def checked(translator: Translator, parts: list[TranslationPart], job: Job) -> list[Made]:
        sources = [
            Source(one.text, (part.source, part.target), part.options) for part in parts for one in part.sentences
        ]
        return translate(translator, sources, job)

    return checked
