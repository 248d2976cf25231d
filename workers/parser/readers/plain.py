"""Plain text: every line is the agent's."""

from __future__ import annotations

import codecs

from voicestream.workers.parser.readers.reader import Reader, TextSink


class PlainReader(Reader):
    """Reads text; unlike the other readers it is given pieces of lines, as they come."""

    in_line: bool = False
    """The beginning of the current line was given out."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one whole line, or the rest of one."""
        sink.say(line.decode("utf-8", "replace") + "\n")
        self.in_line = False
        return True

    def read_part(self, part: bytes, sink: TextSink) -> int:
        """Read the beginning of a line, or the next piece of it; returns how many bytes of it are done with."""
        if not self.in_line and part.lstrip()[:1] in (b"", b"{"):
            return 0  # perhaps a line of an agent's stream: wait for its end
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(part)
        pending = len(decoder.getstate()[0])
        if text:
            self.in_line = True
            sink.say(text)
        return len(part) - pending

    def end(self, sink: TextSink) -> None:
        """The input is over."""
        self.in_line = False
        sink.end_turn()
