"""Service definitions: a systemd user unit (systemd.service(5)), a launchd agent (launchd.plist(5))."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Final

from voicestream.client.inherited_environment import is_taken
from voicestream.errors import EXIT_CONFIGURATION, EXIT_USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNIT: Final = "voicestream.service"

LABEL: Final = "voicestream.supervisor"

MARK: Final = "Written by voicestream service install"
"""Words by which our files are known."""

_NAMES: Final = frozenset({"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "HF_HOME"})


def environment_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a service gets: ours and directories; no secrets."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if (name.startswith("VOICESTREAM_") or name in _NAMES) and is_taken(name) and value.isprintable()
    }


def systemd_unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return a user unit.

    Args:
        command: of a supervisor in the foreground.
        environment: variables for it.
    """
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    words = " ".join(_quoted(word).replace("$", "$$") for word in command)
    return f"""# {MARK}
[Unit]
Description=voicestream supervisor
Documentation=man:voicestream(1)
After=pipewire.service pulseaudio.service

[Service]
Type=exec
ExecStart={words}
{variables}Restart=on-failure
RestartPreventExitStatus={EXIT_USAGE} {EXIT_CONFIGURATION}
KillMode=mixed
TimeoutStopSec=20

[Install]
WantedBy=default.target
"""


def launchd_agent(command: Sequence[str], environment: Mapping[str, str], log: str) -> bytes:
    """Return a property list.

    Args:
        command: of a supervisor in the foreground.
        environment: variables for it.
        log: path of a file for its stderr.
    """
    agent = {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "EnvironmentVariables": dict(environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        # A failure that needs a change is tried again once a minute.
        "ThrottleInterval": 60,
        "ProcessType": "Interactive",
        "StandardErrorPath": log,
    }
    return plistlib.dumps(agent, sort_keys=False).replace(b"<plist", f"<!-- {MARK} -->\n<plist".encode(), 1)


def _quoted(word: str) -> str:
    """Quote a word for a unit; a percent sign begins a specifier there."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
