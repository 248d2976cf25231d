"""Sentences whose sound tells which frame of which sentence each sample is, and the check of what came out.

The text of a sentence names its session and its number. Its sound is a head that repeats both and the length, and then
one value a frame that no other frame of no other sentence is likely to have: so a file tells what is missing, what is
there twice, what stands in the wrong place, and how many samples are none of these.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int16]

FULL_SCALE: Final = 32767
"""What 1.0 is in a WAV file of the player: float32 of a whole number by this, times this, is that number again."""

HEAD_FRAMES: Final = 8
_MARK: Final = (32767, -32767, 12345, -12345)
_HALF: Final = 1 << 14

SHORTEST_FRAMES: Final = 600
SPREAD_FRAMES: Final = 4000
LONG_FRAMES: Final = 13_000
"""Added to every fourth sentence: more than one slot of the pool holds."""

_NUMBERS: Final = re.compile(r"Run (\d+) says sentence (\d+)\b")


def text_of(session: int, sentence: int) -> str:
    """What the agent says; no two are alike, and they differ in length."""
    return f"Run {session} says sentence {sentence}{' and goes on a little' * (sentence % 4)}."


def translated(text: str, source: str, target: str) -> str:
    """What the translator makes of it: a text that was never translated, or twice, has another sound."""
    return f"From {source} to {target}: {text}"


def sound_of(text: str) -> Samples:
    """The samples of a translated text, as 16-bit numbers.

    Raises:
        ValueError: it is none of ours.
    """
    import numpy as np

    found = _NUMBERS.search(text)
    if found is None:
        raise ValueError(f"not a sentence of this test: {text!r}")
    session, sentence = int(found[1]), int(found[2])
    key = zlib.crc32(text.encode())
    frames = SHORTEST_FRAMES + key % SPREAD_FRAMES + (LONG_FRAMES if sentence % 4 == 0 else 0)
    head = (*_MARK, session, sentence // _HALF, sentence % _HALF, frames)
    numbers = np.arange(frames - HEAD_FRAMES, dtype=np.uint32) * np.uint32(2_654_435_761) + np.uint32(key)
    body = (numbers ^ (numbers >> np.uint32(15))).astype(np.uint16).view(np.int16)
    return np.concatenate([np.array(head, dtype=np.int16), np.maximum(body, np.int16(-FULL_SCALE))])


@dataclass
class Heard:
    """What a file holds, held against what it should hold."""

    sentences: list[int] = field(default_factory=list[int])
    """In the order of the file."""
    missing: int = 0
    doubled: int = 0
    out_of_order: int = 0
    corrupt: int = 0
    """Samples that are not those of the sentence in which they stand, or of none."""


def check(data: Samples, session: int, texts: Sequence[str]) -> Heard:
    """Compare a file with the translated texts of its session, sample by sample."""
    import numpy as np

    heard = Heard()
    at, expected = 0, 0
    while at < len(data):
        sentence = _sentence_at(data, at, session, len(texts))
        if sentence is None:
            following = _next_head(data, at + 1)
            heard.corrupt += following - at
            at = following
            continue
        wanted = sound_of(texts[sentence])
        found = data[at : at + len(wanted)]
        differing = int(np.count_nonzero(found != wanted[: len(found)])) + len(wanted) - len(found)
        if differing:
            # Where samples were left out or put in, the next head stands elsewhere than it should.
            following = min(_next_head(data, at + 1), at + len(wanted))
            heard.corrupt += differing
            at = following
        else:
            at += len(wanted)
        if sentence < expected:
            is_again = sentence in heard.sentences
            heard.doubled += is_again
            heard.out_of_order += not is_again
        heard.sentences.append(sentence)
        expected = max(expected, sentence + 1)
    heard.missing = len(texts) - len(set(heard.sentences))
    return heard


def _sentence_at(data: Samples, at: int, session: int, count: int) -> int | None:
    head = [int(value) for value in data[at : at + HEAD_FRAMES]]
    if len(head) < HEAD_FRAMES or tuple(head[:4]) != _MARK or head[4] != session:
        return None
    sentence = head[5] * _HALF + head[6]
    return sentence if 0 <= sentence < count else None


def _next_head(data: Samples, start: int) -> int:
    """Where the next head begins, or the end."""
    import numpy as np

    candidates = np.flatnonzero(data[start : len(data) - HEAD_FRAMES + 1] == _MARK[0]) + start
    for candidate in candidates:
        if tuple(int(value) for value in data[candidate : candidate + 4]) == _MARK:
            return int(candidate)
    return len(data)
