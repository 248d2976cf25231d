"""Import contracts: which folder may import which, and no circles between modules."""

from __future__ import annotations

from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

import pytest

from helpers.project import syntax
from helpers.project.shadow_tree import REPOSITORY, ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from helpers.project.syntax import Facts

LAYERS = (
    (
        "voicestream",
        "voicestream.errors",
        "voicestream.msgspec_import",
        "voicestream.records",
        "voicestream.terminal_text",
        "voicestream.exception_summary",
    ),
    ("voicestream.atomic_files", "voicestream.bounded_file", "voicestream.telemetry"),
    ("voicestream.protocol",),
    ("voicestream.config",),
    ("voicestream.log", "voicestream.history"),
    ("voicestream.engines",),
    ("voicestream.models",),
    ("voicestream.voices",),
    ("voicestream.workers", "voicestream.supervisor", "voicestream.client"),
    ("voicestream.serve",),
    ("voicestream.bench", "voicestream.doctor"),
    ("voicestream.cli", "voicestream.demo"),
    ("voicestream.__main__",),
)
"""Lowest first: a module imports its own layer and those below. Within a layer folders do not import each other."""

WORKERS = ("parser", "translation", "tts", "player")

SHARED = ("connection", "harness", "engine_loading", "local_fallback", "inference", "text", "espeak_ng", "onnx_voice")
"""Modules and folders of ``workers`` that several workers or engines use."""

SUPERVISOR = (("ledger", "hub", "signals"), ("sessions", "hooks"), ("processes",), ("reporting",))
"""Folders of the supervisor, lowest first; the modules beside them may import all."""

MAX_FILES = 15


class Import(NamedTuple):
    """One import statement, at run time or for type checkers."""

    importer: str
    imported: str


@cache
def modules() -> Mapping[str, Facts]:
    """All modules by their installed name."""
    return {
        ".".join(facts.place.with_suffix("").parts).removesuffix(".__init__"): facts
        for facts in syntax.modules().values()
    }


def imported_by(facts: Facts) -> Iterator[str]:
    for module, name in facts.imports:
        inner = f"{module}.{name}"
        yield inner if inner in modules() else module


@cache
def imports() -> frozenset[Import]:
    """All imports of our own modules, wherever in a file they stand."""
    return frozenset(
        Import(name, other)
        for name, facts in modules().items()
        for other in imported_by(facts)
        if other in modules() and other != name
    )


def layer_of(module: str) -> tuple[int, str]:
    """Number of the layer, and the folder in it, of a module."""
    found = [
        (index, folder)
        for index, layer in enumerate(LAYERS)
        for folder in layer
        if module == folder or (folder != "voicestream" and module.startswith(f"{folder}."))
    ]
    assert found, f"{module} is in no layer: add it to LAYERS"
    return max(found, key=lambda one: len(one[1]))


def of(folder: str, module: str) -> str:
    """First part of a module's name below a folder; empty if it is elsewhere."""
    return module.removeprefix(f"{folder}.").partition(".")[0] if module.startswith(f"{folder}.") else ""


def shown(wrong: list[Import]) -> str:
    return "\n".join(f"{one.importer} imports {one.imported}" for one in sorted(wrong))


def test_layers_import_only_downwards() -> None:
    wrong: list[Import] = []
    for one in imports():
        (above, folder), (below, other) = layer_of(one.importer), layer_of(one.imported)
        if below > above or (below == above and folder != other and len(LAYERS[above]) > 1 and above > 0):
            wrong.append(one)
    assert not wrong, shown(wrong)


def test_workers_and_engines_import_no_sibling() -> None:
    wrong: list[Import] = []
    for one in imports():
        importer, imported = of("voicestream.workers", one.importer), of("voicestream.workers", one.imported)
        if importer in WORKERS:
            if imported in {*WORKERS, "engines"} - {importer}:
                wrong.append(one)
        elif importer == "engines":
            engine, other = (
                of("voicestream.workers.engines", one.importer),
                of("voicestream.workers.engines", one.imported),
            )
            if imported in WORKERS or (other and engine != other):
                wrong.append(one)
        elif importer in SHARED and imported in {*WORKERS, "engines"}:
            wrong.append(one)
    assert not wrong, shown(wrong)


def test_the_pure_parts_of_the_supervisor_import_only_downwards() -> None:
    level = {folder: index for index, layer in enumerate(SUPERVISOR) for folder in layer}
    wrong: list[Import] = []
    for one in imports():
        importer, imported = of("voicestream.supervisor", one.importer), of("voicestream.supervisor", one.imported)
        if importer in level and imported and importer != imported and level.get(imported, 99) >= level[importer]:
            wrong.append(one)
    assert not wrong, shown(wrong)


def test_modules_import_in_no_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for one in imports():
        graph[one.importer].add(one.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_every_folder_of_the_workers_has_a_place_in_the_contracts() -> None:
    found = {part for name in modules() if (part := of("voicestream.workers", name))}
    assert found == {*WORKERS, *SHARED, "engines"}


def test_no_folder_has_more_than_fifteen_files() -> None:
    files = (file for root in (*ROOTS, "tests") for file in (REPOSITORY / root).rglob("*.py"))
    sizes = Counter(file.parent.relative_to(REPOSITORY).as_posix() for file in files if file.name != "__init__.py")
    assert {folder: size for folder, size in sizes.items() if size > MAX_FILES} == {}
