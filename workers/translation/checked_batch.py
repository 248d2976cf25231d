"""A batch on its way through a translator that may be wrong: prepared, translated, looked at, tried once more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from voicestream.engines.translator import Made, translate_each
from voicestream.workers.translation import quality
from voicestream.workers.translation.protection import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.translator import Job, Translator
    from voicestream.protocol.messages import TranslationOptions


def translate(
    translator: Translator, texts: Sequence[str], pair: tuple[str, str], options: TranslationOptions, job: Job
) -> list[Made]:
    """Translate sentences so that what comes back can be heard, or say why it cannot.

    Args:
        translator: the engine.
        texts: as for ``Translator.translate``.
        pair: BCP-47 tags of source and target.
        options: words to be protected.
        job: of the first try.

    Raises:
        CancelledError and others: as ``Translator.translate`` does.
    """
    source, target = pair
    made = [Made(text) for text in texts]
    open_ones = [index for index, text in enumerate(texts) if quality.is_worth_translating(text)]
    prepared = {index: prepare(texts[index], target, options.keep, options.glossary) for index in open_ones}
    for attempt in (job, replace(job, is_second_try=True)):
        if not open_ones:
            break
        asked_for = [prepared[index].text for index in open_ones]
        answers = translate_each(translator, asked_for, source, target, attempt)
        for index, answer in zip(open_ones, answers, strict=True):
            asked = prepared[index]
            problem = quality.problem(asked.text, answer, source, target, asked.words)
            made[index] = Made(answer, f"the translation was not usable: {problem}" if problem else "")
        open_ones = [index for index in open_ones if made[index].failure]
    return made
