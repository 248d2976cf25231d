"""Quality checks of translations that need no understanding of the text.

A model that translates makes mistakes of its own kind: it leaves out a number or a whole sentence, says one phrase
again and again, answers in another language, or hands back the original. Each file here knows one kind. Where a rule
cannot know, it says nothing: an alarm costs the listener the translation.
"""

from voicestream.workers.translation.quality.check_order import problem
from voicestream.workers.translation.quality.required_words import missing_words
from voicestream.workers.translation.quality.translatable import is_worth_translating

__all__ = ["is_worth_translating", "missing_words", "problem"]
