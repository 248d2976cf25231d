"""Import of msgspec without typing_extensions, a third of the time that msgspec takes to import."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final, cast

_UNUSED: Final = "typing_extensions"


def without_typing_extensions() -> None:
    """Import msgspec as where typing_extensions is not installed: with the same functions of ``typing``.

    Nothing happens if either is imported already. typing_extensions imports ``inspect``; 9 ms together.
    """
    if not {"msgspec", _UNUSED}.isdisjoint(sys.modules):
        return
    sys.modules[_UNUSED] = cast("Any", None)
    try:
        importlib.import_module("msgspec")
    finally:
        del sys.modules[_UNUSED]
