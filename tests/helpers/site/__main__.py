"""Builder of the documentation site: README.md as its first page, docs/guide, docs/internals, and the project's files.

    python -P -m helpers.site     build build/docs/site with mkdocs in strict mode (make docs)

Links between files of the repository become links between pages of the site. The build fails if a link of a page leads
nowhere, or if the site would load anything from another host.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Final

from helpers.project.shadow_tree import REPOSITORY

BUILD: Final = REPOSITORY / "build" / "docs"

MOVED: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "LICENSE": "project/LICENSE.txt",
}
"""Files outside docs/, and their places in the site."""

SECTIONS: Final = {"guide": "Guide", "internals": "Internals", "project": "Project"}
"""Folders of the site, in the order of the navigation."""

FIRST: Final = (
    "guide/install.md",
    "guide/agents.md",
    "guide/interactive.md",
    "guide/models.md",
    "guide/voices.md",
    "guide/configuration.md",
    "guide/options.md",
    "guide/controls.md",
    "internals/architecture.md",
    "internals/protocol.md",
    "internals/engines.md",
    "internals/formats.md",
    "internals/speech.md",
    "internals/inference.md",
    "internals/reliability.md",
    "internals/performance.md",
    "internals/performance-notes.md",
)
"""Pages that begin their section; the others follow by name."""

STYLES: Final = Path(__file__).with_name("site.css")

_LINK: Final = re.compile(r"(\]\(|(?:src|href)=\")([^)\s\"#]+)(#[^)\s\"]*)?(?=[)\"])")
_CODE: Final = re.compile(r"(^ *```.*?^ *```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)

_LOADED: Final = re.compile(
    r"<(?:script|img|iframe|source|audio)[^>]*\ssrc=\"?(https?:)?//|<link[^>]*href=\"?https?://|url\(https?:"
)
"""Elements that load from another host when a page is shown; a link that is clicked is none."""


def place(file: str) -> str:
    """Return where a file of the repository stands in the site."""
    return MOVED.get(file, file.removeprefix("docs/"))


def linked(text: str, file: str) -> str:
    """Return the text of a page with the links of the site.

    Args:
        text: Markdown.
        file: its path in the repository.
    """
    here = posixpath.dirname(place(file))

    def relinked(match: re.Match[str]) -> str:
        start, target, anchor = match.groups()
        if re.match(r"[a-z]+:", target):
            return match.group()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        return f"{start}{posixpath.relpath(place(path), here or '.')}{anchor or ''}"

    def part(number: int, text: str) -> str:
        if number % 2 == 0:
            return _LINK.sub(relinked, text)
        # GitHub needs the backslash in a cell of a table; Python-Markdown would show it.
        return text if "\n" in text else text.replace(r"\|", "|")

    return "".join(part(number, text) for number, text in enumerate(_CODE.split(text)))


def pages(files: list[str]) -> list[object]:
    """Return the navigation: the first page, then the sections.

    Args:
        files: paths of pages in the site.
    """
    order = {page: number for number, page in enumerate(FIRST)}
    found: list[object] = [{"Overview": "index.md"}]
    for folder, title in SECTIONS.items():
        inside = [page for page in files if page.startswith(f"{folder}/")]
        found.append({title: sorted(inside, key=lambda page: (order.get(page, len(order)), page))})
    return found


def stage(target: Path) -> list[str]:
    """Copy all pages and their pictures to a directory, linked anew; returns the places of the pages."""
    shutil.rmtree(target, ignore_errors=True)
    docs = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "docs").rglob("*.*"))]
    found: list[str] = []
    for file in [*MOVED, *docs]:
        copy = target / place(file)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if PurePosixPath(file).suffix == ".md":
            copy.write_text(linked((REPOSITORY / file).read_text(encoding="utf-8"), file), encoding="utf-8")
            found.append(place(file))
        else:
            shutil.copyfile(REPOSITORY / file, copy)
    shutil.copyfile(STYLES, target / STYLES.name)
    return found


def loading(site: Path) -> list[str]:
    """Return the pages that would load something from another host, with what they load."""
    found: list[str] = []
    for page in [*site.rglob("*.html"), *site.rglob("*.css")]:
        match = _LOADED.search(page.read_text(encoding="utf-8"))
        if match:
            found.append(f"{page.relative_to(site)}: {match.group()}")
    return found


def main() -> int:
    """Build the site; returns the exit code."""
    files = stage(BUILD / "source")
    settings = {
        "INHERIT": str(REPOSITORY / "mkdocs.yml"),
        "docs_dir": "source",
        "site_dir": "site",
        "nav": pages(files),
        "extra_css": [STYLES.name],
    }
    # JSON is YAML.
    (BUILD / "mkdocs.yml").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "mkdocs", "build", "--strict", "--clean"]
    command += ["--config-file", str(BUILD / "mkdocs.yml")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement of its authors' next program
    # Not --quiet: mkdocs would not count the warnings that strict mode turns into failures.
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        print(built.stdout, built.stderr)
        return 1
    if found := loading(BUILD / "site"):
        print("loaded from other hosts:", *found, sep="\n")
        return 1
    print(f"{len(files)} pages: {(BUILD / 'site' / 'index.html').relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
