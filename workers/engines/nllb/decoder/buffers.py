"""What a batch needs while it is answered, set aside before its first token and changed in place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from voicestream.engines.translator import CancelledError
from voicestream.workers.engines.nllb.decoder.attention import FusedSight, PlainSight
from voicestream.workers.engines.nllb.decoder.decoding import choice_for
from voicestream.workers.engines.nllb.decoder.output_tokens import END
from voicestream.workers.inference.async_flag import Glance
from voicestream.workers.inference.cuda_graphs import Captured

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.attention import Sight
    from voicestream.workers.engines.nllb.decoder.buckets import Shape
    from voicestream.workers.engines.nllb.decoder.network import Network
    from voicestream.workers.inference.cuda_graphs import Pool


def _never() -> bool:
    return False


class Workspace:
    """The memory of one shape, and what is done with it."""

    def __init__(self, network: Network, shape: Shape, positions: int) -> None:
        """Set it aside.

        Args:
            network: computes.
            shape: of what size it is.
            positions: of these, there is room for the first so many, until ``make_room`` is called.
        """
        self.shape = shape
        self._network = network
        self._choice = choice_for(shape, network.padding, network.device, network.gpu)
        self.glance = Glance(self._choice.is_done)
        """Whether no further step changes anything."""
        self._source = torch.full(
            (shape.sentences, shape.source), network.padding, dtype=torch.long, device=network.device
        )
        self._mask = network.mask(self._is_word())
        self._said = network.empty_cache(shape.rows, positions)
        self._read = network.empty_cache(shape.sentences, shape.source)
        self._is_cancelled: Callable[[], bool] = _never
        self._rows = torch.arange(shape.rows, dtype=torch.int32, device=network.device)[:, None]
        self._origins = self._rows.repeat(1, positions)
        """In which row what each row said is kept, position by position: for kernels that need no copy of it."""
        self._lengths = torch.zeros(shape.sentences, dtype=torch.int32, device=network.device)
        """Tokens of each sentence."""

    @property
    def windows(self) -> tuple[int, ...]:
        """Positions that steps look back at, from the first steps to the last; kernels look at what there is."""
        return self.shape.windows if self._network.gpu is None else self.shape.windows[-1:]

    def fill(self, rows: list[list[int]], language: int, limit: int, is_cancelled: Callable[[], bool]) -> None:
        """Lay out what is to be answered; as for ``Decoder.answer``."""
        # A row too many is decoded like the others: as a copy of one it ends when that does.
        rows = rows + rows[:1] * (self.shape.sentences - len(rows))
        padding, length = self._network.padding, self.shape.source
        source = torch.tensor([row + [padding] * (length - len(row)) for row in rows])
        self._source.copy_(source)
        self._choice.answers.language.fill_(language)
        self._choice.answers.last.fill_(limit)
        self._is_cancelled = is_cancelled

    def fill_with_anything(self) -> None:
        """Lay out sentences that serve for a trial."""
        self._source.fill_(END)
        self._is_cancelled = _never

    def make_room(self, window: int) -> None:
        """Make steps with a window possible; what is recorded must have had room before."""
        had = self._said.shape[4]
        if had < window:
            smaller, self._said = self._said, self._network.empty_cache(self.shape.rows, window)
            self._said[:, :, :, :, :had] = smaller

    def best(self) -> list[list[int]]:
        """The tokens of the answers, and anything behind their ends; waits for the device."""
        return self._choice.best().tolist()

    def begin(self) -> None:
        """Read the sentences, and begin their answers."""
        network, choice = self._network, self._choice
        self._mask.copy_(network.mask(self._is_word()))
        self._lengths.copy_(self._is_word().sum(-1).flatten())
        self._origins.copy_(self._rows.expand_as(self._origins))
        network.look_at(network.read(self._source, self._mask, self._look), self._read)
        choice.reset()
        self._advance(self.windows[0])
        # What comes next is known.
        choice.answers.begin()

    def step(self, window: int) -> None:
        """Add a token to each answer.

        Args:
            window: positions that are looked back at; more than there are tokens.
        """
        rows = self._choice.choose(self._network.scores(self._advance(window)))
        if rows is not None:
            self._follow(rows, window)

    def _follow(self, rows: Tensor, window: int) -> None:
        """Let each row go on from one of the rows."""
        if self._network.gpu is not None:
            # Behind the newest position each row has its own place.
            is_past = self._choice.answers.places[: self._origins.shape[1]] < self._choice.answers.position
            self._origins.copy_(torch.where(is_past, self._origins.index_select(0, rows), self._rows))
            return
        # One layer after the other: what is copied stays near.
        for layer in self._said[:, :, :, :, :window].unbind(0):
            layer.copy_(layer.index_select(1, rows))

    def _advance(self, window: int) -> Tensor:
        network, answers = self._network, self._choice.answers
        return network.advance(answers.newest, answers.position, self._sight(window))

    def _sight(self, window: int) -> Sight:
        position, gpu = self._choice.answers.position, self._network.gpu
        if gpu is not None:
            origins = self._origins if self.shape.search.num_beams > 1 else None
            return FusedSight(gpu, self._said, self._read, position=position, origins=origins, lengths=self._lengths)
        places = torch.arange(window, device=position.device)
        past_mask = self._network.mask(places <= position).view(1, 1, 1, -1)
        return PlainSight(self._said[:, :, :, :, :window], self._read, position, past_mask, self._mask)

    def _is_word(self) -> Tensor:
        return (self._source != self._network.padding)[:, None, None]

    def _look(self) -> None:
        if self._is_cancelled():
            raise CancelledError


class Routine:
    """A workspace, and its work as it is recorded."""

    def __init__(self, workspace: Workspace, pool: Pool) -> None:
        """Take a workspace.

        Args:
            workspace: what is worked with.
            pool: where recordings are.
        """
        self.workspace = workspace
        self.begin = Captured(workspace.begin, pool)
        self.windows = {window: Captured(partial(workspace.step, window), pool) for window in workspace.windows}
        """The steps, by the positions they look back at, the fewest first."""
        self.uses = 0
        """Batches so far."""

    def capture(self) -> None:
        """Record all that is not recorded yet; the workspace is to be filled again."""
        self.workspace.fill_with_anything()
        self.begin.capture()
        for step in self.windows.values():
            self.begin()
            step.capture()
