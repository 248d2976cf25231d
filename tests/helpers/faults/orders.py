"""How a test and a worker that misbehaves (``misbehaviour``) tell each other what is to be done, and what was."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOOK_SECONDS = 0.05
"""How often it is looked for an order, or for the gate."""


class Orders:
    """Files in a directory of their own; none is ever seen half written."""

    def __init__(self, directory: Path) -> None:
        self._order = directory / "order"
        self._next = directory / "next"
        self._gate = directory / "gate"
        self._done = directory / "done"

    def give(self, fault: str, moment: str, *, always: bool = False, hold: bool = False) -> None:
        """To be done at a moment; ``open_gate`` must follow.

        Args:
            fault: what to do.
            moment: when.
            always: every time the moment comes, not once.
            hold: close the gate again behind it, for the next incarnation.
        """
        self._gate.unlink(missing_ok=True)
        self._done.unlink(missing_ok=True)
        self._write(self._order, {"fault": fault, "moment": moment, "always": always, "hold": hold})

    def open_gate(self) -> None:
        """The worker is to do it now; until then it stands still at the moment."""
        self._gate.touch()

    def withdraw(self) -> None:
        """No more of it."""
        self._order.unlink(missing_ok=True)

    def done(self) -> list[int]:
        """The incarnations that came to the moment of the last order."""
        return [int(text) for text in self._done.read_text().split()] if self._done.exists() else []

    def take(self, moment: str, incarnation: int) -> str | None:
        """In the worker: what is to be done at this moment, if anything; waits for the gate."""
        try:
            order = json.loads(self._order.read_text())
        except FileNotFoundError:
            return None
        if order["moment"] != moment:
            return None
        if not order["always"]:
            self.withdraw()
        with self._done.open("a") as file:
            file.write(f"{incarnation}\n")
        self.wait_for_gate()
        if order["hold"]:
            self._gate.unlink()
        fault: str = order["fault"]
        return fault

    def is_gate_open(self) -> bool:
        """In the worker: whether the test lets it go on."""
        return self._gate.exists()

    def wait_for_gate(self) -> None:
        """In the worker: stand still until the test says otherwise."""
        while not self.is_gate_open():
            time.sleep(LOOK_SECONDS)

    def give_successor(self, fault: str) -> None:
        """In the worker: have the next incarnation do this at its start."""
        self._write(self._next, fault)

    def take_at_start(self) -> str | None:
        """In the worker: what is to be done at the start."""
        try:
            fault: str = json.loads(self._next.read_text())
        except FileNotFoundError:
            return None
        self._next.unlink()
        return fault

    @staticmethod
    def _write(path: Path, what: object) -> None:
        """So that nobody reads half of it."""
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(what))
        unfinished.replace(path)
