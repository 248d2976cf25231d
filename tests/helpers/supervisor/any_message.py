"""Hypothesis strategies for every message there is, made from the types of its fields."""

from __future__ import annotations

import enum
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from voicestream.protocol.messages import Message

MESSAGE_TYPES: tuple[type[msgspec.Struct], ...] = get_args(Message)

_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    # What msgpack has room for.
    int: st.integers(min_value=-(2**63), max_value=2**64 - 1),
    # NaN equals nothing, so that a comparison of messages could not see it.
    float: st.floats(allow_nan=False),
    str: st.text(),
    bytes: st.binary(),
    type(None): st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401, PLR0911 - any type may stand at a field
    """Values of a type that can stand at a field of a message."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        base, limits = arguments
        numbers = st.integers if base is int else st.floats
        return numbers(min_value=limits.ge, max_value=limits.le)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (types.UnionType, Union):
        return st.one_of(*(values(argument) for argument in arguments))
    if origin is list:
        return st.lists(values(arguments[0]), max_size=4)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=4)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(list(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    raise TypeError(f"no values for {kind}: add them here")


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs of one type, with any values at all fields but the version of the protocol."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(
        kind, **{name: values(hint) for name, hint in hints.items() if name[0] != "_" and name != "protocol"}
    )


def messages() -> st.SearchStrategy[Message]:
    """Any message."""
    return st.one_of(*(structs(kind) for kind in MESSAGE_TYPES))
