"""``voicestream run`` from its first byte to its exit code."""

from __future__ import annotations

import json
import shlex
import subprocess
import wave
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until
from helpers.process.terminal import Terminal

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

HELLO = b'{"content":[{"type":"text","text":"Hello world"}]}\n'


def frames_of(path: object) -> int:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        return file.getnframes()


def test_hello_world_is_spoken_into_a_file_and_nothing_is_left(place: Voicestream) -> None:
    done = place.call("run", "--output", "hello.wav", "--keep-alive", "0", stdin=HELLO)
    assert done.returncode == 0, done.stderr
    assert frames_of(place.cwd / "hello.wav") > 12_000
    assert "Hello world" in done.stderr
    place.assert_nothing_left()


def test_every_sentence_has_its_events_once_and_in_order(warm_place: Voicestream) -> None:
    run = warm_place.run()
    texts = [f"This is sentence number {number}." for number in range(20)]
    run.write(b"".join(line(text) for text in texts))
    assert run.finish() == 0, run.stderr
    assert run.events[0]["event"] == "session_opened"
    assert run.events[-1]["event"] == "session_closed"
    assert run.events[-1]["counts"] == {"found": 20, "played": 20, "skipped": 0, "failed": 0, "untranslated": 0}
    assert [event["text"] for event in run.of("sentence_found")] == texts
    for kind in ("sentence_found", "translated", "speech_started", "speech_finished", "playback_started"):
        assert sorted(event["sentence"] for event in run.of(kind)) == list(range(20)), kind
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(20))
    times = [event["time"] for event in run.of("playback_finished")]
    assert times == sorted(times)


def test_a_second_run_finds_the_workers_warm(warm_place: Voicestream) -> None:
    assert warm_place.call("run", "--output", "null", stdin=HELLO).returncode == 0
    before = [worker["pid"] for worker in warm_place.status()["workers"]]
    assert warm_place.call("run", "--output", "null", stdin=HELLO).returncode == 0
    assert [worker["pid"] for worker in warm_place.status()["workers"]] == before


