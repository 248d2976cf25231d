"""Keys of a pickled dict, read by abstract interpretation of the opcodes: no object of the pickle is created.

Even an unpickler without class lookup can be made to fill the memory (a memo index of 2³¹) or to compute without end
(hashing nested tuples). Here each opcode only moves markers on a stack, as ``pickletools`` describes it.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass
from typing import Final


class NoTableError(ValueError):
    """The data is no pickle, or is a pickle of another type than a dict."""


@dataclass(eq=False, slots=True)
class _Value:
    """Abstract value on the stack: a string, a dict with known keys, or any other object."""

    text: str | None = None
    keys: dict[str, None] | None = None
    """Keys of a dict, in order."""


_MARK: Final = _Value()
_OTHER: Final = _Value()
_ORDERED: Final = "collections OrderedDict"

_STRING_OPCODES: Final = frozenset(
    ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "SHORT_BINSTRING", "BINSTRING", "STRING", "GLOBAL")
)
_PUT_OPCODES: Final = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
_GET_OPCODES: Final = frozenset(("GET", "BINGET", "LONG_BINGET"))


def keys(data: bytes) -> list[str]:
    """Return the string keys of a pickled dict, in order.

    Raises:
        NoTableError: the data holds no dict.
    """
    interpreter = _Interpreter()
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
            interpreter.step(opcode, argument)
        result = interpreter.stack.pop()
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
        raise NoTableError(f"it is truncated, or is no pickle ({error})") from error
    if result.keys is None:
        raise NoTableError("it holds no table")
    return list(result.keys)


class _Interpreter:
    """Stack and memo of the interpreter."""

    def __init__(self) -> None:
        self.stack: list[_Value] = []
        self._memo: dict[int, _Value] = {}

    def step(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        """Apply an opcode to the stack.

        Raises:
            IndexError: the stack has too few values.
            KeyError: the memo has no such entry.
        """
        name = opcode.name
        if name in _PUT_OPCODES:
            self._memo[int(str(argument))] = self.stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self.stack[-1]
        elif name in _GET_OPCODES:
            self.stack.append(self._memo[int(str(argument))])
        elif name == "MARK":
            self.stack.append(_MARK)
        elif name == "DUP":
            self.stack.append(self.stack[-1])
        elif name in _STRING_OPCODES:
            self.stack.append(_Value(text=str(argument)))
        else:
            self._push_result(name, self._pop_operands(opcode), len(opcode.stack_after))

    def _push_result(self, name: str, operands: list[_Value], results: int) -> None:
        """Push the result of an opcode for its operands."""
        if name in ("SETITEM", "SETITEMS"):
            _add(operands[0], operands[1:])
            self.stack.append(operands[0])
        elif name in ("EMPTY_DICT", "DICT"):
            table = _Value(keys={})
            _add(table, operands)
            self.stack.append(table)
        elif name == "STACK_GLOBAL":
            self.stack.append(_Value(text=" ".join(part.text or "" for part in operands)))
        elif name == "REDUCE":
            self.stack.append(_Value(keys={}) if operands[0].text == _ORDERED else _OTHER)
        elif name in ("BUILD", "APPEND", "APPENDS", "ADDITEMS"):
            self.stack.append(operands[0])  # changed, but not in its keys
        elif name == "STOP":
            self.stack.extend(operands)
        else:
            self.stack.extend([_OTHER] * results)

    def _pop_operands(self, opcode: pickletools.OpcodeInfo) -> list[_Value]:
        """Pop the operands of an opcode, the lowest first, without the mark."""
        wanted = list(opcode.stack_before)
        above: list[_Value] = []
        if pickletools.markobject in wanted:
            wanted = wanted[: wanted.index(pickletools.markobject)]
            while (top := self.stack.pop()) is not _MARK:
                above.append(top)
        below = [self.stack.pop() for _ in wanted]
        return [*reversed(below), *reversed(above)]


def _add(table: _Value, items: list[_Value]) -> None:
    """Add alternating keys and values to a dict."""
    for key in items[::2]:
        if key.text is not None and table.keys is not None:
            table.keys[key.text] = None
