"""The audio pool of a tts worker that misbehaves, apart from ``misbehaviour`` because it imports numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.faults.misbehaviour import MisbehavingConnection
from voicestream.workers.tts import slot_writer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MisbehavingSlotWriter(slot_writer.SlotWriter):
    """A slot of the audio pool is about to be written to."""

    def write(self, samples: NDArray[np.float32]) -> tuple[slot_writer.Written, NDArray[np.float32]]:
        """Write, unless something else is to be done."""
        MisbehavingConnection.now.at_slot()
        return super().write(samples)


def arm() -> None:
    """Put it in the place of the product's."""
    vars(slot_writer)["SlotWriter"] = MisbehavingSlotWriter
