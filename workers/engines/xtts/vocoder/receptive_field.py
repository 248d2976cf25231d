"""Planning of overlapping windows, by the receptive field of the network. Pure.

A window is computed with zeros before and after it. Its samples are valid outside of the receptive field of its edges,
and at an edge of the signal itself. If a window extends beyond the available signal, its last samples are not used.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Part of the signal to compute, with its valid samples."""

    begin: int
    """First frame."""
    frames: int
    first: int
    """First valid sample, relative to the window."""
    end: int
    """After the last valid sample."""

    @property
    def samples(self) -> int:
        """Number of valid samples."""
        return self.end - self.first


@dataclass(frozen=True)
class WindowPlan:
    """Planner of the windows that cover a signal."""

    hop: int
    """Samples per frame."""
    receptive_field: int
    """Samples before and after those of a frame that depend on it."""
    sizes: tuple[int, ...]
    """Frames, ascending. Other sizes are possible, but slower."""

    def determined_samples(self, frames: int, *, last: bool) -> int:
        """Return the number of samples that are determined by so many frames."""
        return frames * self.hop if last else max(0, frames * self.hop - self.receptive_field)

    def plan(self, done: int, frames: int, *, last: bool) -> list[Window]:
        """Return the windows, in order, for all determined samples that were not computed before.

        Args:
            done: samples computed before.
            frames: available so far.
            last: whether these are all frames.
        """
        windows: list[Window] = []
        while done < self.determined_samples(frames, last=last):
            windows.append(self._next(done, frames, last=last))
            done += windows[-1].samples
        return windows

    def _next(self, done: int, frames: int, *, last: bool) -> Window:
        determined = self.determined_samples(frames, last=last)
        first = max(0, (done - self.receptive_field) // self.hop)
        size = next((size for size in self.sizes if size >= frames - first), None)
        # A larger window than needed starts earlier, or at the beginning ends after the available frames.
        if size is not None and (size <= frames or not last):
            return self._window(max(0, frames - size), size, done, determined)
        # The rest needs several windows, or the whole signal is shorter than every window.
        size = max((size for size in self.sizes if size <= frames - first), default=0)
        end = min(determined, self.determined_samples(first + size, last=False))
        if end > done:
            return self._window(first, size, done, end)
        return self._window(first, frames - first, done, determined)

    def _window(self, begin: int, frames: int, done: int, end: int) -> Window:
        return Window(begin, frames, done - begin * self.hop, end - begin * self.hop)
