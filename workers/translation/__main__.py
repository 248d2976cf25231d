"""Entry point of the translation worker process."""

from __future__ import annotations

import sys

from voicestream.workers.harness import main
from voicestream.workers.translation.worker import TranslationWorker

if __name__ == "__main__":
    sys.exit(main("translation", TranslationWorker, sys.argv[1:]))
