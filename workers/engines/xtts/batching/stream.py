"""Stream of one sentence in a continuous batch."""

from __future__ import annotations

import collections
import itertools
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicestream.workers.engines.xtts.batching.scheduler import Phase, StreamState, next_deadline
from voicestream.workers.engines.xtts.batching.vocoding import WindowRequest
from voicestream.workers.engines.xtts.end_detection import TOKEN_SECONDS
from voicestream.workers.engines.xtts.synthesis import CHUNK_TOKENS, FIRST_CHUNKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from voicestream.workers.engines.xtts.decoding import SampledTokens
    from voicestream.workers.engines.xtts.synthesis import Utterance

_EMPTY: Final[NDArray[np.float32]] = np.zeros(0, dtype=np.float32)


class Stream:
    """``SynthesisStream``, with what its batch knows about it."""

    def __init__(
        self, number: int, prepare: Callable[[], Utterance], deadline: float, close: Callable[[Stream], None]
    ) -> None:
        """Begin without a slot.

        Args:
            number: in the order of opening.
            prepare: reads text and voice.
            deadline: of the first chunk, s.
            close: removes the stream from its batch.
        """
        self.number: Final = number
        self.state: StreamState | None = StreamState(deadline, number, Phase.WAITING)
        """Value for the scheduler; None: nothing of it is to be computed."""
        self.has_slot = False
        self.slot = 0
        self._prepare = prepare
        self._prepared: Utterance | None = None
        self._close = close
        self._vocoder: Any = None
        self._deadline = deadline
        self._sizes = itertools.chain(FIRST_CHUNKS, itertools.repeat(CHUNK_TOKENS))
        self._sampled = 0
        self._is_first = True
        """True until its first chunk is computed."""
        self._is_last = False
        """True once the windows of its last chunk are under way."""
        self._chunks: collections.deque[NDArray[np.float32]] = collections.deque()
        self._error: Exception | None = None
        self._is_over = False

    @property
    def is_ready(self) -> bool:
        """See ``SynthesisStream``."""
        return bool(self._chunks) or self._is_over

    def __next__(self) -> NDArray[np.float32]:
        """See ``SynthesisStream``."""
        if self._chunks:
            return self._chunks.popleft()
        if not self._is_over:
            return _EMPTY
        error, self._error = self._error, None
        raise error or StopIteration

    def close(self) -> None:
        """See ``SynthesisStream``."""
        self._close(self)
        self._end()
        self._chunks.clear()

    def prepared(self) -> Utterance:
        """Return the text and the voice; they are read in the first call.

        Raises:
            VoicestreamError, OSError, RuntimeError, ValueError: this text cannot be synthesized.
        """
        if self._prepared is None:
            self._prepared = self._prepare()
        return self._prepared

    def fail(self, error: Exception) -> None:
        """End with an error."""
        self._error = error
        self._end()

    def admit(self, slot: int, vocoder: Any) -> None:  # noqa: ANN401 - of ``BatchVocoder``
        """Begin in a slot of the decoder."""
        self.slot, self.has_slot, self._vocoder = slot, True, vocoder
        self.state = StreamState(self._deadline, self.number, Phase.PREFILL)

    def leave(self) -> None:
        """End the use of the slot."""
        self.has_slot = False

    def next_count(self) -> int:
        """Return the number of tokens of the next chunk."""
        return min(next(self._sizes), self.prepared().end_detector.token_limit - self._sampled)

    def expect(self, remaining: int) -> None:
        """Continue with the steps that remain to the end of the chunk, or with the vocoder."""
        phase = Phase.STEP if remaining else Phase.VOCODER
        self.state = StreamState(self._deadline, self.number, phase, remaining)

    def record(self, sampled: SampledTokens, stop_token: int, now: float) -> WindowRequest:
        """Take the tokens of a chunk; return the windows to compute."""
        prepared = self.prepared()
        for probability in sampled.stop_probabilities:
            prepared.end_detector.record_stop_probability(self._sampled, probability)
            self._sampled += 1
        self._is_last = sampled.tokens[-1] == stop_token or self._sampled == prepared.end_detector.token_limit
        # The next chunk is due when the sound of this one, which is under way, will have been played.
        seconds = len(sampled.tokens) * TOKEN_SECONDS / prepared.speed
        self._deadline = next_deadline(self._deadline, now, seconds, is_first=self._is_first)
        self._is_first = False
        self.state = None
        # As in coqui, the latent of the stop token is vocoded, too.
        return WindowRequest(self._vocoder, sampled.latents[0], self._is_last)

    def deliver(self, chunk: NDArray[np.float32]) -> bool:
        """Take the samples of a chunk; return whether the sentence has ended."""
        if self.prepared().end_detector.feed(chunk):
            self._end()
            return True
        self._chunks.append(chunk)
        if self._is_last:
            self._end()
        return self._is_last

    def _end(self) -> None:
        self._is_over = True
        self.state = None
