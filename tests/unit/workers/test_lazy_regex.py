"""Regular expressions that are compiled at their first use: the parser's are all valid, and none is compiled before."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

from voicestream.workers import parser
from voicestream.workers.text.lazy_regex import CompiledRegex, lazy_regex


def test_it_does_what_a_pattern_does() -> None:
    lazy, compiled = (
        lazy_regex(r"(?P<word>[a-z]+)\d?", re.IGNORECASE),
        re.compile(r"(?P<word>[a-z]+)\d?", re.IGNORECASE),
    )
    text = "One2 three"
    assert lazy.sub("x", text) == compiled.sub("x", text)
    assert lazy.findall(text) == compiled.findall(text)
    assert [found.span("word") for found in lazy.finditer(text)] == [(0, 3), (5, 10)]
    assert lazy.split(text) == compiled.split(text)
    found = lazy.match(text, 5)
    assert found is not None
    assert found["word"] == "three"
    assert lazy.search("1") is None
    assert lazy.fullmatch(text) is None
    assert (lazy.pattern, lazy.flags, lazy.groups) == (compiled.pattern, compiled.flags, compiled.groups)
    assert lazy_regex(rb"\d").subn(b"", b"a1b2") == (b"ab", 2)


def test_an_invalid_one_is_an_error_when_it_is_used() -> None:
    lazy = lazy_regex("(")
    with pytest.raises(re.error):
        lazy.match("")
    with pytest.raises(AttributeError, match="other"):
        getattr(lazy, "other")  # noqa: B009 - a type checker knows that there is none


def test_all_of_the_parser_are_valid() -> None:
    names = [found.name for found in pkgutil.walk_packages(parser.__path__, f"{parser.__name__}.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    values = [value for module in modules for value in vars(module).values()]
    values += [one for value in values if isinstance(value, tuple) for one in value]
    found = [value for value in values if isinstance(value, CompiledRegex)]
    assert len(found) > 150
    for each in found:
        assert re.compile(*vars(each)["_arguments"])


def test_the_parser_compiles_none_before_there_is_text() -> None:
    code = (
        "import re, voicestream.workers.harness\n"
        "before, seen = re.compile, []\n"
        "re.compile = lambda *arguments: seen.append(arguments) or before(*arguments)\n"
        "import voicestream.workers.parser.worker\n"
        "print(len(seen))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20
