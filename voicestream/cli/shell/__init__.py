"""Shell completion and manual pages."""

from __future__ import annotations

from typing import Final

COMPLETE_VARIABLE: Final = "_VOICESTREAM_COMPLETE"
"""Environment variable by which a shell asks for completions."""
