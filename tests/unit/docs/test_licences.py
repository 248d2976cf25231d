"""The licences page lists every dependency that is installed, with the licence its metadata state."""

from __future__ import annotations

from typing import Final

from helpers.project.shadow_tree import PYPROJECT
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
