"""End of ``run``: reads the agent's output to its end, and reports lost output."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from voicestream.cli import failures
from voicestream.client import queued_writer
from voicestream.client.interruption import Interrupted
from voicestream.errors import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from voicestream.cli.session.queued_file import QueuedFile
    from voicestream.client.interruption import Interruption
    from voicestream.client.queued_writer import QueuedWriter
    from voicestream.client.stdin_reader import StdinDrain

STDERR_TIMEOUT_SECONDS: Final = 1.0
"""Time without any read after which a reader of stderr is given up at the end."""

FILES_TIMEOUT_SECONDS: Final = 3.0
"""Timeout for a reader of ``--events`` or ``--captions-file``."""

SIGNALLED_TIMEOUT_SECONDS: Final = 0.3
"""Timeout for both after a signal."""

HINT_AFTER_SECONDS: Final = 1.0
"""Time after an error until a running agent's user is told why this process still reads."""


def run_reporting_errors(work: Callable[[], int]) -> int:
    """Return the exit code of ``work``; an error is reported and gives its own exit code."""
    try:
        return work()
    except Interrupted as interrupted:
        return interrupted.exit_code
    except Exception as error:  # noqa: BLE001 - reported, and logged if unexpected; the agent must not be killed
        return failures.report(error)


def drain_to_end(drain: StdinDrain, interruption: Interruption, exit_code: int) -> None:
    """Read the agent's output to its end, unless a signal comes, and drop it."""
    interruption.record_only()
    drain.discard()
    if not (
        drain.ended.is_set() or drain.has_blocking_writer or (drain.is_passing_on and not os.isatty(drain.descriptor))
    ):
        return  # a terminal or a file: its writer cannot block
    if exit_code and not interruption.wait_for(drain.ended.is_set, HINT_AFTER_SECONDS) and not interruption:
        failures.print_message("reading the agent's output to its end, so that the agent is not blocked; Ctrl-C quits")
    interruption.wait_for(drain.finished.is_set)


def report_lost_input(drain: StdinDrain, exit_code: int) -> int:
    """Report output that ``--tee`` could not copy; returns the exit code."""
    if not drain.tee_lost_bytes:
        return exit_code
    if drain.tee_failure is not None:
        why = drain.tee_failure.strerror
    elif drain.finished.is_set():
        why = "there was no room for them in memory, or in TMPDIR"
    else:
        why = "their reader had not taken them"
    failures.print_message(f"--tee: {drain.tee_lost_bytes} bytes were not copied: {why}")
    return exit_code or EXIT_INCOMPLETE


def flush_file(file: QueuedFile, interruption: Interruption, exit_code: int) -> int:
    """Wait while the reader of a file reads, and report what it did not get; returns the exit code."""
    _flush(file.queue, FILES_TIMEOUT_SECONDS, interruption)
    file.queue.close()
    file.report_failure()
    if not file.queue.lost_pieces:
        return exit_code
    failures.print_message(f"{file.option}: {file.queue.lost_pieces} {file.content} were not written")
    return exit_code if file.queue.has_no_reader else exit_code or EXIT_INCOMPLETE


@contextlib.contextmanager
def queued_stderr(interruption: Interruption) -> Generator[QueuedWriter]:
    """Queue stderr within the block, and wait for its reader at the end."""
    with queued_writer.queued_stderr() as queue:
        try:
            yield queue
        finally:
            if queue.lost_pieces:
                lost = f"voicestream: {queue.lost_pieces} lines for stderr were lost: the queue was full\n"
                queue.put(lost.encode(), may_exceed=True)
            _flush(queue, STDERR_TIMEOUT_SECONDS, interruption)


def final_code(exit_code: int, stderr: QueuedWriter, interruption: Interruption) -> int:
    """Return the final exit code, after flushing stderr.

    A stderr that is closed or full does not change it.
    """
    if interruption:
        return interruption.exit_code
    is_incomplete = bool(stderr.lost_pieces) and stderr.failure is None
    return exit_code or (EXIT_INCOMPLETE if is_incomplete else 0)


def _flush(queue: QueuedWriter, timeout_seconds: float, interruption: Interruption) -> None:
    if interruption:
        queue.flush(SIGNALLED_TIMEOUT_SECONDS)
    else:
        queue.flush(timeout_seconds, interruption.__bool__)
