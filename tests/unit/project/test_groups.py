"""Tests of one group run in one process, one after another: what listens to sound or measures relies on it."""

from __future__ import annotations

import pytest


def test_the_groups_of_this_project_reach_the_scheduler(request: pytest.FixtureRequest, worker_id: str) -> None:
    if worker_id == "master":
        pytest.skip("only where tests are spread over processes: -n 2 --dist loadgroup")
    assert request.node.nodeid.endswith("@unit/project/test_groups.py")
