"""Who imports what: the supervisor stays free of models and sound, and the help costs nothing but click."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_after(statement: str) -> set[str]:
    """The top-level modules that are loaded after a statement, in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("heavy", ["numpy", "torch", "sounddevice", "soxr", "rich", "asyncio"])
def test_the_supervisor_imports_nothing_heavy(heavy: str) -> None:
    assert heavy not in loaded_after("import voicestream.supervisor.start")


@pytest.mark.parametrize("unneeded", ["zmq", "msgspec", "msgpack", "numpy", "rich", "psutil", "sounddevice"])
def test_the_command_line_imports_only_click_before_a_command_is_chosen(unneeded: str) -> None:
    loaded = loaded_after("import voicestream.cli.main")
    assert "click" in loaded
    assert unneeded not in loaded


@pytest.mark.parametrize("role", ["parser", "translation", "tts", "player"])
def test_a_worker_says_hello_before_it_imports_what_is_heavy(role: str) -> None:
    loaded = loaded_after(f"import voicestream.workers.{role}.worker")
    assert not loaded & {"numpy", "torch", "sounddevice", "soxr", "espeakng_loader"}


@pytest.mark.parametrize("heavy", ["numpy", "torch", "ctranslate2", "onnxruntime", "espeakng_loader", "zmq", "logging"])
def test_specs_are_read_without_what_their_engines_import(heavy: str) -> None:
    loaded = loaded_after("from voicestream.engines import registry\nassert len(registry.all_specs()) >= 7")
    assert heavy not in loaded


@pytest.mark.parametrize("role", ["supervisor", "workers.parser", "workers.player"])
def test_processes_start_without_what_msgspec_does_not_need(role: str) -> None:
    # Without arguments the process ends once it has imported everything.
    code = (
        "import runpy, sys\n"
        f"try: runpy.run_module('voicestream.{role}', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "msgspec" in loaded
    assert not loaded & {"typing_extensions", "inspect"}
