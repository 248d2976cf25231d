"""Helper process of the engine: owns the models, translates one piece after another, ends with its input.

A translator of the library belongs to the thread that made it and holds the GIL for the whole call, which may be
seconds for an unusual text. So all of them live here, in the only thread, and the worker's heartbeats go on.
"""

from __future__ import annotations

import collections
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.workers.engines.firefox import channel, weights

if TYPE_CHECKING:
    from typing import BinaryIO

    from fxtranslate import Translator

MAX_WARM: Final = 3
"""Directions kept loaded, some 70 MB each; the one used least recently is dropped first."""


class Models:
    """Loaded translators by directory."""

    def __init__(self) -> None:
        self._warm: collections.OrderedDict[str, Translator] = collections.OrderedDict()

    def get(self, directory: str) -> Translator:
        """Return the translator of a directory, loaded if need be.

        Raises:
            DamagedModelError: its files are not what the manifest says, or the library refuses them.
        """
        if directory in self._warm:
            self._warm.move_to_end(directory)
            return self._warm[directory]
        from fxtranslate import Translator

        from voicestream.workers.inference import malloc_trim

        buffers = weights.read(Path(directory))
        while len(self._warm) >= MAX_WARM:
            self._warm.popitem(last=False)
        try:
            translator = Translator(*buffers)
        except ValueError as error:
            raise weights.DamagedModelError(f"fxtranslate cannot read {directory}: {error}") from error
        del buffers
        malloc_trim.trim()  # 27 MB of 76
        self._warm[directory] = translator
        return translator

    @property
    def warm(self) -> list[str]:
        """Directories of the loaded models, the one used last at the end."""
        return list(self._warm)

    def drop(self, directory: str) -> None:
        """Forget a translator that raised: its state is unknown."""
        self._warm.pop(directory, None)


def answer(models: Models, request: channel.Request) -> channel.Reply:
    """Translate the text of one request."""
    try:
        text = models.get(request.directory).translate(request.text)
    except weights.DamagedModelError as error:
        return channel.Reply(request.number, damaged=str(error))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of Rust is no Exception, and its text may quote the sentence
        models.drop(request.directory)
        return channel.Reply(request.number, failure=type(error).__name__)
    return channel.Reply(request.number, text)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until there are no more."""
    models = Models()
    while (request := channel.read_request(requests)) is not None:
        replies.write(channel.encode(answer(models, request)))
        replies.flush()


def main() -> None:
    """Run the process; its standard output is the channel, so what a library prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
