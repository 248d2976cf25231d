"""Start and end of the supervisor process: arguments, run directory, audio pool, exit code."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import functools
import gc
import logging
import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import zmq

from voicestream import log
from voicestream.config.engine_choice import EngineChoice
from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.config.worker_limits import WorkerLimits
from voicestream.errors import EXIT_CONFIGURATION, EXIT_OK, VoicestreamError
from voicestream.protocol import pool_memory
from voicestream.protocol.run_directory import RunDirectory
from voicestream.supervisor.loop import Supervisor
from voicestream.supervisor.processes.watchdog import Limits
from voicestream.supervisor.sessions import requirements
from voicestream.supervisor.sessions.requirements import Requirement

if TYPE_CHECKING:
    from voicestream.protocol.pool_memory import Segment

FIRST_SESSION_SECONDS: Final = 10.0
"""Seconds to wait for the first session. An interrupted client that never opens one leaves no supervisor behind."""

MAX_DESCRIPTORS: Final = 65_536
"""Upper bound of the descriptor limit; some programs iterate over every descriptor they may have."""


def main() -> int:
    """Run the supervisor of a run directory; return exit code 0 as well when another supervisor already runs."""
    # Imported modules are never garbage: freezing them shortens collections in the loop and at exit.
    gc.freeze()
    gc.enable()
    faulthandler.enable()
    os.umask(0o077)
    _raise_descriptor_limit()
    limits = Limits()
    # Without a width each argument asks for that of the terminal, which imports shutil with its compressors.
    formatter = functools.partial(argparse.HelpFormatter, width=80)
    parser = argparse.ArgumentParser(prog="voicestream supervisor", formatter_class=formatter)
    parser.add_argument("--run-directory", type=Path, required=True)
    EngineChoice.add_to(parser)
    parser.add_argument(
        "--keep-alive", type=float, default=FIRST_SESSION_SECONDS, help="how long to wait for a session"
    )
    parser.add_argument("--idle", type=float, default=WorkerLimits().idle_seconds, help="seconds; of unneeded workers")
    parser.add_argument("--memory", type=int, default=0, help="bytes of all workers; 0: no limit")
    parser.add_argument("--stay", action="store_true", help="end only when told to")
    parser.add_argument("--silence-limit", type=float, default=limits.silence_seconds)
    parser.add_argument("--job-limit", type=float, default=limits.job_seconds)
    parser.add_argument("--job-limit-per-character", type=float, default=limits.job_seconds_per_character)
    found = parser.parse_args()
    run_directory = RunDirectory(cast("Path", found.run_directory))
    has_log = log.to_file("supervisor")
    log.log_uncaught()
    try:
        run_directory.prepare()
        if not run_directory.acquire():
            return EXIT_OK
    except VoicestreamError as error:
        return _cannot(error)
    cleanup = contextlib.ExitStack()
    cleanup.callback(run_directory.remove)
    try:
        if run_directory.sweep():
            logging.getLogger(__name__).info("swept what a supervisor that was killed had left")
        pool = _make_pool(run_directory)
        cleanup.callback(_remove, pool)
        choice = EngineChoice.parsed(found)
        supervisor = Supervisor(
            run_directory,
            pool,
            _initial(choice),
            Limits(
                silence_seconds=cast("float", found.silence_limit),
                job_seconds=cast("float", found.job_limit),
                job_seconds_per_character=cast("float", found.job_limit_per_character),
            ),
            WorkerLimits(idle_seconds=cast("float", found.idle), memory_bytes=cast("int", found.memory)),
            keep_alive_seconds=cast("float", found.keep_alive),
            stay=cast("bool", found.stay),
        )
        log.hide_content()  # sessions come
        if not has_log:
            log.leave_pipe()
        supervisor.run()
    except VoicestreamError as error:
        return _cannot(error)
    except (OSError, zmq.ZMQError):
        logging.getLogger(__name__).exception("the supervisor cannot go on")
        return EXIT_CONFIGURATION
    finally:
        cleanup.close()
    return EXIT_OK


def _initial(choice: EngineChoice) -> list[Requirement]:
    """Return the workers to start with, receivers first, so that nothing waits for a receiver."""
    settings = choice.settings()
    started = [Requirement("player")]
    for role, engine in choice.engines.items():
        if engine not in ("", UNTRANSLATED):
            started.append(requirements.of_engine(role, engine, settings[role], choice.language))
    return [*started, Requirement("parser")]


def _raise_descriptor_limit() -> None:
    """Raise the descriptor limit to its maximum: libzmq aborts the process when it cannot accept a peer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has further limits; the present limit stays then
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _make_pool(run_directory: RunDirectory) -> Segment:
    """Create the shared memory of the audio pool.

    Raises:
        ConfigurationError: there is no room for it.
    """
    made = pool_memory.reserve(run_directory.record_segment)
    if made.lacking:
        logging.getLogger(__name__).warning("pool=anonymous reason=%r", "; ".join(made.lacking))
    else:
        logging.getLogger(__name__).info("pool=%s", made.name)
    return made


def _remove(made: Segment) -> None:
    try:
        made.remove()
    except OSError as error:
        logging.getLogger(__name__).warning("cannot remove the shared memory %s: %s", made.name, error)


def _cannot(error: VoicestreamError) -> int:
    logging.getLogger(__name__).error("%s", error.for_people())
    return error.exit_code
