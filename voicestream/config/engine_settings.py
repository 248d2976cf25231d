"""Engine settings before loading: directory of models, compute device and CUDA graphs.

A worker receives them in its environment, so that any engine can read them with ``EngineSettings.from_environment()``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, Self

from voicestream.errors import UsageError
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS_VARIABLE: Final = "VOICESTREAM_MODELS"
"""A directory of models, or one model's directory."""

COMPUTE_VARIABLE: Final = "VOICESTREAM_COMPUTE"

GRAPHS_VARIABLE: Final = "VOICESTREAM_GRAPHS"

STREAMS_VARIABLE: Final = "VOICESTREAM_STREAMS"

DIRECTION_VARIABLE: Final = "VOICESTREAM_DIRECTION"

REMOTE_VARIABLE: Final = "VOICESTREAM_REMOTE"
"""``protocol.messages.RemoteHosts`` as JSON."""

LOCAL_STREAMS: Final = 8
"""Sentences that a worker's engine computes at once on a GPU: the one that is heard, and those ahead."""

SERVER_STREAMS: Final = 512
"""The same for a server, which has the GPU for itself."""

AUTO: Final = "auto"

UNTRANSLATED: Final = "none"
"""The translator that returns the text unchanged: on the command line and on the wire, no translation."""

_COMPUTE: Final = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


class EngineSettings(FrozenRecord, frozen=True):
    """Settings of the neural engines of a worker; other engines ignore them."""

    models: str = ""
    """Absolute path of a directory of models, or of one model; empty = the user's (``models.model_store``)."""
    compute: str = AUTO
    """``auto`` (the fastest device there is), ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    graphs: bool = True
    """True: CUDA graphs may be captured; without them a GPU is slower."""
    streams: int = LOCAL_STREAMS
    """Most sentences that an engine with continuous batching computes at once on a GPU, as far as memory is free."""
    direction: str = ""
    """For ``auto``: ``en-pt`` if models of just that direction are installed. ``auto`` then considers translators whose
    models translate one direction only."""
    remote: str = ""
    """Hosts of an engine that sends text to hosts: ``protocol.messages.RemoteHosts`` as JSON. Empty = none."""

    def environment(self) -> dict[str, str]:
        """Return the environment variables for a worker, overriding inherited ones."""
        return {
            COMPUTE_VARIABLE: self.compute,
            MODELS_VARIABLE: self.models,
            GRAPHS_VARIABLE: "1" if self.graphs else "0",
            STREAMS_VARIABLE: str(self.streams),
            DIRECTION_VARIABLE: self.direction,
            REMOTE_VARIABLE: self.remote,
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings a worker was started with.

        Raises:
            UsageError: a variable has an invalid value.
        """
        compute = check_compute(environment.get(COMPUTE_VARIABLE) or AUTO)
        graphs = environment.get(GRAPHS_VARIABLE, "1") != "0"
        return cls(
            models=environment.get(MODELS_VARIABLE, ""),
            compute=compute,
            graphs=graphs,
            streams=_streams(environment.get(STREAMS_VARIABLE) or str(LOCAL_STREAMS)),
            direction=environment.get(DIRECTION_VARIABLE, ""),
            remote=environment.get(REMOTE_VARIABLE, ""),
        )


def _streams(value: str) -> int:
    """Validate a number of sentences, and return it.

    Raises:
        UsageError: it is not a number from 1 to ``SERVER_STREAMS``.
    """
    if not value.isdecimal() or not 1 <= int(value) <= SERVER_STREAMS:
        raise UsageError(
            f"{STREAMS_VARIABLE}={value}: not a number from 1 to {SERVER_STREAMS}",
            hint=f"Try: unset {STREAMS_VARIABLE}",
        )
    return int(value)


def check_compute(compute: str) -> str:
    """Validate the name of a device or ``auto``, and return it.

    Raises:
        UsageError: it is not a device.
    """
    if _COMPUTE.fullmatch(compute) is None:
        raise UsageError(
            f"--compute {compute}: not known",
            hint="Try: --compute with one of: auto, cpu, cuda, cuda:1 (the second GPU), mps",
        )
    return compute
