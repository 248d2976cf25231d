"""The packages that fetching, converting and voice engines need, which the base install lacks."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from typing import Final

from voicestream.errors import ConfigurationError

FETCHING: Final = ("huggingface_hub",)

_CONSTRAINTS: Final = Path(__file__).parents[2] / "constraints.txt"
"""Of a checkout: names a torch without CUDA, which is gigabytes smaller."""

CONSTRAINT: Final = f" --constraint {shlex.quote(str(_CONSTRAINTS))}" if _CONSTRAINTS.exists() else ""
"""What stands behind a command that installs torch; nothing where there is no checkout."""

INSTALL: Final = f"pip install 'voicestream[translation]'{CONSTRAINT}"
"""What installs all of them."""

CONVERTING: Final = ("ctranslate2", "tokenizers", "torch", "transformers")

INSTALL_NEURAL: Final = f"pip install 'voicestream[neural]'{CONSTRAINT}"

SPEAKING: Final = {
    "xtts": (("TTS", "torch"), INSTALL_NEURAL),
    "kokoro": (("onnx", "onnxruntime"), "pip install 'voicestream[kokoro]'"),
}
"""What a voice engine cannot do without, and what installs it."""


def check(*names: str, install: str = INSTALL) -> None:
    """Make sure that packages are installed, without importing them.

    Args:
        names: of modules.
        install: the command that installs them.

    Raises:
        ConfigurationError: some are not.
    """
    missing = [name for name in names if not is_installed(name)]
    if missing:
        raise ConfigurationError(f"this needs {', '.join(missing)}, not installed here", hint=f"Try: {install}")


def is_installed(name: str) -> bool:
    """Whether there is a module of that name; it is not imported."""
    return importlib.util.find_spec(name) is not None


def can_speak(engine: str) -> bool:
    """Whether the packages of a voice engine are installed."""
    names, _ = SPEAKING[engine]
    return all(is_installed(name) for name in names)


def check_voice(engine: str) -> None:
    """Make sure that the packages of a voice engine are installed.

    Raises:
        ConfigurationError: some are not.
    """
    names, install = SPEAKING[engine]
    check(*names, install=install)
