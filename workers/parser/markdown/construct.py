"""The base class of constructs, and the results of reading one line of a construct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from voicestream.workers.parser.markdown.elements import Element

MORE: Final = -1
"""The line so far does not tell what it is."""
LINE_DONE: Final = -2
"""The line was dealt with."""
SKIP: Final = -3
"""Whatever else the line holds is not spoken."""
AGAIN: Final = -4
"""The line up to index ``AGAIN - result`` is done with; the rest is looked at as if a line began there."""
OVER: Final = 0
"""The construct ended before this line."""


class Construct(msgspec.Struct, tag=True):
    """Base of all constructs."""

    over: bool = False
    """It has ended."""
    released: str = ""
    """A line that turned out to be text after all."""
    reread: str = ""
    """Lines that turned out to be none of this construct, to be read as if they came now."""

    def read(self, line: str, out: list[Element], *, complete: bool, is_cut: bool) -> int:
        """Read a line: one of the constants above.

        Args:
            line: The line so far, without its end.
            out: Takes what is to be spoken.
            complete: It is the whole line, or all of it that is read at once.
            is_cut: The line goes on behind ``line``, which is as long as a line may be.
        """
        raise NotImplementedError

    def close(self, out: list[Element]) -> None:
        """It has ended, or the message inside it."""
