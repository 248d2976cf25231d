"""Table of agents and scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helpers.agents.clients import Client
    from helpers.agents.run import Outcome


def report(clients: Sequence[Client], outcomes: Mapping[tuple[str, str], Outcome]) -> str:
    """Return the table, a row a scenario; ``-`` where an agent has no such thing."""
    names = list(dict.fromkeys(scenario for _, scenario in outcomes))
    rows = [["", *(client.title for client in clients)]]
    rows += [[name, *(_cell(outcomes.get((client.name, name))) for client in clients)] for name in names]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    failed = sum(bool(outcome.faults) for outcome in outcomes.values())
    lines.append(f"{len(outcomes)} scenarios, {failed} failed, {sum(o.seconds for o in outcomes.values()):.0f} s")
    for client in clients:
        hosts = sorted({host for (name, _), o in outcomes.items() if name == client.name for host in o.strangers})
        if hosts:
            lines.append(f"{client.title} was refused: {', '.join(hosts)}")
    return "\n".join(lines)


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    return "FAILED" if outcome.faults else "ok"
