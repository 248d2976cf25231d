"""Message assembler, the sink of the readers: takes an agent's words message by message and gives out sentences.

A reader says what it reads as it comes (``say``), when a message is over (``close``) and what it knows about the turn.
Everything that decides what is given out next is in ``AssemblerState``.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.workers.parser.markdown.blocks import Blocks
from voicestream.workers.parser.markdown.code_languages import code_name
from voicestream.workers.parser.markdown.elements import CodeBlock, Element, Lost, Row, Sentence
from voicestream.workers.parser.markdown.lines.line_ends import is_one_line
from voicestream.workers.parser.markdown.tables import say_row
from voicestream.workers.parser.results import Found, Notice
from voicestream.workers.parser.sentences.boundary import LONGEST_SENTENCE
from voicestream.workers.parser.wording import cleanup, errors
from voicestream.workers.parser.wording.language import detect
from voicestream.workers.parser.wording.phrases import announcement, phrases
from voicestream.workers.parser.wording.replacements import replacer
from voicestream.workers.parser.wording.sanitize import sanitize
from voicestream.workers.parser.wording.secrets import NAME_ENDS, names_a_secret, redact, redact_value
from voicestream.workers.parser.wording.sentence import fragment_to_speech, to_speech
from voicestream.workers.text.clauses import divide

if TYPE_CHECKING:
    from voicestream.protocol.messages import ParserOptions, SentenceKind

_ERRORS_REMEMBERED: Final = 8
"""Agents report one error two or three times, a retry loop a few in turns."""
_LONGEST_ERROR: Final = 300
"""Characters; behind it are stack traces and request bodies."""
_LONGEST_RAW_ERROR: Final = 8 * _LONGEST_ERROR
"""Characters of an error that are searched for secrets."""
_MOST_COMPARED: Final = 64
"""Sentences of a message that an agent may write anew."""
_LONGEST_NOTICE: Final = 500
"""Characters."""
LONGEST_FINAL_MESSAGE: Final = 64 * 1024
"""Characters of a message that wait until it is known to be the last (``only = final``): more than an hour of speech.
The rest is left out, and reported."""


class AssemblerState(msgspec.Struct):
    """State of the assembler of a session."""

    found: int = 0
    messages: int = 0
    """Messages that are over and had something to say; also the ordinal of the open one."""
    is_open: bool = False
    voiced: bool = False
    """The open message has given out a sentence."""
    blocks: Blocks = msgspec.field(default_factory=Blocks)
    held: str = ""
    """Beginning of a terminal code."""
    emphasis: bool = False
    paragraph: bool = False
    """A paragraph began with a sentence of which nothing was left."""
    names_secret: bool = False
    """The last sentence ended with the name of a secret and a colon."""
    language: str = ""
    spoke: bool = False
    """The agent has said something in this turn."""
    given: list[int] = []
    """Checksums of the first sentences of the message that was opened last."""
    repeated: list[int] = []
    """Checksums of the sentences with which the next message may begin, because the agent writes it anew."""
    waiting: str = ""
    """With ``only = final``: the last message, until it is known to be the last."""
    left_out: int = 0
    """Characters of it for which there was no room."""
    errors: list[str] = []
    """Announced since the agent last said something."""


class MessageAssembler:
    """The assembler of one session."""

    def __init__(self, options: ParserOptions, state: AssemblerState | None = None) -> None:
        self.out: list[Found | Notice] = []
        self._options = options
        if state is None:
            state = AssemblerState(blocks=self._blocks(options.language), language=options.language)
        self.state = state
        self._final_only = options.only == "final"
        self._replace = replacer(options.replacements)
        self._elements: list[Element] = []

    # --- what readers call -------------------------------------------------------------------------------------------

    @property
    def spoke(self) -> bool:
        """True if the agent has said something in this turn."""
        return self.state.spoke

    def say(self, text: str) -> None:
        """The next words of the open message; opens one when none is."""
        if not text:
            return
        state = self.state
        if not state.is_open:
            self._open()
        if self._final_only:
            room = LONGEST_FINAL_MESSAGE - len(state.waiting)
            state.waiting += text[:room]
            state.left_out += max(0, len(text) - room)
            return
        if state.held or not text.isprintable() or not text.isascii():
            text, state.held = sanitize(state.held, text)
        state.blocks.feed(text, self._elements)
        if self._elements:
            self._voice()

    def close(self, *, truncated: bool = False) -> None:
        """The open message is over; ``truncated``: perhaps in mid-sentence."""
        state = self.state
        if not state.is_open:
            return
        state.is_open = False
        if not self._final_only:
            self._end_message(truncated=truncated)

    def say_message(self, text: str, *, truncated: bool = False) -> None:
        """A whole message."""
        if self.state.is_open:
            self.close()
        if truncated or self._final_only or not is_one_line(text):
            self.say(text)
            self.close(truncated=truncated)
            return
        self._open()
        self.state.is_open = False
        self.state.blocks.one_line(text, self._elements)
        self._voice()
        self._reset()

    def discard(self) -> None:
        """The agent gave the open message up and will write it anew: what was not given out yet is forgotten.

        Sentences that were given out are not given out again, when the new message begins with them.
        """
        state = self.state
        self._forget()
        if state.is_open:
            state.is_open = False
            state.given, state.repeated = [], state.given
            self._reset()

    def interim(self) -> None:
        """The last message is known not to be the turn's final one."""
        self.close()
        self._forget()

    def end_turn(self) -> None:
        """The agent has finished a turn."""
        state = self.state
        self.close()
        if state.waiting:
            text, left_out = state.waiting, state.left_out
            self._forget()
            self._feed(text)
            self._end_message()
            if left_out:
                self.lost(f"the last message is too long: its last {left_out} characters were left out")
        state.spoke = False
        state.repeated = []

    def error(self, text: str) -> None:
        """The agent reports that it could not go on; announced once, however often it is reported.

        The counter of a retry is no failure: it is a notice. An open message was broken off by the error.
        """
        state = self.state
        if errors.is_retry(text):
            self.notice("the agent tries again: " + text)
            return
        self.close(truncated=True)
        state.repeated = []
        words = phrases(self._options.language)
        text = errors.readable(redact(text[:_LONGEST_RAW_ERROR], words.withheld))
        text = fragment_to_speech(text, words)[0]
        if len(text) > _LONGEST_ERROR:
            text = text[:_LONGEST_ERROR].rpartition(" ")[0] + " …"
        if not cleanup.has_words(text) or text in state.errors:
            return
        state.errors = [*state.errors[1 - _ERRORS_REMEMBERED :], text]
        self._give(cleanup.close(words.error.format(text)), self._options.language, kind="agent_error", closes=True)
        state.messages += 1

    def notice(self, text: str) -> None:
        """Something for the terminal."""
        self.out.append(Notice(redact(text[:_LONGEST_NOTICE], "***")))

    def lost(self, reason: str) -> None:
        """Words of the agent were left out."""
        self.out.append(Notice(reason, lost=True))

    def give_up(self, reason: str) -> AssemblerState:
        """Forget all that is open, and tell so; returns the new state."""
        old = self.state
        messages = old.messages + (old.is_open and old.voiced)
        self.state = AssemblerState(
            found=old.found,
            messages=messages,
            blocks=self._blocks(self._options.language),
            language=self._options.language,
            spoke=old.spoke,
        )
        self._elements = []
        self.lost(f"{reason}: the open message was left out from here on")
        return self.state

    # --- what the pipeline calls -------------------------------------------------------------------------------------

    def pause(self, *, sure: bool, over: bool) -> None:
        """Nothing came for a while (see ``Blocks.pause``)."""
        if self.state.is_open and not self._final_only:
            self.state.blocks.pause(self._elements, sure=sure, over=over)
            self._voice()

    @property
    def open_message(self) -> int | None:
        """Ordinal of the message that is still being written."""
        return self.state.messages if self.state.is_open and not self._final_only else None

    # --- inside ------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        state = self.state
        state.is_open = True
        state.spoke = True
        self._forget()
        if state.errors:
            state.errors = []
        if state.given:
            state.given = []

    def _forget(self) -> None:
        """Forget the message that waits."""
        self.state.waiting = ""
        self.state.left_out = 0

    def _reset(self) -> None:
        state = self.state
        state.is_open = False
        if state.voiced:
            state.messages += 1
        state.voiced = state.emphasis = state.paragraph = state.names_secret = False
        state.held = ""
        state.blocks = self._blocks(state.language)

    def _blocks(self, language: str) -> Blocks:
        return Blocks(language=language, default=self._options.language)

    def _feed(self, text: str) -> None:
        state = self.state
        if state.held or not text.isprintable() or not text.isascii():
            text, state.held = sanitize(state.held, text)
        state.blocks.feed(text, self._elements)
        if self._elements:
            self._voice()

    def _end_message(self, *, truncated: bool = False) -> None:
        state = self.state
        if state.held:
            state.blocks.feed(sanitize(state.held, "", final=True)[0], self._elements)
        state.blocks.end(self._elements, truncated=truncated)
        self._voice()
        self._reset()

    def _voice(self) -> None:
        """Turn the elements that the blocks gave out into sentences."""
        elements, self._elements = self._elements, []
        for element in elements:
            if isinstance(element, Sentence):
                self._give_sentence(element)
            elif isinstance(element, Row):
                language = detect(" ".join(element.cells), self.state.language, default=self._options.language)
                text = say_row(element.header, element.cells, phrases(language))
                self._give(text, language, paragraph=element.paragraph)
            elif isinstance(element, Lost):
                self.lost(element.reason)
            elif self._options.code == "announce" and element.lines:
                self._give_code(element)

    def _give_sentence(self, element: Sentence) -> None:
        state = self.state
        raw = element.text
        if state.names_secret:
            raw = redact_value(raw, phrases(element.language).withheld)
            state.names_secret = False
        if raw[-1] in NAME_ENDS:
            state.names_secret = names_a_secret(raw)
        text, state.emphasis = to_speech(raw, element.language, is_open=state.emphasis and not element.opens)
        if text and (element.box or element.number):
            words = phrases(element.language)
            if element.box:
                text = f"{words.to_do if element.box == ' ' else words.done}{words.colon}{text}"
            if element.number:
                text = f"{element.number}: {text}"
        self._give(text, element.language, paragraph=element.paragraph, closes=element.closes)

    def _give_code(self, element: CodeBlock) -> None:
        words = phrases(self.state.language)
        text = announcement(words, element.lines, code_name(element.name) or words.code)
        self._give(text, self.state.language, closes=True)

    def _is_repeated(self, text: str) -> bool:
        """Return whether a sentence was given out of the message that is being written anew; note it."""
        state = self.state
        checksum = zlib.crc32(text.encode("utf-8", "replace"))
        if len(state.given) < _MOST_COMPARED:
            state.given.append(checksum)
        if not state.repeated:
            return False
        if state.repeated[0] == checksum:
            del state.repeated[0]
            return True
        state.repeated = []
        return False

    def _give(
        self, text: str, language: str, *, kind: SentenceKind = "speech", paragraph: bool = False, closes: bool = False
    ) -> None:
        state = self.state
        if kind == "speech":
            paragraph = paragraph or state.paragraph
            state.paragraph = paragraph and not text
        if text and self._replace is not None:
            text = self._replace(text)
        if not text or ((state.is_open or state.repeated) and kind == "speech" and self._is_repeated(text)):
            return
        limit = min(self._options.max_characters or LONGEST_SENTENCE, LONGEST_SENTENCE)
        state.voiced = state.voiced or kind == "speech"
        state.language = language
        parts = divide(text, limit) if limit < len(text) else (text,)
        for number, part in enumerate(parts, start=1):
            ends = closes and number == len(parts)
            self.out.append(Found(state.found, state.messages, part, language, kind, paragraph, ends))
            state.found += 1
            paragraph = False
