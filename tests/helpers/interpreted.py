"""Our kernels where there is no GPU: Triton has an interpreter, which runs them on a processor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pytest

from helpers.neural import skip_unless_installed

if TYPE_CHECKING:
    from voicestream.workers.inference.kernel_launches import Gpu

H100, RTX_4090 = 227 << 10, 99 << 10
"""Bytes that a program can share."""

_VARIABLE: Final = "TRITON_INTERPRET"


def skip_unless_interpreted() -> None:
    """Skip the file where there is no Triton; where there is one, all kernels are interpreted in this process.

    Triton asks for its variable when it is imported, and again for each kernel. Later coqui imports it, so files call
    this while they are collected.
    """
    skip_unless_installed(("torch", "transformers", "triton"))
    if "triton" not in sys.modules:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(_VARIABLE, "1")
            import voicestream.workers.inference.kernels.attention
            import voicestream.workers.inference.kernels.block_top_k
            import voicestream.workers.inference.kernels.embedding
            import voicestream.workers.inference.kernels.linear  # noqa: F401
    import triton

    if isinstance(triton.language.sum, triton.JITFunction):
        pytest.fail(f"triton was imported before this file: run it alone, or with {_VARIABLE}=1", pytrace=False)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    """The processor, as the device that kernels run on; ``skip_unless_interpreted`` comes first."""
    from voicestream.workers.inference.kernel_launches import Gpu

    # Triton asks for it at launches, too. The processes that other tests start are to know nothing of it.
    monkeypatch.setenv(_VARIABLE, "1")
    return Gpu(has_pdl=False, shared_memory=H100)
