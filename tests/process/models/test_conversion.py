"""Converting a tiny NLLB for the processor, in the real process, and ending that in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.models.pulling import Pulling, models_of, pull, state_of
from helpers.models.tiny_nllb import NAME
from helpers.process.running import has_ended, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream

# Most take a second; the machines that run this are shared.

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


def test_a_killed_conversion_leaves_no_model_and_no_process_and_the_next_one_fetches_nothing(
    place: Voicestream, hub: HubServer, converting: tuple[subprocess.Popen[str], psutil.Process]
) -> None:
    process, child = converting
    process.kill()
    process.wait(remaining())
    wait_until(lambda: has_ended(child.pid), "the child has ended")
    half = models_of(place) / ".unfinished" / f"{NAME}-int8"
    assert not (half / "model.bin").exists(), "it was not ended, but went on to its end"
    assert not (models_of(place) / f"{NAME}-int8").exists()
    hub.seen.clear()
    done = pull(place, name=f"{NAME}-int8")
    assert done.returncode == 0, done.stderr
    assert hub.seen == []
    assert [path.name for path in models_of(place).iterdir() if not path.name.startswith(".")] == [f"{NAME}-int8"]
    assert list((models_of(place) / ".unfinished").iterdir()) == []
    check_that_it_translates(models_of(place) / f"{NAME}-int8")


def check_that_it_translates(model: Path) -> None:
    code = f"""
import ctranslate2, tokenizers
tokenizer = tokenizers.Tokenizer.from_file({str(model / "tokenizer.json")!r})
tokens = ["eng_Latn", *tokenizer.encode("We will run the tests now.", add_special_tokens=False).tokens, "</s>"]
translator = ctranslate2.Translator({str(model)!r}, compute_type="int8")
(result,) = translator.translate_batch([tokens], target_prefix=[["jpn_Jpan"]], beam_size=1, max_decoding_length=40)
print(tokenizer.decode([tokenizer.token_to_id(token) for token in result.hypotheses[0][1:]]))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert "テスト" in done.stdout.decode()


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
