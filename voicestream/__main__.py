"""Entry point of the command ``voicestream`` and of ``python -m voicestream``.

A hook process of an agent takes a path of its own: the agent waits for it, so it imports no command line.
"""

from __future__ import annotations

import gc
import sys

OBJECTS = 50_000
"""New objects after which garbage is collected: the imports of a command make fewer, none of them garbage."""


def main() -> None:
    """Run the command line, or hand over the event of a hook."""
    if len(sys.argv) > 1 and sys.argv[1] == "hook":
        from voicestream.client import hook  # noqa: PLC0415 - see above

        hook.run_if_event(sys.argv[2:])
    gc.set_threshold(OBJECTS)
    from voicestream.cli.main import main as run_command_line  # noqa: PLC0415 - see above

    run_command_line()


if __name__ == "__main__":
    main()
