"""Entry point of the tts worker process."""

from __future__ import annotations

import sys

from voicestream.workers.harness import main
from voicestream.workers.tts.worker import TtsWorker

if __name__ == "__main__":
    sys.exit(main("tts", TtsWorker, sys.argv[1:]))
