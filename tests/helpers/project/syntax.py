"""Facts about the syntax of modules, collected in one pass and without keeping the trees."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from helpers.project.shadow_tree import REPOSITORY, installed_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass
class Facts:
    """One module."""

    path: str
    """In the repository."""
    place: Path
    """Below site-packages."""
    text: str
    identifiers: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Names that are defined or used, with their lines."""
    docstrings: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Also those of attributes, with their lines."""
    texts: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """All other strings, with their lines."""
    imports: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Module and name; the name is empty where the module itself is imported."""


@cache
def modules() -> Mapping[str, Facts]:
    """Facts about each installed module, by its path in the repository."""
    return {
        facts.path: facts
        for source, place in installed_files()
        if source.suffix == ".py"
        for facts in [_facts(source, place)]
    }


def _facts(source: Path, place: Path) -> Facts:
    text = source.read_text(encoding="utf-8")
    facts = Facts(source.relative_to(REPOSITORY).as_posix(), place, text)
    documented: set[ast.expr] = set()
    for node in ast.walk(ast.parse(text)):  # parents come before their children
        _read(node, facts, documented)
    return facts


def _read(node: ast.AST, facts: Facts, documented: set[ast.expr]) -> None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            facts.identifiers.append((node.lineno, name))
        case ast.Constant(value=str(text)):
            (facts.docstrings if node in documented else facts.texts).append((node.lineno, text))
        case ast.Expr(value=ast.Constant() as value):
            documented.add(value)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            facts.identifiers.append((node.lineno, name))
        case ast.alias(name=name, asname=other):
            facts.identifiers.append((node.lineno, other or name.rpartition(".")[2]))
        case ast.ImportFrom(module=str(module), names=names):
            facts.imports.extend((module, alias.name) for alias in names)
        case ast.Import(names=names):
            facts.imports.extend((alias.name, "") for alias in names)
        case _:
            pass
