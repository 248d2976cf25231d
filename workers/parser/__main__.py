"""The process of the parser worker."""

from __future__ import annotations

import sys

from voicestream.workers.harness import main
from voicestream.workers.parser.worker import ParserWorker

if __name__ == "__main__":
    sys.exit(main("parser", ParserWorker, sys.argv[1:]))
