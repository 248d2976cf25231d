"""Entry point of ``python -m voicestream``, the command ``voicestream``."""

from __future__ import annotations

from voicestream.cli.main import main

if __name__ == "__main__":
    main()
