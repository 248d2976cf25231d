"""Paths within text, and the part of them that is spoken: the last segment, and the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.word_set import word_set

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_PLACE: Final = lazy_regex(
    r"(?P<path>.+?)(?:"
    r":(?P<line>\d+)(?:-(?P<last>\d+)|(?::\d+)?(?:-\d+(?::\d+)?)?)"
    r"|\#L(?P<line2>\d+)(?:C\d+)?(?:-L?(?P<last2>\d+)(?:C\d+)?)?"
    r"|\((?P<line3>\d+)(?:,\s?\d+)?\)"
    r"):?"
)
"""``lib.rs:42``, ``lib.rs:42:7``, ``lib.rs:10-20``, ``lib.rs#L42-L50``, ``Program.cs(12,5)``."""

_FILE_NAME: Final = lazy_regex(r"\.{0,2}[\w@+*-][\w@+.*-]*\.[A-Za-z]\w{0,9}")
_EXTENSIONLESS: Final = word_set(
    """
    makefile dockerfile gemfile rakefile procfile jenkinsfile justfile license readme
    """
)
_DOMAIN_ENDINGS: Final = frozenset("com org net edu gov local internal localhost".split())

_EXTENSION: Final = lazy_regex(r"\.[A-Za-z][A-Za-z0-9]{0,9}\Z")
_ANCHOR: Final = lazy_regex(r"(?<=\w)#[\w-]+\Z")
_DRIVE: Final = lazy_regex(r"[A-Za-z]:[\\/]")
_TOP_FOLDERS: Final = word_set(
    """
    src lib libs node_modules packages pkg cmd internal vendor usr var etc opt tmp home crates apps app tests
    test docs scripts bin dist build target public static assets include components utils
    """
)
"""First segments that make two slashes a path; anything else may be ``read/write/execute``."""
_SURE_FOLDERS: Final = word_set(
    """
    src lib node_modules packages pkg cmd usr var crates vendor
    """
)
"""First segments that make one slash a path in prose; ``build/test`` may be two words."""
_ROOT_FOLDERS: Final = word_set(
    """
    Applications Library System Users Volumes code data dev media mnt path proc project projects repo repos root run
    sbin snap srv storage sys work workdir workspace workspaces
    """
)
"""First segments of absolute paths besides ``_TOP_FOLDERS``; another one makes a route: ``/api/v2/users``."""
_SEGMENT: Final = r"(?:[\w~.-]++|:\w++|\{\w++\}|\[\w++\]|<\w++>)"
_ROUTE: Final = lazy_regex(rf"(/(?!\.){_SEGMENT}(?:/{_SEGMENT})*+/?+)(?:\?\S*)?")
_PARAMETER: Final = lazy_regex(r"[:{}\[\]<>]+")
_NAMES: Final = word_set(
    """
    node.js next.js vue.js express.js three.js d3.js nuxt.js react.js angular.js
    """
)
"""Names that end like a file: ``React/Next.js``."""
_ODD: Final = lazy_regex(r"[\d_*]|[a-z]-[a-z]")
_NUMBER: Final = lazy_regex(r"[\d.,%]+\Z")
_REFERENCE: Final = lazy_regex(
    r"(?:origin|upstream|refs|heads|feature|feat|fix|bugfix|hotfix|chore|release|user|users)\Z"
)
"""First segments of branch names."""


def is_path(word: str, *, code: bool) -> bool:  # noqa: PLR0911 - one question after another
    """Return whether a word without line number is a path rather than two words with a slash between."""
    word = _ANCHOR.sub("", word)
    if "\\" in word:
        return bool(_DRIVE.match(word)) or (word.count("\\") > 1 and _EXTENSION.search(word) is not None)
    if "/" not in word or (word.startswith("@") and not word.startswith("@/")) or not word.strip("/"):
        return False
    if word.startswith(("/", "~/", "./", "../", "@/", "$")) or _DRIVE.match(word):
        return True
    parts = word.rstrip("/").split("/")
    if all(_NUMBER.match(part) for part in parts):
        return False
    last = parts[-1]
    if word.endswith("/") or last.startswith("*") or parts[0].startswith("."):
        return True
    if last.lower() in _NAMES:
        return False
    if _EXTENSION.search(last) is not None:
        return True
    if _REFERENCE.match(parts[0]):
        return False
    if len(parts) > 2:  # noqa: PLR2004 - two slashes
        return code or parts[0] in _TOP_FOLDERS or any(map(_ODD.search, parts))
    return parts[0] in (_TOP_FOLDERS if code else _SURE_FOLDERS)


def route(word: str) -> str:
    """Return a route of an HTTP interface without the marks of its parameters; empty: it is none.

    ``/api/users/{id}?page=2`` becomes ``/api/users/id``. What has an extension, or begins with a folder of a file
    system, is a file.
    """
    found = _ROUTE.fullmatch(word)
    if found is None:
        return ""
    first, _, _ = found[1][1:].partition("/")
    is_file = first in _TOP_FOLDERS or first in _ROOT_FOLDERS or _EXTENSION.search(found[1]) is not None
    return "" if is_file else _PARAMETER.sub("", found[1]).rstrip("/")


def last_segment(path: str) -> str:
    """``src/lib.rs`` becomes ``lib.rs``, ``src/utils/`` becomes ``utils``, ``src/**`` becomes ``src``."""
    path = _ANCHOR.sub("", path)
    separator = "\\" if "\\" in path else "/"
    path = path.rstrip(separator)
    named, _, stars = path.rpartition(separator)
    while stars in ("*", "**", "...") and named.strip("*./"):
        path = named
        named, _, stars = path.rpartition(separator)
    return stars


def place(word: str, words: Phrases) -> tuple[str, str] | None:
    """Divide ``src/lib.rs:42`` into the path and ``line 42``; None when it does not name a line of a file."""
    found = _PLACE.fullmatch(word)
    if found is None:
        return None
    path = found["path"]
    name = last_segment(path)
    if name.lower() not in _EXTENSIONLESS:
        if not (_FILE_NAME.fullmatch(name) or is_path(path, code=True)):
            return None
        if name == path and name.rpartition(".")[2].lower() in _DOMAIN_ENDINGS:
            return None  # host:port
    line = found["line"] or found["line2"] or found["line3"]
    last = found["last"] or found["last2"]
    return path, words.lines.format(line, last) if last and last != line else words.line.format(line)
