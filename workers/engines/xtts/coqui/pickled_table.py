"""Keys of a pickled table, found by an abstract interpretation of the pickle's opcodes: nothing that it names is made.

An unpickler, even one that looks up no class, can be made to fill the memory (a memo index of 2³¹) or to compute for
ever (hashing nested tuples). Here each opcode only moves markers on a stack, as ``pickletools`` describes it.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass
from typing import Final


class NoTableError(ValueError):
    """The data is no pickle, or is a pickle of something else than a table."""


@dataclass(eq=False, slots=True)
class _Thing:
    """Whatever an opcode makes: a text, a table of which only the keys are known, or something else."""

    text: str | None = None
    keys: dict[str, None] | None = None
    """Of a table, in their order."""


_MARK: Final = _Thing()
_OTHER: Final = _Thing()
_ORDERED: Final = "collections OrderedDict"

_TEXTS: Final = frozenset(
    ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "SHORT_BINSTRING", "BINSTRING", "STRING", "GLOBAL")
)
_PUTS: Final = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_GETS: Final = frozenset(("GET", "BINGET", "LONG_BINGET"))


def keys(data: bytes) -> list[str]:
    """The texts among the keys of the table that the data holds, in their order.

    Raises:
        NoTableError: it holds none.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
            machine.step(opcode, argument)
        result = machine.stack.pop()
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
        raise NoTableError(f"it ends before its end, or is no pickle ({error})") from error
    if result.keys is None:
        raise NoTableError("it holds no table")
    return list(result.keys)


class _Machine:
    """The stack and the memo of the interpretation."""

    def __init__(self) -> None:
        self.stack: list[_Thing] = []
        self._memo: dict[int, _Thing] = {}

    def step(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        """Do what an opcode does to the stack.

        Raises:
            IndexError: it takes more from the stack than there is.
            KeyError: it wants from the memo what was never put there.
        """
        name = opcode.name
        if name in _PUTS:
            self._memo[int(str(argument))] = self.stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self.stack[-1]
        elif name in _GETS:
            self.stack.append(self._memo[int(str(argument))])
        elif name == "MARK":
            self.stack.append(_MARK)
        elif name == "DUP":
            self.stack.append(self.stack[-1])
        elif name in _TEXTS:
            self.stack.append(_Thing(text=str(argument)))
        else:
            self._build(name, self._taken(opcode), len(opcode.stack_after))

    def _build(self, name: str, taken: list[_Thing], made: int) -> None:
        """What is made of what was taken from the stack."""
        if name in ("SETITEM", "SETITEMS"):
            _add(taken[0], taken[1:])
            self.stack.append(taken[0])
        elif name in ("EMPTY_DICT", "DICT"):
            table = _Thing(keys={})
            _add(table, taken)
            self.stack.append(table)
        elif name == "STACK_GLOBAL":
            self.stack.append(_Thing(text=" ".join(part.text or "" for part in taken)))
        elif name == "REDUCE":
            self.stack.append(_Thing(keys={}) if taken[0].text == _ORDERED else _OTHER)
        elif name in ("BUILD", "APPEND", "APPENDS", "ADDITEMS"):
            self.stack.append(taken[0])  # as it was, but for what no key is in
        elif name == "STOP":
            self.stack.extend(taken)
        else:
            self.stack.extend([_OTHER] * made)

    def _taken(self, opcode: pickletools.OpcodeInfo) -> list[_Thing]:
        """What an opcode takes from the stack, the lowest first, without the mark."""
        wanted = list(opcode.stack_before)
        above: list[_Thing] = []
        if pickletools.markobject in wanted:
            wanted = wanted[: wanted.index(pickletools.markobject)]
            while (top := self.stack.pop()) is not _MARK:
                above.append(top)
        below = [self.stack.pop() for _ in wanted]
        return [*reversed(below), *reversed(above)]


def _add(table: _Thing, items: list[_Thing]) -> None:
    """Add keys and values that stand by turns."""
    for key in items[::2]:
        if key.text is not None and table.keys is not None:
            table.keys[key.text] = None
