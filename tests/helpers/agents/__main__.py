"""Runs real coding agents against a stand-in API, into ``voicestream run``, and compares speech and script.

    make agents
    PYTHONPATH=tests python -P -m helpers.agents [--agent claude] [--scenario cut]

Installs the agents from npm at their pinned versions. Prints their versions and a table; the exit code is 1 when
anything is missing, doubled, out of order, or was not in the script.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.agents.clients import CLIENTS
from helpers.agents.install import installed
from helpers.agents.interactive import SESSIONS, run_session
from helpers.agents.isolation import isolate
from helpers.agents.run import Installed, run_scenario
from helpers.agents.scenarios import scenarios
from helpers.agents.table import report
from helpers.process.running import voicestream_place

if TYPE_CHECKING:
    from helpers.agents.clients import Client
    from helpers.agents.run import Outcome

CACHE: Final = Path(".pytest_cache") / "agents"


def main() -> int:
    """Run all scenarios, or those that are named."""
    parser = argparse.ArgumentParser(description="Real agents, and what is spoken of them.")
    parser.add_argument("--agent", action="append", choices=[client.name for client in CLIENTS])
    parser.add_argument("--scenario", action="append")
    chosen = parser.parse_args()
    programs = installed(CACHE)
    if programs is None:
        return 1
    print(isolate(), flush=True)
    clients = [client for client in CLIENTS if not chosen.agent or client.name in chosen.agent]
    outcomes: dict[tuple[str, str], Outcome] = {}
    for client in clients:
        print(f"{client.title} {_version(programs, client)}", flush=True)
    streams = CACHE / "streams"
    shutil.rmtree(streams, ignore_errors=True)
    with voicestream_place() as place:
        for client in clients:
            for scenario in scenarios(client):
                if chosen.scenario and scenario.name not in chosen.scenario:
                    continue
                folder = (streams / f"{client.name}-{scenario.name.replace(' ', '-').replace(',', '')}").absolute()
                outcome = run_scenario(place, Installed(client, programs / client.name), scenario, folder)
                outcomes[client.name, scenario.name] = outcome
                _show(client.name, scenario.name, outcome)
        for session in SESSIONS:
            if session.client not in clients or session.name not in (chosen.scenario or [session.name]):
                continue
            folder = (streams / f"{session.client.name}-{session.name.partition(',')[0]}").absolute()
            outcome = run_session(place, Installed(session.client, programs / session.client.name), session, folder)
            outcomes[session.client.name, session.name] = outcome
            _show(session.client.name, session.name, outcome)
    print(report(clients, outcomes))
    return 0 if outcomes and not any(outcome.faults for outcome in outcomes.values()) else 1


def _show(client: str, scenario: str, outcome: Outcome) -> None:
    shown = "well" if not outcome.faults else "; ".join(outcome.faults)
    print(f"{client}, {scenario} ({outcome.seconds:.1f} s): {shown}", flush=True)


def _version(programs: Path, client: Client) -> str:
    done = subprocess.run([programs / client.name, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
