"""What an engine should know before it loads: where models lie, which device computes, and how.

A worker gets it in its environment, so that an engine of anybody's can read it without being handed anything:
``EngineSettings.from_environment()``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from voicestream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS_VARIABLE: Final = "VOICESTREAM_MODELS"
"""A directory of models, or one model's directory."""

COMPUTE_VARIABLE: Final = "VOICESTREAM_COMPUTE"

GRAPHS_VARIABLE: Final = "VOICESTREAM_GRAPHS"

AUTO: Final = "auto"

UNTRANSLATED: Final = "none"
"""The translator that gives the words back as they are: on the command line and on the wire, no translation."""

_COMPUTE: Final = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


@dataclass(frozen=True)
class EngineSettings:
    """What the neural engines of a worker are loaded with; other engines ignore it."""

    models: str = ""
    """Absolute path of a directory of models, or of one model; empty = the user's own (``models.store``)."""
    compute: str = AUTO
    """``auto`` (the fastest device there is), ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    graphs: bool = True
    """Whether an NVIDIA GPU may record what it does again and again; it is slower without."""

    def environment(self) -> dict[str, str]:
        """What a worker finds in its environment, whatever stood there before."""
        return {
            COMPUTE_VARIABLE: self.compute,
            MODELS_VARIABLE: self.models,
            GRAPHS_VARIABLE: "1" if self.graphs else "0",
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """What a worker was started with.

        Raises:
            UsageError: somebody else has set a variable to what cannot be right.
        """
        compute = check_compute(environment.get(COMPUTE_VARIABLE) or AUTO)
        graphs = environment.get(GRAPHS_VARIABLE, "1") != "0"
        return cls(models=environment.get(MODELS_VARIABLE, ""), compute=compute, graphs=graphs)


def check_compute(compute: str) -> str:
    """The name of a device, or ``auto``, as it was typed.

    Raises:
        UsageError: it is none.
    """
    if _COMPUTE.fullmatch(compute) is None:
        raise UsageError(
            f"--compute {compute}: not known",
            hint="Try: --compute with one of: auto, cpu, cuda, cuda:1 (the second GPU), mps",
        )
    return compute
