"""Entry point of the player process."""

from __future__ import annotations

import sys

from voicestream.workers.harness import main
from voicestream.workers.player.worker import PlayerWorker

if __name__ == "__main__":
    sys.exit(main("player", PlayerWorker, sys.argv[1:]))
