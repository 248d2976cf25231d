"""Return of freed heap memory to the operating system (``malloc_trim``)."""

from __future__ import annotations

import ctypes


def trim() -> None:
    """Return free heap memory to the operating system: after a model was loaded, up to as much as the model takes.

    Only glibc retains that much and has this function; with other C libraries nothing is done.
    """
    function = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if function is not None:
        function(0)
