"""Pulling a model into a place, and looking at what is there of it then."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from helpers.models.tiny_nllb import NAME
from helpers.process.running import COMMAND
from voicestream.cli.commands.models import _state
from voicestream.models.model_store import ModelStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from helpers.process.running import Voicestream

WEIGHTS = "pytorch_model.bin"
ACCEPT = ("--accept-licence", "cc-by-nc-4.0")

BIG_BYTES = 12_500_000
"""Of weights that no engine can read: more than the piece in which huggingface_hub writes what it gets (10 MiB)."""

MORE_THAN_A_PIECE = 11_000_000
"""Bytes of them after which the hub stops."""


def models_of(place: Voicestream) -> Path:
    return place.home / "data" / "voicestream" / "models"


def parts_of(place: Voicestream) -> list[Path]:
    """What there is of the weights while they are being fetched."""
    return list((models_of(place) / ".unfinished").rglob(f"{WEIGHTS}.*"))


def has_begun(place: Voicestream) -> bool:
    return any(part.stat().st_size for part in parts_of(place))


def pull(place: Voicestream, *options: str, name: str = NAME) -> subprocess.CompletedProcess[str]:
    done = place.call("models", "pull", name, *ACCEPT, *options)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def state_of(place: Voicestream, name: str = NAME) -> str:
    """The state that ``models list`` shows, without the start of a process."""
    return _state(next((entry for entry in ModelStore(models_of(place)).entries() if entry.name == name), None))


def listed_state_of(place: Voicestream, name: str = NAME) -> str:
    """The state that ``models list --json`` prints."""
    listed = json.loads(place.call("models", "list", "--json").stdout)
    state: str = next(model["state"] for model in listed["models"] if model["name"] == name)
    return state


class Pulling:
    """A pull that is under way."""

    def __init__(self, place: Voicestream, name: str = NAME, under: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*under, *COMMAND, "models", "pull", name, *ACCEPT],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=place.environment,
            cwd=place.cwd,
            text=True,
            process_group=0,
        )

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
