"""Keeps libraries that would look things up on a hub from doing so."""

from __future__ import annotations

import os
from typing import Final

_VARIABLES: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")


def go_offline() -> None:
    """From here on nothing goes out of this process, whatever a library thinks it should look up; before its import."""
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
