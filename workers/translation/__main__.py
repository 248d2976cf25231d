"""Entry point of the translation worker process."""

from __future__ import annotations

import gc
import sys

from voicestream import msgspec_import


def main() -> int:
    """Run the worker, and return its exit code."""
    # Imported modules are never garbage: nothing is collected until the harness has frozen them.
    gc.disable()
    msgspec_import.without_typing_extensions()
    from voicestream.workers.harness import main as run
    from voicestream.workers.translation.worker import TranslationWorker

    return run("translation", TranslationWorker, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
