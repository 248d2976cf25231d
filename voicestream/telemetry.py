"""Environment variables that turn off telemetry and network look-ups of libraries.

Libraries read them when they are imported, so they are set before that. They override values of the user: users are
promised this.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

OFF: Final[Mapping[str, str]] = {
    # Respected by huggingface_hub and others.
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    # onnxruntime keeps an identifier in ~/.cache/Microsoft and sends events as soon as it is imported.
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # The trainer of coqui-tts, and what it may log to.
    "TRAINER_TELEMETRY": "0",
    "WANDB_MODE": "disabled",
    "COMET_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Variables of every process of ours."""

OFFLINE: Final[Mapping[str, str]] = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
"""Variables of processes that run engines; only `setup` and `models pull` use a network."""


def switch_off() -> None:
    """Turn off telemetry in this process and its children."""
    os.environ.update(OFF)


def go_offline() -> None:
    """Turn off telemetry and hub look-ups in this process and its children."""
    os.environ.update({**OFF, **OFFLINE})
