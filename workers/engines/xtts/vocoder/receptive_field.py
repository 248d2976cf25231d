"""Which windows of a signal a vocoder computes, where it can only compute windows of a few sizes as a whole.

Whoever computes a window takes it that nothing lies before and after it. So its samples are those of the whole signal
where they lie far enough from its edges, or where an edge is that of the signal itself. An edge may also lie behind
what there is of the signal by now: then the samples from there on, and some before, are not taken.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A part of a signal to be computed, and what of its sound is taken."""

    begin: int
    """Its first frame."""
    frames: int
    first: int
    """The first of its own samples that is taken."""
    end: int
    """The one after the last that is taken."""

    @property
    def samples(self) -> int:
        """How many are taken."""
        return self.end - self.first


@dataclass(frozen=True)
class Windows:
    """The windows that a vocoder can compute."""

    hop: int
    """Samples a frame."""
    reach: int
    """How many samples before and after it a frame has something to say in: so far from an edge they are certain."""
    sizes: tuple[int, ...]
    """Frames, ascending. Windows of other sizes can be computed, but take longer."""

    def certain(self, frames: int, *, last: bool) -> int:
        """How many samples are certain once there are so many frames, and perhaps no more of them."""
        return frames * self.hop if last else max(0, frames * self.hop - self.reach)

    def cut(self, done: int, frames: int, *, last: bool) -> list[Window]:
        """The windows, in this order, that make all samples that are certain by now and were not made before.

        Args:
            done: samples made before.
            frames: of the signal, by now.
            last: whether the signal has no more of them.
        """
        windows: list[Window] = []
        while done < self.certain(frames, last=last):
            windows.append(self._next(done, frames, last=last))
            done += windows[-1].samples
        return windows

    def _next(self, done: int, frames: int, *, last: bool) -> Window:
        certain = self.certain(frames, last=last)
        first = max(0, (done - self.reach) // self.hop)
        size = next((size for size in self.sizes if size >= frames - first), None)
        # One that is larger than needed reaches further back, or at the beginning beyond what there is by now.
        if size is not None and (size <= frames or not last):
            return self._window(max(0, frames - size), size, done, certain)
        # The rest is too long for one; or all of it is so short that one edge would be beyond its end.
        size = max((size for size in self.sizes if size <= frames - first), default=0)
        end = min(certain, self.certain(first + size, last=False))
        if end > done:
            return self._window(first, size, done, end)
        return self._window(first, frames - first, done, certain)

    def _window(self, begin: int, frames: int, done: int, end: int) -> Window:
        return Window(begin, frames, done - begin * self.hop, end - begin * self.hop)