def test_a_shell_loop_with_banners_and_noise_speaks_every_sentence_of_both_iterations(warm_place: Voicestream) -> None:
    agent = warm_place.home / "agent.sh"
    agent.write_text(
        "echo 'now using node v22.1.0 (npm v10.9.0)'\n"
        "echo 'DeprecationWarning: punycode is deprecated.' >&2\n"
        """echo '{"type":"system","subtype":"init","session_id":"s"}'\n"""
        """echo '{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"Reading it."}]},"""
        """"parent_tool_use_id":null,"session_id":"s"}'\n"""
        "echo 'error: something on stderr' >&2\n"
        """echo '{"type":"assistant","message":{"id":"m2","content":[{"type":"text","text":"All done."}]},"""
        """"parent_tool_use_id":null,"session_id":"s"}'\n"""
        """echo '{"type":"result","subtype":"success","is_error":false,"result":"All done.","session_id":"s"}'\n"""
    )
    voicestream = " ".join(COMMAND)
    loop = (
        f'for i in 1 2; do echo "=== Iteration $i ==="; sh {agent} 2>&1 | tee -a log | '
        f"{voicestream} run --output null --events events-$i || exit 1; done"
    )
    done = subprocess.run(
        ["sh", "-c", loop],
        env=warm_place.environment,
        cwd=warm_place.cwd,
        capture_output=True,
        timeout=remaining(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pids: set[int] = set()
    for iteration in ("1", "2"):
        events = [json.loads(text) for text in (warm_place.cwd / f"events-{iteration}").read_text().splitlines()]
        played = [event["sentence"] for event in events if event["event"] == "playback_finished"]
        found = [event["text"] for event in events if event["event"] == "sentence_found"]
        assert (found, played) == (["Reading it.", "All done."], [0, 1])
        pids.add(events[0]["supervisor_pid"])
    assert len(pids) == 1, "the second iteration started another supervisor"


def test_two_runs_at_once_are_both_spoken_whole(place: Voicestream) -> None:
    first, second = place.run(), place.run()
    for number in range(10):
        first.write(line(f"First says {number}."))
        second.write(line(f"Second says {number}."))
    assert first.finish() == 0, first.stderr
    assert second.finish() == 0, second.stderr
    for run in (first, second):
        assert [event["sentence"] for event in run.of("playback_finished")] == list(range(10))
    assert first.events[0]["supervisor_pid"] == second.events[0]["supervisor_pid"]


def test_tee_passes_the_input_on_unchanged(warm_place: Voicestream) -> None:
    data = HELLO + b"\x00\xff not json\r\n" + HELLO
    done = subprocess.run(
        [*COMMAND, "run", "--tee", "--output", "null"],
        input=data,
        capture_output=True,
        env=warm_place.environment,
        cwd=warm_place.cwd,
        timeout=remaining(),
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, data), done.stderr


def test_say_speaks_its_arguments(warm_place: Voicestream) -> None:
    done = warm_place.call("say", "Good", "morning.", "--output", "out.wav")
    assert done.returncode == 0, done.stderr
    assert frames_of(warm_place.cwd / "out.wav") > 10_000


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_say_without_a_text_speaks_what_stdin_has(warm_place: Voicestream, arguments: tuple[str, ...]) -> None:
    done = warm_place.call("say", *arguments, "-o", "null", stdin=b"Good evening.\n")
    assert (done.returncode, "🔊 Good evening." in done.stderr) == (0, True), done.stderr


def test_say_at_a_terminal_tells_how_to_end_the_text(warm_place: Voicestream) -> None:
    command = shlex.join([*COMMAND, "say", "-o", "null"])
    with Terminal(f"{command}; echo exit=$?", warm_place.environment, warm_place.cwd) as terminal:
        wait_until(lambda: "type text; end with Ctrl-D" in terminal.shown, "it tells")
        terminal.type("Good night\n")
        # Not before the end of the input: a second without any is the end of a sentence too.
        wait_until(lambda: "🔊 Good night." in terminal.shown, "it is heard", seen=lambda: terminal.shown)
        terminal.type("\x04")
        wait_until(lambda: "exit=0" in terminal.shown, "it ends", seen=lambda: terminal.shown)


def test_a_file_that_exists_is_refused_before_anything_starts(place: Voicestream, warm_place: Voicestream) -> None:
    kept = place.cwd / "kept.wav"
    kept.write_bytes(b"precious")
    done = place.call("run", "--output", "kept.wav", stdin=HELLO)
    assert (done.returncode, "--force" in done.stderr, kept.read_bytes()) == (2, True, b"precious"), done.stderr
    assert not place.processes()
    done = warm_place.call("run", "--output", str(kept), "--force", stdin=HELLO)
    assert done.returncode == 0, done.stderr
    assert frames_of(kept) > 12_000


def test_demo_without_portaudio_names_it_and_the_command_that_installs_it(place: Voicestream) -> None:
    packages = place.home / "packages"
    packages.mkdir()
    (packages / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    place.environment["PYTHONPATH"] = str(packages)
    (place.cwd / "voicestream-demo.wav").write_bytes(b"of an earlier demo")
    done = place.call("demo", "--keep-alive", "60")
    assert done.returncode == 0, done.stderr
    assert "PortAudio library not found" in done.stderr
    assert "install" in done.stderr
    assert "written to voicestream-demo.wav" in done.stderr
    assert frames_of(place.cwd / "voicestream-demo.wav") > 24_000 * 10


def test_demo_without_speakers_writes_a_file_and_says_so(place: Voicestream) -> None:
    # A sound server that is not there, whatever this machine has.
    place.environment["PULSE_SERVER"] = f"unix:{place.home}/no-such-server"
    place.environment["XDG_RUNTIME_DIR"] = str(place.home)
    # The supervisor of the first attempt speaks the second one, too.
    done = place.call("demo", "--keep-alive", "60")
    assert done.returncode == 0, done.stderr
    assert "voicestream-demo.wav" in done.stderr
    assert frames_of(place.cwd / "voicestream-demo.wav") > 24_000 * 10


def test_keep_alive_zero_beside_another_session_does_not_end_that_one(place: Voicestream) -> None:
    other = place.run("--keep-alive", "60")
    other.write(line("I am still here."))
    other.wait_for("playback_finished")
    assert place.call("run", "--output", "null", "--keep-alive", "0", stdin=HELLO).returncode == 0
    other.write(line("And here."))
    other.wait_for("playback_finished", 2)
    assert other.finish() == 0


def test_the_supervisor_ends_when_keep_alive_is_over(place: Voicestream) -> None:
    assert place.call("run", "--output", "null", "--keep-alive", "0.5", stdin=HELLO).returncode == 0
    place.assert_nothing_left()


def test_up_stays_until_down(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    assert place.call("run", "--output", "null", "--keep-alive", "0", stdin=HELLO).returncode == 0
    assert len(place.status()["workers"]) == 4
    assert place.call("down").returncode == 0
    place.assert_nothing_left()


def test_the_options_come_from_flag_then_environment_then_file(place: Voicestream) -> None:
    (place.home / "config.toml").write_text('output = "from-file.wav"\nkeep-alive = 0\n')
    assert place.call("run", stdin=HELLO).returncode == 0
    assert (place.cwd / "from-file.wav").exists()
    place.assert_nothing_left()
    place.environment |= {"VOICESTREAM_OUTPUT": "from-environment.wav", "VOICESTREAM_KEEP_ALIVE": "60"}
    assert place.call("run", stdin=HELLO).returncode == 0
    assert (place.cwd / "from-environment.wav").exists()
    assert place.call("run", "--output", "from-flag.wav", stdin=HELLO).returncode == 0
    assert (place.cwd / "from-flag.wav").exists()
    assert place.processes()
