"""Reader of the playback queue with the settings of the loudspeakers: speed, volume, mute.

At the natural settings it passes the samples of the queue on unchanged. The device thread reads, and the main thread
changes the settings, which act on the next block.
"""

from __future__ import annotations

import array
from typing import TYPE_CHECKING

from voicestream.protocol.audio_pool import SAMPLE_BYTES
from voicestream.protocol.messages import PlaybackSettings

if TYPE_CHECKING:
    from voicestream.workers.player.playback_queue import PlaybackQueue
    from voicestream.workers.player.time_stretch import TimeStretch


class AdjustedReader:
    """Reader with the interface of ``PlaybackQueue.read``."""

    def __init__(self, queue: PlaybackQueue) -> None:
        self.queue = queue
        self._settings = PlaybackSettings()
        """Requested settings (main thread)."""
        self._stretch: TimeStretch | None = None
        """None until the first other speed (main thread)."""
        self._gain = 1.0
        """Gain at the end of the last block (device thread)."""

    def prepare(self) -> None:
        """Load the time stretch, while nothing is played: it takes 0.1 s, as long as a change may take to be heard."""
        if self._stretch is None:
            # Imported late: without loudspeakers the player needs no numpy.
            from voicestream.workers.player.time_stretch import TimeStretch

            self._stretch = TimeStretch(self.queue.read)

    def adjust(self, settings: PlaybackSettings) -> None:
        """Change the settings."""
        if settings.speed != 1.0:
            self.prepare()
        self._settings = settings
        self.queue.speed = settings.speed

    def reset(self) -> None:
        """Clear the queue and everything that was read of it; only while there are no callbacks."""
        self.queue.reset()
        self.queue.held_frames = 0
        if self._stretch is not None:
            self._stretch.reset()

    def read(self, out: memoryview) -> None:
        """Fill ``out`` (bytes of float32). Runs on the device thread."""
        stretch, settings = self._stretch, self._settings
        held = stretch is not None and (settings.speed != 1.0 or stretch.held_frames > 0)
        if stretch is None or not held:
            self.queue.read(out)
        elif self.queue.is_paused:
            # What is held here is played after the pause.
            self.queue.skip_call()
            out[:] = bytes(len(out))
        else:
            out[:] = stretch.read(len(out) // SAMPLE_BYTES, settings.speed).tobytes()
            self.queue.held_frames = stretch.held_frames
        gain = 0.0 if settings.muted else settings.volume
        if not gain == self._gain == 1.0:
            self._amplify(out, gain)

    def _amplify(self, out: memoryview, gain: float) -> None:
        """Apply the gain, which changes within the block: a step would be heard as a click."""
        samples = array.array("f", bytes(out))
        step = (gain - self._gain) / len(samples)
        adjusted = [sample * (gain - step * (len(samples) - 1 - i)) for i, sample in enumerate(samples)]
        self._gain = gain
        out[:] = array.array("f", adjusted).tobytes()
