"""Terminal of an interactive agent, in a tmux server of its own."""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

Answers = dict[str, tuple[str, ...]]
"""Keys by an expression on the screen."""

POLL_SECONDS: Final = 0.05

TYPING_SECONDS: Final = 0.5
"""Between a text and the key Enter: agents take both together as a paste."""


class Tmux:
    """One program in one terminal."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: dict[str, str], socket: Path) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
        variables = [f"{name}={value}" for name, value in environment.items()]
        size = ("-x", "120", "-y", "50")
        self._call("new-session", "-d", *size, "-c", str(cwd), "env", "-i", *variables, *command)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call("kill-server", check=False)

    @property
    def screen(self) -> str:
        """The text on the screen; empty after the program's end."""
        return self._call("capture-pane", "-p", check=False)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self._call("send-keys", *keys, check=False)

    def type(self, text: str) -> None:
        """Type a line."""
        self._call("send-keys", "-l", text)
        time.sleep(TYPING_SECONDS)
        self.press("Enter")

    def watch(
        self, is_done: Callable[[], bool], seconds: float, answers: Answers | None = None, *, needs_all: bool = False
    ) -> bool:
        """Wait until something is done, and press keys when the screen asks for them.

        Args:
            is_done: asked again and again.
            seconds: timeout.
            answers: keys by an expression on the screen; each is pressed once.
            needs_all: it is not done before all answers were given.
        """
        open_answers = dict(answers or {})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not (needs_all and open_answers) and is_done():
                return True
            screen = self.screen if open_answers else ""
            for expression in [one for one in open_answers if re.search(one, screen)]:
                time.sleep(TYPING_SECONDS)
                self.press(*open_answers.pop(expression))
            time.sleep(POLL_SECONDS)
        return False

    def wait_for(self, expression: str, seconds: float, answers: Answers) -> bool:
        """Wait until all answers were given and the screen shows something."""
        return self.watch(lambda: bool(re.search(expression, self.screen)), seconds, answers, needs_all=True)

    def wait_for_end(self, seconds: float) -> bool:
        """Wait for the program's end."""
        return self.watch(lambda: not self.screen, seconds)

    def _call(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=check)
        return done.stdout
