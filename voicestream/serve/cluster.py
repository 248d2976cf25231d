"""Local cluster of Ray with the server in it: on the loopback interface, gone when this process ends.

Usage statistics and the dashboard are off. Import this module within ``private_run`` only: Ray reads its environment
when it is imported.
"""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Final

import msgspec
import ray
from ray import serve

from voicestream.errors import ConfigurationError
from voicestream.serve import deployments, start_signals
from voicestream.serve.private_run import FILES, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from voicestream.serve.private_run import Address
    from voicestream.serve.settings import ServeSettings

OBJECT_STORE_BYTES: Final = 100 << 20
"""Shared memory of Ray; sound is sent in small pieces and seldom needs it."""

_ERROR: Final = re.compile(r"^(?:\S*\.)?(\w+Error): (.+)$", re.MULTILINE)


@contextlib.contextmanager
def running(settings: ServeSettings, address: Address, directory: Path) -> Generator[None]:
    """Start the server, and stop it at the end.

    Args:
        settings: of the server.
        address: at which it listens.
        directory: for the files of Ray.

    Raises:
        ConfigurationError: an engine cannot be loaded, or the port is taken.
    """
    try:
        _start(settings, address, directory)
        yield
    finally:
        if ray.is_initialized():  # else Serve would start another cluster
            with contextlib.suppress(Exception):  # what is left of the application ends with the cluster
                serve.shutdown()
        ray.shutdown()


def _start(settings: ServeSettings, address: Address, directory: Path) -> None:
    # What Ray says of its start is for its developers.
    logging.disable(logging.WARNING)
    with start_signals.kept():
        _init(settings, directory)
    options = {"host": address.host, "port": address.port}
    logs = {"enable_access_log": False, "log_level": "WARNING"}
    try:
        serve.start(proxy_location="HeadOnly", http_options=options, logging_config=logs)
        serve.run(deployments.build(msgspec.to_builtins(settings)), name=deployments.APPLICATION, logging_config=logs)
    except RuntimeError as error:
        raise _not_started(error) from error


def _init(settings: ServeSettings, directory: Path) -> None:
    """Start the processes of Ray; one replica reserves one of its processors."""
    stages = 2 if settings.translates else 1
    ray.init(
        address="local",
        num_cpus=stages * settings.most_replicas + 1,
        num_gpus=int(settings.gpus + 0.999) or None,
        object_store_memory=OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        configure_logging=True,
        _node_ip_address=LOOPBACK,
        _temp_dir=str(directory / FILES),
    )


def _not_started(error: RuntimeError) -> ConfigurationError:
    """Return the error for people: that of the engine, if Ray quotes one."""
    status = serve.status().applications.get(deployments.APPLICATION)
    told = "\n".join([str(error), *(one.message for one in status.deployments.values())] if status else [str(error)])
    found = _ERROR.findall(told)
    message = found[-1][1] if found else told.strip().splitlines()[-1]
    hint = "Try another port: --port 8001" if "bind" in message else "voicestream doctor"
    return ConfigurationError(f"the server could not be started: {message[:300]}", hint=hint)
