"""Configuration file ``serve.yaml`` for ``serve deploy`` and KubeRay. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from voicestream import telemetry
from voicestream.serve.settings import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.serve.settings import ServeSettings

IMPORT_PATH: Final = "voicestream.serve.deployments:build"

_HEADER: Final = f"""\
# For `serve deploy serve.yaml`, and for serveConfigV2 of KubeRay's RayService.
# The nodes need voicestream[serve], the engines with their models, and the bearer
# token in the environment variable {TOKEN_VARIABLE} (in Kubernetes: a Secret).
"""


def text(settings: ServeSettings, host: str, port: int) -> str:
    """Return the file for a server.

    Args:
        settings: of the server.
        host: address at which each node listens.
        port: at which it listens.
    """
    environment = {**telemetry.OFF, **telemetry.OFFLINE}
    config: dict[str, Any] = {
        "proxy_location": "EveryNode",
        "http_options": {"host": host, "port": port},
        "logging_config": {"log_level": "WARNING", "enable_access_log": False},
        "applications": [
            {
                "name": "voicestream",
                "route_prefix": "/",
                "import_path": IMPORT_PATH,
                "runtime_env": {"env_vars": environment},
                "args": msgspec.to_builtins(settings),
            }
        ],
    }
    return _HEADER + "\n".join(_lines(config, "")) + "\n"


def _lines(found: object, indent: str) -> Iterator[str]:
    """Yield the lines of a value in YAML; its scalars are those of JSON."""
    if isinstance(found, dict):
        for key, one in cast("dict[str, object]", found).items():
            if one and isinstance(one, dict | list):
                yield f"{indent}{key}:"
                yield from _lines(cast("object", one), f"{indent}  ")
            else:
                yield f"{indent}{key}: {json.dumps(one)}"
    elif isinstance(found, list):
        for one in cast("list[object]", found):
            first, *rest = _lines(one, f"{indent}  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
    else:
        yield f"{indent}{json.dumps(found)}"
