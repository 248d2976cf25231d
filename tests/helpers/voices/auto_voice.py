"""The voice engine that ``auto`` chooses on a machine without models: in the package ``hibari-tts``, or built in.

Most tests name the built-in engine, by ``VOICESTREAM_TTS`` in the environment of a place, because it is loaded at once.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

PACKAGE: Final = "hibari"

NAME: Final = "espeak" if importlib.util.find_spec(PACKAGE) is None else "hibari"


def chooses(place: Voicestream) -> Voicestream:
    """Let voicestream choose the voice engine at this place."""
    place.environment.pop("VOICESTREAM_TTS", None)
    return place


def skip_unless_installed() -> None:
    """Skip the test where the package of the extra ``voice`` is missing."""
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip("hibari-tts not found: pip install 'voicestream[voice]'", allow_module_level=True)
