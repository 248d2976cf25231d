"""Compiles the kernels as they are launched for the real models, for GPUs that need not be there: a program.

It takes the capability of each GPU (90 for an H100) and the bytes that a program on it can share, and prints for each
kernel how many it needs. The interpreter knows nothing of these, nor of types, nor of how kernels are chained. A kernel
that needs little on the first GPU is not compiled for the others.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from voicestream.workers.engines.nllb.decoder import buckets as shapes
from voicestream.workers.engines.nllb.decoder import top_k as shortlist
from voicestream.workers.engines.nllb.decoder.output_tokens import OutputTokens
from voicestream.workers.engines.nllb.search import Search
from voicestream.workers.engines.xtts.vocoder import kernels as vocoder
from voicestream.workers.engines.xtts.vocoder.fused import ConvolutionGroup
from voicestream.workers.engines.xtts.vocoder.kernel_launches import TritonKernels
from voicestream.workers.inference import attention as seeing
from voicestream.workers.inference import embedding
from voicestream.workers.inference import fused_step as fused
from voicestream.workers.inference import kernel_launches as launches
from voicestream.workers.inference.kernels import attention, linear
from voicestream.workers.inference.kernels import block_top_k as statistics
from voicestream.workers.inference.kernels import embedding as embedding_kernels
from voicestream.workers.inference.kernels import slots as slot_kernels
from voicestream.workers.inference.layers import Activation, Linear, Norm
from voicestream.workers.inference.slots import launches as slot_launches
from voicestream.workers.inference.slots.sizes import PAGE
from voicestream.workers.inference.slots.stream import SlotStream

if TYPE_CHECKING:
    from collections.abc import Callable

HOPPER = 90
HALF, FULL = torch.float16, torch.float32
TYPES = {
    HALF: "*fp16",
    FULL: "*fp32",
    torch.int8: "*i8",
    torch.int32: "*i32",
    torch.int64: "*i64",
    torch.bool: "*i1",
}
ALIGNED = 16


LITTLE = 16 << 10
"""Bytes that a program can share on any GPU."""


class Launch(NamedTuple):
    """Types, constants and settings of a kernel launch, which the compiler gets."""

    kernel: Any
    types: dict[str, str]
    """Of the arguments, "constexpr" for constants."""
    constants: dict[str, Any]
    aligned: frozenset[int]
    """Places of the arguments that Triton would see as multiples of 16."""
    settings: dict[str, Any]

    def covers(self, other: Launch) -> bool:
        """Return whether another launch of the kernel has the same types and flags and no larger size."""
        if (self.kernel, self.types, self.aligned) != (other.kernel, other.types, other.aligned):
            return False
        own, others = (launch.constants | launch.settings for launch in (self, other))
        return all(
            own[name] == value if isinstance(value, bool) else own[name] >= value for name, value in others.items()
        )

    def compiled_for(self, capability: int) -> int:
        """Compile; return the bytes that a program shares."""
        source = ASTSource(
            self.kernel,
            self.types,
            self.constants,
            {(place,): [["tt.divisibility", ALIGNED]] for place in self.aligned},
        )
        made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=self.settings)
        return int(made.metadata.shared)


class Recorded:
    """Stands in for a kernel: its launches are written down."""

    def __init__(self, kernel: Any, launches: list[Launch]) -> None:  # noqa: ANN401 - of Triton
        self.kernel, self._launches = kernel, launches

    def __getitem__(self, _grid: tuple[int, ...]) -> Callable[..., None]:
        return self._launch

    def _launch(self, *args: object, **settings: object) -> None:
        values = dict(zip(self.kernel.arg_names, args, strict=False))
        values |= {name: settings.pop(name) for name in self.kernel.arg_names if name in settings}
        fixed = {parameter.name for parameter in self.kernel.params if parameter.is_constexpr}
        types = {name: "constexpr" if name in fixed else type_of(value) for name, value in values.items()}
        aligned = (
            place for place, (name, value) in enumerate(values.items()) if name not in fixed and is_aligned(value)
        )
        constants = {name: values[name] for name in fixed}
        self._launches.append(Launch(self.kernel, types, constants, frozenset(aligned), settings))


def type_of(value: object) -> str:
    """What Triton calls it."""
    if isinstance(value, torch.Tensor):
        return TYPES[value.dtype]
    return "i32" if isinstance(value, int) else "fp32"


def is_aligned(value: object) -> bool:
    """Whether Triton would see that it is."""
    return isinstance(value, torch.Tensor) or (isinstance(value, int) and value % ALIGNED == 0)


def tensor(*sizes: int, numbers: torch.dtype = HALF) -> torch.Tensor:
    """With nothing in it."""
    return torch.empty(*sizes, dtype=numbers, device="meta")


def layer(width_in: int, width_out: int) -> Linear:
    """Into which a norm was folded."""
    return Linear(tensor(width_out, width_in), tensor(width_out), tensor(width_out, numbers=FULL))


def step(gpu: launches.Gpu, signal: torch.Tensor, activation: Activation) -> None:
    """All that the matrices of a layer need."""
    width = signal.shape[1]
    norm = Norm(tensor(width), tensor(width), 1e-5)
    stream = fused.residual_stream(gpu, signal)
    stream.add(layer(width, width), tensor(len(signal), width))
    stream.add(layer(4 * width, width), stream.norm_linear(norm, layer(width, 4 * width), activation))
    stream.final_norm(norm)


def vocode(gpu: launches.Gpu, rows: int) -> None:
    """A kernel of each kind, of the convolutions those that need the most memory."""
    kernels = TritonKernels(gpu)
    kernels.interpolate(tensor(rows, 64, 34, numbers=FULL), tensor(rows, 34, 1024, numbers=FULL), HALF)
    signals = tensor(3, rows, 8192, 64)
    kernels.convolve(signals, ConvolutionGroup(tensor(21, 64, 64), (11, 7, 3)), tensor(1, 3, 64), 0.1, signals)
    kernels.convolve(signals, ConvolutionGroup(tensor(3, 64, 64), (3,)), tensor(rows, 1, 32), 0.1)
    kernels.finish(tensor(3, rows, 16384, 32), tensor(7, 32), 0.01)


def slot_step(gpu: launches.Gpu, rows: int) -> None:
    """Kernels of a batched decoder step of XTTS, without sampling."""
    slots = 513
    cache = slot_launches.SlotCache(
        tensor(1000, 30, 2, 16, PAGE, 64),
        tensor(slots, 9, numbers=torch.int32),
        *(tensor(slots, numbers=torch.int64) for _ in range(3)),
    )
    chosen = tensor(rows, numbers=torch.int64)
    tables = tensor(1026, 1024, numbers=FULL), tensor(608, 1024, numbers=FULL)
    signal = slot_launches.embed_slots(cache, chosen, *tables, position_offset=1)
    norm = Norm(tensor(1024), tensor(1024), 1e-5)
    stream = SlotStream(gpu, signal, weight_bytes=2)
    qkv = stream.norm_linear(norm, layer(1024, 3072))
    stream.add(layer(1024, 1024), slot_launches.paged_attention(gpu, cache, 1, chosen, qkv))
    stream.add(layer(4096, 1024), stream.norm_linear(norm, layer(1024, 4096), Activation.GELU))
    stream.final_norm(norm)


def launches_on(capability: int, memory: int) -> list[Launch]:
    """Return the launches of the decoding steps of both models, and of the vocoder."""
    found: list[Launch] = []
    for module, names in (
        (linear, ("gemv", "small_m_linear", "large_m_linear", "add_layer_norm")),
        (attention, ("self_attention", "cross_attention")),
        (embedding_kernels, ("embed",)),
        (slot_kernels, ("embed_slots", "paged_self_attention", "narrow_linear")),
        (statistics, ("block_max_and_sum", "greedy_step")),
        (vocoder, ("interpolate", "convolve", "finish")),
    ):
        for name in names:
            kernel = getattr(module, name)
            setattr(module, name, Recorded(kernel.kernel if isinstance(kernel, Recorded) else kernel, found))
    gpu = launches.Gpu(has_pdl=capability >= HOPPER, shared_memory=memory)
    position = tensor(1, numbers=torch.int64)
    # XTTS.
    embedding.embed(
        position, position, tensor(1026, 1024, numbers=FULL), tensor(608, 1024, numbers=FULL), position_offset=1
    )
    step(gpu, tensor(1, 1024, numbers=FULL), Activation.GELU)
    seeing.self_attention(gpu, tensor(1, 3072), tensor(2, 1, 16, 1043, 64), position, tile=seeing.LONG_CONTEXT)
    vocode(gpu, 32)
    # The kernel of few rows, and the largest tiles.
    for rows in (8, 512):
        slot_step(gpu, rows)
    # NLLB-200, the largest and the smallest.
    for rows, width in ((16, 1024), (16, 2048), (128, 1024)):
        step(gpu, tensor(rows, width), Activation.RELU)
    origins, lengths = tensor(5, 40, numbers=torch.int32), tensor(1, numbers=torch.int32)
    past, source = tensor(2, 5, 16, 40, 64), tensor(2, 1, 16, 24, 64)
    seeing.self_attention(gpu, tensor(5, 3072), past, position, tile=seeing.SHORT_CONTEXT, indirection=origins)
    seeing.cross_attention(gpu, tensor(5, 1024), source, lengths)
    logits = fused.multiply(gpu, tensor(128, 1024), layer(1024, 256_206))
    shortlist.best_continuations(gpu, logits[:80], tensor(16, 5, numbers=FULL), 10)
    for rows in (16, 128):
        answers = OutputTokens(shapes.bucket_for(Search(1), rows, 20, 40), 1, torch.device("meta"))
        flags = tensor(rows, numbers=torch.bool), tensor(1, numbers=torch.bool)
        shortlist.greedy_step(gpu, logits[:rows], answers, *flags)
    return found


def without_parts(launched: list[Launch]) -> list[Launch]:
    """Those that no other one covers, each once."""
    kept: list[Launch] = []
    for launch in launched:
        if not any(other.covers(launch) for other in kept):
            kept = [*(other for other in kept if not launch.covers(other)), launch]
    return kept


def main(gpus: list[tuple[int, int]]) -> None:
    """Compile for each GPU, of that capability and memory."""
    little: set[str] = set()
    for capability, memory in gpus:
        needed: dict[str, int] = {}
        for launch in without_parts(launches_on(capability, memory)):
            name: str = launch.kernel.__name__
            if name not in little:
                needed[name] = max(needed.get(name, 0), launch.compiled_for(capability))
        little |= {name for name, shared in needed.items() if shared <= LITTLE}
        for name, shared in needed.items():
            print(capability, name, shared)


if __name__ == "__main__":
    main([(int(capability), int(memory)) for capability, memory in (gpu.split(":") for gpu in sys.argv[1:])])
