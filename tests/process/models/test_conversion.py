"""Converting a tiny NLLB for the processor, in the real process, and ending that in the middle."""

from __future__ import annotations

import json
import signal
import stat
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.models import tiny_nllb
from helpers.models.pulling import Pulling, models_of, state_of
from helpers.models.tiny_nllb import NAME
from helpers.process.running import has_ended, line, wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream

PAIR = next(tiny_nllb.pairs())

IMPORTING_BYTES = 80 << 20
"""More than Python and our own modules take."""


@pytest.fixture
def converting(place: Voicestream, hub: HubServer) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A pull that is converting, and the child that does it, at its beginning."""
    with Pulling(place, f"{NAME}-int8") as process:
        parent = psutil.Process(process.pid)
        wait_until(lambda: process.poll() is not None or bool(parent.children()), "the conversion has begun")
        (child,) = parent.children()
        wait_until(lambda: child.memory_info().rss > IMPORTING_BYTES, "the child imports what it needs")
        yield process, child


def test_a_killed_conversion_leaves_no_model_and_no_process_and_setup_goes_on_and_says_what_to_type_next(
    place: Voicestream, hub: HubServer, converting: tuple[subprocess.Popen[str], psutil.Process]
) -> None:
    """And with that, and nothing else said, the next run translates."""
    process, child = converting
    process.kill()
    process.wait(remaining())
    wait_until(lambda: has_ended(child.pid), "the child has ended")
    half = models_of(place) / ".unfinished" / f"{NAME}-int8"
    assert not (half / "model.bin").exists(), "it was not ended, but went on to its end"
    assert not (models_of(place) / f"{NAME}-int8").exists()
    hub.seen.clear()
    # A conversion has a low priority: beside busy tests it would hardly get a processor.
    done = place.call("setup", "--to", "JA", "--compute", "cpu", "--quality", "small", "--yes", own_session=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "ready to translate into Japanese" in done.stderr
    assert done.stderr.endswith("| voicestream run --to ja\n")
    assert hub.seen == []
    assert [path.name for path in models_of(place).iterdir() if not path.name.startswith(".")] == [f"{NAME}-int8"]
    assert list((models_of(place) / ".unfinished").iterdir()) == []
    manifest = json.loads((models_of(place) / f"{NAME}-int8" / "voicestream-model.json").read_text())
    assert {"model.bin", "config.json", "tokenizer.json"} <= manifest["files"].keys()
    kept = place.home / "data" / "voicestream" / "licences.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["cc-by-nc-4.0"]["version"] == "4.0"
    run = place.run("--to", "ja")
    run.write(line(PAIR[0]))
    assert run.finish() == 0, run.stderr
    assert [(event["text"], event["engine"]) for event in run.of("translated")] == [(PAIR[1], "nllb-ct2")]


def test_ctrl_c_ends_a_conversion_at_once_and_cleans_up(
    place: Voicestream, converting: tuple[subprocess.Popen[str], psutil.Process]
) -> None:
    process, child = converting
    child.suspend()  # it cannot end by itself
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=remaining())
    assert process.returncode == 130
    assert said.rstrip().endswith("stopped. The same command resumes from here.")
    assert "Traceback" not in said
    wait_until(lambda: has_ended(child.pid), "the child has ended")
    assert not (models_of(place) / f"{NAME}-int8").exists()
    assert not (models_of(place) / ".unfinished" / f"{NAME}-int8").exists()
    assert state_of(place, f"{NAME}-int8") == "not installed"
    assert state_of(place) == "incomplete"
