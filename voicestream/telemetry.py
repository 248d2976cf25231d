"""Environment variables that keep libraries from sending telemetry and from looking things up on a network.

Libraries read them when they are imported, so a process has them before that. A value of the user's does not count:
these are promises.
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
"""For every process of ours."""

OFFLINE: Final[Mapping[str, str]] = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
"""For processes that run engines; only `setup` and `models pull` use a network."""


def switch_off() -> None:
    """In this process and its children: no telemetry."""
    os.environ.update(OFF)


def go_offline() -> None:
    """In this process and its children: no telemetry, and nothing is looked up on a hub."""
    os.environ.update({**OFF, **OFFLINE})
