"""Sentences through two servers that are killed, frozen, cut and slowed at random.

    make chaos-remote
    PYTHONPATH=tests python -P -m helpers.remote --seed 1 --sentences 1000

The exit code is 1 when a sentence is missing or doubled, or when the sound file differs from that of calm servers.
"""

from __future__ import annotations

import argparse
import sys
from typing import cast

from helpers.process.running import voicestream_place
from helpers.remote import chaos


def main() -> int:
    """Run once."""
    parser = argparse.ArgumentParser(description="Faults of servers, and what became of the sentences.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sentences", type=int, default=1_000)
    parser.add_argument("--chance", type=float, default=0.1, help="of a fault in each request")
    found = parser.parse_args()
    with voicestream_place() as place:
        sentences, seed = cast("int", found.sentences), cast("int", found.seed)
        result = chaos.run(place, sentences, seed, cast("float", found.chance))
    faults = ", ".join(f"{count} {kind}" for kind, count in sorted(result.faults.items()))
    print(f"seed {seed}: {result.sentences} sentences, {result.seconds:.0f} s, servers: {faults}")
    for trouble in result.troubles:
        print(trouble, file=sys.stderr)
    print("the sound files are identical" if not result.troubles else "NOT as it should be")
    return 1 if result.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
