"""Agents from npm: their pinned versions, and how each is started against the stand-in API."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.agents.script import Json

KEY: Final = "stand-in-key"
"""An API key that is none."""
Environment = dict[str, str]


@dataclass(frozen=True)
class Client:
    """One agent."""

    name: str
    """Of its program, too."""
    title: str
    package: str
    version: str
    arguments: tuple[str, ...]
    """Of every call; ``{address}`` is the stand-in's."""
    settings: Callable[[str], tuple[str, Json]] | None
    """A file below HOME and what is in it, by the address of the stand-in."""
    environment: Callable[[str], Environment]
    """Variables, by the address of the stand-in."""


def base_environment(home: Path, address: str) -> Environment:
    """Variables of every agent: a HOME of its own, and the stand-in as a proxy, which refuses all other hosts."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "CI": "true",
        "DO_NOT_TRACK": "1",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
    }


def prepare(client: Client, home: Path, address: str) -> None:
    """Write the agent's settings."""
    (home / "tmp").mkdir(exist_ok=True)
    if client.settings is not None:
        name, settings = client.settings(address)
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")


def _claude(address: str) -> Environment:
    silent = ("DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "DISABLE_AUTOUPDATER", "DISABLE_BUG_COMMAND")
    return {
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2",
        # In a network namespace, and in a container, the user is root, who may not skip permissions otherwise.
        "IS_SANDBOX": "1",
        **dict.fromkeys(silent, "1"),
    }


def _codex(address: str) -> Environment:
    del address
    return {"STAND_IN_KEY": KEY, "CODEX_SANDBOX_NETWORK_DISABLED": "1"}


def _gemini(address: str) -> Environment:
    return {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": address}


def _gemini_settings(address: str) -> tuple[str, Json]:
    del address
    return ".gemini/settings.json", {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "telemetry": {"enabled": False},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "maxAttempts": 2},
        "experimental": {"plan": True},
    }


def _opencode(address: str) -> Environment:
    del address
    names = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "SHARE")
    return {f"OPENCODE_DISABLE_{name}": "1" for name in names}


def _opencode_settings(address: str) -> tuple[str, Json]:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Stand-in",
        "options": {"baseURL": f"{address}/v1", "apiKey": KEY},
        "models": {"stand-in": {"name": "Stand-in"}},
    }
    return ".config/opencode/opencode.json", {
        "autoupdate": False,
        "share": "disabled",
        "model": "stand-in/stand-in",
        "provider": {"stand-in": provider},
    }


_CODEX_PROVIDER: Final = (
    '{name="stand-in",base_url="{address}/v1",wire_api="responses",env_key="STAND_IN_KEY",'
    "request_max_retries=1,stream_max_retries=2}"
)

CLAUDE: Final = Client("claude", "Claude Code", "@anthropic-ai/claude-code", "2.1.332", ("-p",), None, _claude)
CODEX_OPTIONS: Final = (
    *("-c", "model=gpt-5", "-c", "model_provider=stand-in"),
    *("-c", f"model_providers.stand-in={_CODEX_PROVIDER}"),
    *("-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false"),
    *("-c", "features.plugins=false", "-c", "features.apps=false"),
)
"""Of interactive sessions, too."""
CODEX: Final = Client(
    "codex",
    "Codex",
    "@openai/codex",
    "0.171.0",
    ("exec", "--skip-git-repo-check", "-s", "danger-full-access", *CODEX_OPTIONS),
    None,
    _codex,
)
GEMINI: Final = Client(
    "gemini",
    "Gemini CLI",
    "@google/gemini-cli",
    "0.61.0",
    ("-m", "gemini-2.5-pro", "--skip-trust"),
    _gemini_settings,
    _gemini,
)
OPENCODE: Final = Client(
    "opencode",
    "opencode",
    "opencode-ai",
    "1.18.33",
    (),
    _opencode_settings,
    _opencode,
)
CLIENTS: Final = (CLAUDE, CODEX, GEMINI, OPENCODE)
