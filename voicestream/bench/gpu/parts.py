"""Each part of the measuring, done in a process of its own: its memory is that part's alone, and all of it ends with it.

    python -P -m voicestream.bench.gpu.parts ORDER

The order is JSON, and so is what is printed at the end.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from voicestream import lifeline
from voicestream.bench.figures import Figure
from voicestream.bench.gpu.sizes import NllbSize, Sizes, XttsSize
from voicestream.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.errors import EXIT_CONFIGURATION, ConfigurationError, VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PARTS: Final = {
    "facts": "facts",
    "make nllb": "models",
    "make xtts": "models",
    "nllb": "nllb",
    "transformers": "transformers_own",
    "xtts": "xtts",
    "coqui": "coqui_own",
    "sharing": "sharing",
}
"""Name of a part: the module beside this one whose ``measure`` does it."""


@dataclass(frozen=True)
class Order:
    """What a part is to do."""

    part: str
    """One of ``PARTS``."""
    models: str
    """Directory with both models, or where they are to be."""
    sizes: Sizes
    """Of the models."""
    compute: str
    """As after ``--compute``."""
    runs: int
    """How often each thing is done."""
    with_profile: bool = False
    """Whether to look also where the time of a sentence goes."""
    used_bytes: int | None = None
    """Of the GPU's memory before the part began; None: nobody knows."""


@dataclass(frozen=True)
class Found:
    """What a part has found."""

    figures: tuple[Figure, ...] = ()
    facts: dict[str, str] = field(default_factory=dict[str, str])
    """What is to be said besides, by name."""
    answers: dict[str, list[list[int]]] = field(default_factory=dict[str, list[list[int]]])
    """Tokens, by the name of the figure that says how long they took."""


def do(order: Order, environment: Mapping[str, str]) -> Found:
    """Have a part done, in a process that ends with this one.

    Args:
        order: what is to be done.
        environment: of the process, but for the settings of engines.

    Raises:
        ConfigurationError: something has to be changed before.
        VoicestreamError: it could not be done.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", __name__, str(os.getpid()), json.dumps(asdict(order))],
        env={**environment, MODELS_VARIABLE: order.models, COMPUTE_VARIABLE: order.compute, "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise VoicestreamError(f"{order.part} ended with exit code {done.returncode}: {last[0]}")
    return _read(json.loads(done.stdout.splitlines()[-1]))


def _read(found: dict[str, Any]) -> Found:
    if "error" in found:
        kind = ConfigurationError if found["code"] == EXIT_CONFIGURATION else VoicestreamError
        raise kind(found["error"], hint=found["hint"])
    figures = tuple(Figure(**{**figure, "samples": tuple(figure["samples"])}) for figure in found["figures"])
    return Found(figures, found["facts"], found["answers"])


def _order(text: str) -> Order:
    fields = json.loads(text)
    sizes = fields["sizes"]
    sizes = {**sizes, "nllb": NllbSize(**sizes["nllb"]), "xtts": XttsSize(**sizes["xtts"])}
    return Order(**{**fields, "sizes": Sizes(**sizes)})


def main() -> int:
    """Do the part that was ordered."""
    lifeline.die_with(int(sys.argv[1]))
    order = _order(sys.argv[2])
    measure: Callable[[Order], Found] = importlib.import_module(f"{__package__}.{PARTS[order.part]}").measure
    # Libraries print where the result belongs.
    result = os.dup(1)
    os.dup2(2, 1)
    try:
        found = asdict(measure(order))
    except VoicestreamError as error:
        found = {"error": str(error), "hint": error.hint, "code": error.exit_code}
    with os.fdopen(result, "w", encoding="utf-8") as out:
        out.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
