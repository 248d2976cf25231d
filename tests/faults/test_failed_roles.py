"""A role of which no worker can be had: what the person reads, and that the next run tries again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from helpers.faults.misbehaviour import WRONG_PROTOCOL, plug_in
from helpers.process.running import line, wait_until
from voicestream.bench import null_engines
from voicestream.protocol.messages import PROTOCOL_VERSION
from voicestream.supervisor.processes.worker_events import ROLE_WORDS

if TYPE_CHECKING:
    from helpers.process.running import Voicestream
    from voicestream.protocol.messages import Role

ROLES: Final[tuple[Role, ...]] = ("parser", "translation", "tts", "player")


def test_a_run_after_a_worker_found_its_configuration_wrong_tries_again(place: Voicestream) -> None:
    orders, ours = plug_in(place.home / "orders", *ROLES)
    null_engines.plug_in(place.home / "engines")
    ours["PYTHONPATH"] += os.pathsep + str(place.home / "engines")
    place.environment |= ours
    translated = ("--to", "de", "--translator", null_engines.NAME)
    for role in ROLES:
        run = place.run(*translated)
        run.write(line("One."))
        # With the role that the run before it has lost.
        run.wait_for("playback_finished")
        orders[role].give("exit 78", "idle")
        orders[role].open_gate()
        run.wait_for("session_closed")
        assert run.finish() == 78
        assert f"{ROLE_WORDS[role]}: its configuration is wrong" in run.stderr
        assert f"Try: voicestream workers logs {role}" in run.stderr
        states = {worker["role"]: worker["state"] for worker in place.status()["workers"]}
        assert states == dict.fromkeys(ROLES, "ready") | {role: "failed"}

    again = place.run("--keep-alive", "0", *translated)
    again.write(line("Two."))
    assert again.finish() == 0, again.stderr
    assert len(again.of("playback_finished")) == 1
    place.assert_nothing_left()


def test_a_worker_of_another_version_is_tried_once_and_the_run_says_what_to_type(place: Voicestream) -> None:
    of_roles, ours = plug_in(place.home / "orders", "translation")
    orders = of_roles["translation"]
    place.environment |= ours
    orders.give("wrong protocol", "start", always=True)
    orders.open_gate()
    run = place.run("--keep-alive", "0", "--to", "de")
    run.write(line("Hello."))
    run.wait_for("session_closed")
    assert run.finish() == 78
    assert f"it speaks protocol {WRONG_PROTOCOL}, the supervisor {PROTOCOL_VERSION}" in run.stderr
    assert "Try: voicestream down" in run.stderr
    assert orders.done() == [1]
    wait_until(lambda: "state=ended" in place.log_text("supervisor"), "the supervisor has ended")
    place.assert_nothing_left()
