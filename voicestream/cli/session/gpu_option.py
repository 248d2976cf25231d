"""``--gpu [ROLE=]N``, and what it means beside ``--compute``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from click.core import ParameterSource

from voicestream.config import gpu_selection
from voicestream.config.engine_settings import AUTO, check_compute

if TYPE_CHECKING:
    import click

    from voicestream.protocol.messages import EngineRole

_STRENGTH: Final = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
"""Whose word is stronger; what is in the user's file comes behind."""


def devices(context: click.Context) -> tuple[str, dict[EngineRole, int]]:
    """What ``--compute`` and ``--gpu`` of a command come to: a device, and cards of roles that have one of their own.

    Where one was typed and the other is in the environment or the user's file, the one that was typed holds.

    Raises:
        UsageError: one of them cannot be right, or they contradict each other.
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
