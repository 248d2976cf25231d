"""Regular expressions that are compiled at their first use.

The parser has some two hundred, and a text needs few of them: without the others its process starts 35 ms sooner.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Final, cast

_MEMBERS: Final = (
    *("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"),
    *("pattern", "flags", "groups", "groupindex"),
)


class CompiledRegex:
    """A pattern whose members are those of its ``re.Pattern``.

    It has no ``__getattr__``: of a class that has one, every attribute is read more slowly.
    """


class LazyRegex(CompiledRegex):
    """A pattern that becomes a ``re.Pattern`` in all but its class when the first of its members is used."""

    def __init__(self, pattern: Any, flags: int) -> None:  # noqa: ANN401 - text or bytes
        self._arguments = (pattern, flags)

    def __getattr__(self, name: str) -> object:
        """Compile the pattern, and keep its members as attributes, so that this is called once.

        Raises:
            AttributeError: a pattern has no such member.
            re.error: it is no regular expression.
        """
        if name not in _MEMBERS:
            raise AttributeError(name)
        compiled: re.Pattern[Any] = re.compile(*self._arguments)
        vars(self).update((member, getattr(compiled, member)) for member in _MEMBERS)
        self.__class__ = CompiledRegex  # type: ignore[assignment]
        return vars(self)[name]


def lazy_regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a regular expression that is compiled at its first use; the arguments are those of ``re.compile``."""
    return cast("re.Pattern[AnyStr]", LazyRegex(pattern, flags))
