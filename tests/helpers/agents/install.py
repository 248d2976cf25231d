"""Installation of the agents from npm, at their pinned versions, into a cache."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from helpers.agents.clients import CLIENTS

if TYPE_CHECKING:
    from pathlib import Path


OLDEST_NODE: Final = 20
"""For Gemini CLI; the others bring programs that need none."""


def installed(cache: Path) -> Path | None:
    """Return the folder with the agents' programs; None, and a hint on stderr, when they cannot be installed."""
    if shutil.which("npm") is None or _node() < OLDEST_NODE:
        print(f"the agents need npm and Node {OLDEST_NODE} or newer", file=sys.stderr)
        print("Try: sudo apt-get install nodejs npm, or https://nodejs.org", file=sys.stderr)
        return None
    if shutil.which("tmux") is None:
        print("interactive agents need tmux", file=sys.stderr)
        print("Try: sudo apt-get install tmux", file=sys.stderr)
        return None
    folder = (cache / "npm").absolute()
    programs = folder / "node_modules" / ".bin"
    wanted = {"private": True, "dependencies": {client.package: client.version for client in CLIENTS}}
    manifest = folder / "package.json"
    stamp = folder / "installed.json"
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == wanted:
        return programs
    folder.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps(wanted), encoding="utf-8")
    print("installing the agents (640 MB on disk, some minutes)", flush=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error"]
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:
        print("npm could not install the agents", file=sys.stderr)
        print("Try: npm ping", file=sys.stderr)
        return None
    stamp.write_text(json.dumps(wanted), encoding="utf-8")
    return programs


def _node() -> int:
    """The major version of Node; 0 when there is none."""
    if shutil.which("node") is None:
        return 0
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0
