"""Entry point of the supervisor, ``python -P -m voicestream.supervisor``; a client starts it when none is running."""

from __future__ import annotations

import gc
import sys

from voicestream import msgspec_import


def main() -> int:
    """Run the supervisor, and return its exit code."""
    # Imported modules are never garbage: nothing is collected until they are frozen.
    gc.disable()
    msgspec_import.without_typing_extensions()
    from voicestream.supervisor.start import main as run  # noqa: PLC0415 - see above

    return run()


if __name__ == "__main__":
    sys.exit(main())
