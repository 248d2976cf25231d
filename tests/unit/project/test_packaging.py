"""The wheel holds what the tree holds, at the places `package-dir` names, and nothing else."""

import importlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from helpers.project.shadow_tree import PYPROJECT, REPOSITORY, ROOTS
from voicestream.engines.spec import EngineSpec

LISTED = set(PYPROJECT["tool"]["setuptools"]["packages"])

ENTRY_POINTS = [
    *PYPROJECT["project"]["scripts"].values(),
    *(target for group in PYPROJECT["project"]["entry-points"].values() for target in group.values()),
]


def places(repository: Path) -> set[Path]:
    """Return where each file of the three roots belongs below site-packages."""
    return {
        Path(*package.split(".")) / file.relative_to(repository / folder)
        for package, folder in ROOTS.items()
        for file in (repository / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build reads: setuptools would otherwise take old files from `build/` along."""
    target = tmp_path_factory.mktemp("copy")
    for folder in ROOTS.values():
        shutil.copytree(REPOSITORY / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, target)
    return target


@pytest.fixture(scope="module")
def wheel(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> set[Path]:
    """The names of the files in the wheel."""
    target = tmp_path_factory.mktemp("wheel")
    build = subprocess.run(
        [sys.executable, "-c", f"from setuptools import build_meta; build_meta.build_wheel({str(target)!r})"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, f"the wheel cannot be built:\n{build.stdout}{build.stderr}"
    (file,) = target.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        return {Path(name) for name in archive.namelist()}


def test_every_package_of_the_tree_is_listed_in_pyproject() -> None:
    in_tree = {".".join(place.parent.parts) for place in places(REPOSITORY) if place.suffix == ".py"}
    missing = "".join(f'\n    "{name}",' for name in sorted(in_tree - LISTED))
    assert not missing, f"add to `packages` under [tool.setuptools] in pyproject.toml:{missing}"
    surplus = "".join(f'\n    "{name}",' for name in sorted(LISTED - in_tree))
    assert not surplus, f"remove from `packages` under [tool.setuptools] in pyproject.toml:{surplus}"


def test_every_package_has_an_init_file() -> None:
    in_tree = places(REPOSITORY)
    folders = {place.parent for place in in_tree if place.suffix == ".py"}
    assert not [str(folder) for folder in folders if folder / "__init__.py" not in in_tree]


def test_the_wheel_holds_every_file_of_the_tree_and_no_other(wheel: set[Path], copy: Path) -> None:
    installed = {name for name in wheel if not name.parts[0].endswith(".dist-info")}
    in_tree = places(copy)
    lacking = sorted(map(str, in_tree - installed))
    assert not lacking, f"in the tree and not in the wheel (see [tool.setuptools] in pyproject.toml): {lacking}"
    assert not sorted(map(str, installed - in_tree))


def test_the_wheel_puts_only_voicestream_at_the_top(wheel: set[Path]) -> None:
    version = PYPROJECT["project"]["version"]
    assert {name.parts[0] for name in wheel} == {"voicestream", f"voicestream-{version}.dist-info"}


def test_the_wheel_carries_the_licence(wheel: set[Path]) -> None:
    assert [name for name in wheel if name.name == "LICENSE"]


def test_the_version_is_the_same_everywhere() -> None:
    import voicestream

    assert voicestream.__version__ == PYPROJECT["project"]["version"]


@pytest.mark.parametrize("target", ENTRY_POINTS)
def test_every_entry_point_leads_to_something(target: str) -> None:
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)
    assert callable(found) or isinstance(found, EngineSpec)


def test_the_top_level_holds_only_the_agreed_folders() -> None:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        assert not (REPOSITORY / ".git").exists(), done.stderr
        return
    folders = {Path(line).parts[0] for line in done.stdout.splitlines() if "/" in line}
    assert {folder for folder in folders if not folder.startswith(".")} <= {
        "docs",
        "supervisor",
        "tests",
        "voicestream",
        "workers",
    }
