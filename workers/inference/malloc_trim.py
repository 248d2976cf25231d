"""Gives memory back to the system that the process has freed."""

from __future__ import annotations

import ctypes


def trim() -> None:
    """Give back what the C library has kept of it: after a model was made, up to as much as the model takes itself.

    Only glibc keeps that much, and only it has this function; elsewhere there is nothing to do.
    """
    function = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if function is not None:
        function(0)
