"""The tree type checkers read: every module stands at the place where it is installed.

`workers/` and `supervisor/` install as `voicestream.workers` and `voicestream.supervisor`. Type checkers do
not know setuptools' `package-dir`, so they get a tree of links, one a file, with the installed names. A
checker that finds nothing there might also be looking at nothing: so errors are planted in each root, and
both checkers must report them all.

    python -P tests/helpers/project/shadow_tree.py link     make build/types
    python -P tests/helpers/project/shadow_tree.py check    make it, run mypy and pyright on it, prove that they see
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

REPOSITORY: Final = Path(__file__).resolve().parents[3]
PYPROJECT: Final = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))

# package name -> folder in the repository, as setuptools reads it
ROOTS: Final[dict[str, str]] = PYPROJECT["tool"]["setuptools"]["package-dir"]

# The whole tree takes seconds; a checker that hangs must not hang the build.
CHECKER_TIMEOUT_SECONDS: Final = 600


class Finding(NamedTuple):
    """What one checker said."""

    checker: str
    exit_code: int
    output: str


def installed_files(repository: Path = REPOSITORY) -> Iterator[tuple[Path, Path]]:
    """Yield (source, place below site-packages) of all that a type checker reads in the three roots."""
    for package, folder in ROOTS.items():
        for source in sorted((repository / folder).rglob("*")):
            if source.suffix in {".py", ".pyi"} or source.name == "py.typed":
                yield source, Path(*package.split(".")) / source.relative_to(repository / folder)


def files_of_roots() -> Iterator[tuple[Path, Path]]:
    """Yield of `installed_files` the `__init__.py` and `py.typed` of each root."""
    tops = {Path(*package.split(".")) for package in ROOTS}
    yield from (found for found in installed_files() if found[1].parent in tops and found[1].stem in {"__init__", "py"})


def link(target: Path, files: Iterable[tuple[Path, Path]] | None = None) -> None:
    """Bring `target` to what `installed_files` says, or to `files`, links that lead nowhere removed."""
    wanted = {target / place: source for source, place in (installed_files() if files is None else files)}
    for old in list(target.rglob("*")):
        if old.is_symlink() and old not in wanted:
            old.unlink(missing_ok=True)
    for place, source in wanted.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink() or place.readlink() != source:
            place.unlink(missing_ok=True)
            place.symlink_to(source)
    settings = {
        **PYPROJECT["tool"]["pyright"],
        "stubPath": str(REPOSITORY / PYPROJECT["tool"]["pyright"]["stubPath"]),
    }
    (target / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")


def run_mypy(tree: Path) -> Finding:
    """Check the whole package in `tree`."""
    arguments = [
        "mypy",
        "--config-file",
        str(REPOSITORY / "pyproject.toml"),
        "--no-error-summary",
        "-p",
        "voicestream",
    ]
    return _run("mypy", arguments, tree)


def run_pyright(tree: Path) -> Finding:
    """Check the whole package in `tree`."""
    return _run("pyright", ["pyright", "--project", str(tree), "--pythonpath", sys.executable], tree)


def _run(checker: str, arguments: list[str], tree: Path) -> Finding:
    done = subprocess.run(
        [sys.executable, "-P", "-m", *arguments],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=CHECKER_TIMEOUT_SECONDS,
    )
    return Finding(checker, done.returncode, _as_in_repository(done.stdout + done.stderr, tree))


def _as_in_repository(output: str, tree: Path) -> str:
    """Name the files as they are called in the repository, so that an editor finds them."""
    output = output.replace(f"{tree}/", "")
    for package, folder in ROOTS.items():
        output = output.replace(package.replace(".", "/") + "/", folder + "/")
    return output


CHECKERS: Final[tuple[Callable[[Path], Finding], ...]] = (run_mypy, run_pyright)


def check() -> list[Finding]:
    """Run both checkers on build/types, at the same time."""
    tree = REPOSITORY / "build" / "types"
    link(tree)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda checker: checker(tree), CHECKERS))


def plant(tree: Path) -> list[str]:
    """Put a module with two errors into each root of `tree`, and return what a checker's output must name.

    The first is an error of the module itself; the second exists only for a checker that knows what the
    neighbouring root's module returns, that is, one that understands where the roots are installed.
    """
    planted: list[str] = []
    packages = list(ROOTS)
    for package, neighbour in zip(packages, [*packages[1:], packages[0]], strict=True):
        place = tree.joinpath(*package.split("."), "planted.py")
        place.write_text(
            f"from {neighbour}.planted import number as theirs\n"
            "\n"
            "\n"
            "def number() -> int:\n"
            '    return "not a number"\n'
            "\n"
            "\n"
            "TEXT: str = theirs()\n",
            encoding="utf-8",
        )
        planted += [f"{ROOTS[package]}/planted.py:5", f"{ROOTS[package]}/planted.py:8"]
    return planted


def unseen_errors() -> list[str]:
    """Plant errors in a tree that has the roots alone; return those that a checker did not report."""
    (REPOSITORY / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="planted-", dir=REPOSITORY / "build") as folder:
        tree = Path(folder)
        link(tree, files_of_roots())
        wanted = plant(tree)
        with ThreadPoolExecutor() as pool:
            findings = list(pool.map(lambda checker: checker(tree), CHECKERS))
    return [f"{f.checker} did not report {place}" for f in findings for place in wanted if place not in f.output]


def main(arguments: list[str]) -> int:
    """Do what `arguments` name; return the exit code."""
    if arguments == ["link"]:
        link(REPOSITORY / "build" / "types")
        return 0
    if arguments != ["check"]:
        print(__doc__, file=sys.stderr)
        return 2
    bad = False
    for finding in check():
        if finding.exit_code != 0:
            bad = True
            print(f"-- {finding.checker}\n{finding.output}")
    unseen = unseen_errors()
    for sentence in unseen:
        print(sentence)
    return int(bad or bool(unseen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
