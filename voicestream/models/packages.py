"""The packages that fetching and converting need, which the base install lacks."""

from __future__ import annotations

import importlib.util
from typing import Final

from voicestream.errors import ConfigurationError

FETCHING: Final = ("huggingface_hub",)
INSTALL: Final = "pip install 'voicestream[translation]'"
"""What installs all of them."""

CONVERTING: Final = ("ctranslate2", "tokenizers", "torch", "transformers")


def check(*names: str) -> None:
    """Make sure that packages are installed, without importing them.

    Raises:
        ConfigurationError: some are not.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"this needs {', '.join(missing)}, not installed here", hint=f"Type: {INSTALL}")
