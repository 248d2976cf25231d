"""GPU option ``--gpu [ROLE=]N``, and its precedence over ``--compute``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from click.core import ParameterSource

from voicestream.config import gpu_selection
from voicestream.config.engine_settings import AUTO, check_compute

if TYPE_CHECKING:
    import click

    from voicestream.protocol.messages import EngineRole

_STRENGTH: Final = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
"""Sources by descending precedence; the user's file comes last."""


def devices(context: click.Context) -> tuple[str, dict[EngineRole, int]]:
    """Return the device of ``--compute``, and the GPUs of roles that have one of their own.

    If one option was typed and the other comes from the environment or the user's file, the typed one wins.

    Raises:
        UsageError: one of them is invalid, or they contradict each other.
    """
    compute = check_compute(str(context.params["compute"]))
    found = gpu_selection.parse(context.params["gpu"])
    if found and compute not in gpu_selection.ANY_GPU:
        by_compute, by_card = (_weakness(context, name) for name in ("compute", "gpu"))
        if by_compute < by_card:
            found = {}
        elif by_card < by_compute:
            compute = AUTO
    gpu_selection.check(compute, found)
    return compute, found


def _weakness(context: click.Context, name: str) -> int:
    source = context.get_parameter_source(name)
    return _STRENGTH.index(source) if source in _STRENGTH else len(_STRENGTH)
