"""Emoji as character classes of regular expressions, by what they do to a sentence."""

from __future__ import annotations

from typing import Final

EMOJI: Final = (
    "\u200d\ufe0e\ufe0f\u20e3\u231a\u231b\u23e9-\u23fa\u25aa-\u25fe\u2600-\u2775\u2794-\u27bf\u2b00-\u2bff"
    "\U0001f004\U0001f0cf\U0001f18e\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
)
"""Emoji and other pictures, with the marks that join them."""

MEANINGFUL: Final = "\u274c\u2717\u2718\u274e\u2716\u26a0"
"""Crosses and the warning sign, which change what the words behind them mean."""

FEELINGS: Final = (
    "\u2705\u2728\u2764\u2b50\U0001f31f\U0001f389\U0001f38a\U0001f44a-\U0001f44f\U0001f4aa\U0001f4af\U0001f525"
    "\U0001f600-\U0001f64f\U0001f680\U0001f90c-\U0001f92f\U0001f970-\U0001f97a\U0001fae0-\U0001faf8" + MEANINGFUL
)
"""Emoji that stand at the end of a clause, where Chinese and Japanese leave out the stop;
pictures of things are words."""

BOXES: Final = "\u2500-\u257f"
"""Box drawing."""
