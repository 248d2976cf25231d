"""Pages about packages: licences of every installed dependency as its metadata state them, and all extras."""

from __future__ import annotations

import re
from typing import Final

from helpers.project.shadow_tree import PYPROJECT, REPOSITORY
from helpers.release import licences

COMBINED: Final = {"light", "neural"}
"""Extras that only combine others."""

NOT_INSTALLED_BY_USERS: Final = {"dev", "dist", "docs", "real-weights"}


def test_the_page_agrees_with_what_is_installed() -> None:
    assert licences.differences(licences.PAGE.read_text(encoding="utf-8")) == [], "make licences"


def test_a_dependency_that_is_missing_or_differs_is_reported() -> None:
    page = licences.PAGE.read_text(encoding="utf-8")
    assert licences.differences(page.replace("| click | BSD-3-Clause |", "| click | MIT |")) == [
        "click is BSD-3-Clause, listed as MIT"
    ]
    assert licences.differences(page.replace("| click |", "| clack |")) == ["click (BSD-3-Clause, base) is not listed"]


def test_every_extra_for_users_is_covered() -> None:
    extras = set(PYPROJECT["project"]["optional-dependencies"])
    assert extras - COMBINED - NOT_INSTALLED_BY_USERS == set(licences.EXTRAS)


def test_the_guide_describes_every_extra_for_users() -> None:
    page = (REPOSITORY / "docs" / "guide" / "install.md").read_text(encoding="utf-8")
    section = page.partition("\n## Extras\n")[2].partition("\n## ")[0]
    extras = set(PYPROJECT["project"]["optional-dependencies"]) - NOT_INSTALLED_BY_USERS
    kernels = {"kernels"}  # torch for CUDA brings it along
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == extras - kernels
