"""``voicestream models`` against a hub on this machine: what it fetches, shows and removes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.models.hub_server import COMMIT, Faults
from helpers.models.pulling import (
    BIG_BYTES,
    MORE_THAN_A_PIECE,
    WEIGHTS,
    Pulling,
    has_begun,
    listed_state_of,
    models_of,
    parts_of,
    pull,
    state_of,
)
from helpers.models.tiny_nllb import NAME
from helpers.process.running import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream

# Most take a second; the machines that run this are shared.

# --- what is fetched


def test_a_pulled_model_is_what_the_hub_has_with_a_manifest_that_says_so(installed: Path, big_model: Path) -> None:
    manifest = json.loads((installed / "voicestream-model.json").read_text())
    assert manifest["repository"] == f"facebook/{NAME}"
    assert manifest["revision"] == COMMIT
    assert manifest["licence"] == "cc-by-nc-4.0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", manifest["finished"])
    files = {path.name for path in installed.iterdir()}
    assert files == {*manifest["files"], "voicestream-model.json"}
    assert files == {path.name for path in big_model.iterdir()} - {"README.md"} | {"voicestream-model.json"}
    for name, record in manifest["files"].items():
        data = (big_model / name).read_bytes()
        assert (installed / name).read_bytes() == data
        assert record == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_a_second_pull_asks_the_network_nothing(place: Voicestream, installed: Path, big_hub: HubServer) -> None:
    big_hub.seen.clear()
    done = pull(place)
    assert done.returncode == 0
    assert "is installed and verified" in done.stderr
    assert big_hub.seen == []


def test_words_go_to_stderr_and_no_bar_is_drawn_without_a_terminal(place: Voicestream, big_hub: HubServer) -> None:
    done = pull(place)
    assert done.stdout == ""
    assert "fetching nllb-200-distilled-600M from 127.0.0.1" in done.stderr
    assert "12.5 MB" in done.stderr
    assert not set(done.stderr) & {"\r", "\x1b"}


def test_nothing_is_sent_that_the_download_does_not_need(place: Voicestream, big_hub: HubServer) -> None:
    place.environment |= {"HF_TOKEN": "hf_secret", "CLAUDECODE": "1", "AI_AGENT": "some-agent"}
    assert pull(place).returncode == 0
    for request in big_hub.seen:
        assert "authorization" not in request.headers
        assert "cookie" not in request.headers
        assert re.fullmatch(r"voicestream/\S+; hf_hub/\S+; python/\S+", request.headers["user-agent"])
        assert request.method == "GET"


def test_a_hub_that_wants_to_know_who_asks_is_told_if_the_user_has_a_token(
    place: Voicestream, big_hub: HubServer
) -> None:
    big_hub.faults.token = "hf_secret"  # noqa: S105 - of the test's hub
    done = pull(place)
    assert done.returncode == 1
    assert "refuses facebook/nllb-200-distilled-600M (HTTP 401)" in done.stderr
    assert "HF_TOKEN" in done.stderr
    place.environment |= {"HF_TOKEN": "hf_secret"}
    assert pull(place).returncode == 0
    _, again, *rest = big_hub.seen
    assert "authorization" not in again.headers
    for request in rest:
        # Large files are at another host, which is none of the token's business.
        assert ("authorization" in request.headers) == (not request.path.startswith("/cdn/"))


def in_cache(place: Voicestream, data: bytes) -> None:
    """Have the weights where other programs that use the hub would have left them."""
    root = place.home / "huggingface" / "hub" / f"models--facebook--{NAME}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text(COMMIT)
    (root / "snapshots" / COMMIT).mkdir(parents=True)
    (root / "snapshots" / COMMIT / WEIGHTS).write_bytes(data)


def test_what_another_program_has_fetched_is_not_fetched_again(
    place: Voicestream, big_hub: HubServer, big_model: Path
) -> None:
    in_cache(place, (big_model / WEIGHTS).read_bytes())
    assert pull(place).returncode == 0
    assert big_hub.sent_of(WEIGHTS) == 0
    assert (models_of(place) / NAME / WEIGHTS).read_bytes() == (big_model / WEIGHTS).read_bytes()


def test_what_another_program_has_is_verified_all_the_same(
    place: Voicestream, big_hub: HubServer, big_model: Path
) -> None:
    in_cache(place, bytes((big_model / WEIGHTS).stat().st_size))
    done = pull(place)
    assert done.returncode == 1
    assert f"{WEIGHTS} from 127.0.0.1" in done.stderr
    assert state_of(place) != "installed"


# --- going on where it stopped


@pytest.mark.parametrize("whole_only", [False, True])
def test_a_connection_that_breaks_is_taken_up_again_without_a_word(
    place: Voicestream, big_hub: HubServer, *, whole_only: bool
) -> None:
    big_hub.faults = Faults(cut_after=MORE_THAN_A_PIECE, cuts_left=1, whole_only=whole_only)
    done = pull(place)
    assert done.returncode == 0, done.stderr
    starts = [request.start for request in big_hub.seen if request.path.startswith("/cdn/")]
    assert len(starts) == 2
    assert (starts[1] > 0) != whole_only
    assert state_of(place) == "installed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_pull_that_was_ended_goes_on_at_the_byte_where_it_stopped(
    place: Voicestream, big_hub: HubServer, number: signal.Signals
) -> None:
    big_hub.faults.stall_after = MORE_THAN_A_PIECE
    with Pulling(place) as process:
        wait_until(lambda: has_begun(place), "something is on the disk")
        process.send_signal(number)
        code = process.wait(remaining())
    assert code in {130, -number}
    assert not (models_of(place) / NAME).exists()
    assert state_of(place) == listed_state_of(place) == "incomplete"
    (part,) = parts_of(place)
    there = part.stat().st_size
    assert 0 < there < BIG_BYTES
    big_hub.seen.clear()
    big_hub.faults.stall_after = None
    done = pull(place)
    assert done.returncode == 0, done.stderr
    (request,) = [request for request in big_hub.seen if request.path.startswith("/cdn/")]
    assert request.start == there
    assert big_hub.sent_of(WEIGHTS) == BIG_BYTES - there
    assert state_of(place) == "installed"


def test_when_the_hub_has_other_weights_by_then_they_are_fetched_from_their_beginning(
    place: Voicestream, big_hub: HubServer, tmp_path: Path
) -> None:
    big_hub.faults.stall_after = MORE_THAN_A_PIECE
    with Pulling(place) as process:
        wait_until(lambda: has_begun(place), "something is on the disk")
        process.kill()
        process.wait(remaining())
    shutil.copytree(big_hub.directory, tmp_path / "new")
    big_hub.directory = tmp_path / "new"
    (big_hub.directory / WEIGHTS).write_bytes(b"new" * 5_000_000)
    big_hub.faults.stall_after = None
    assert pull(place).returncode == 0
    assert (models_of(place) / NAME / WEIGHTS).read_bytes() == b"new" * 5_000_000
    assert parts_of(place) == []


def test_a_file_that_was_damaged_since_is_fetched_again_and_no_other(
    place: Voicestream, installed: Path, big_hub: HubServer
) -> None:
    with (installed / WEIGHTS).open("r+b") as file:
        file.seek(1_000)
        file.write(b"damage")
    big_hub.seen.clear()
    done = pull(place)
    assert done.returncode == 0, done.stderr
    assert f"pytorch_model.bin of nllb-200-distilled-600M is {BIG_BYTES} bytes with SHA-256" in done.stderr
    assert big_hub.sent == BIG_BYTES
    assert (installed / WEIGHTS).read_bytes() == (big_hub.directory / WEIGHTS).read_bytes()


# --- licences


def test_without_the_licence_accepted_nothing_is_fetched(place: Voicestream, big_hub: HubServer) -> None:
    done = place.call("models", "pull", NAME)
    assert done.returncode == 78
    assert "add: --accept-licence cc-by-nc-4.0" in done.stderr
    assert place.call("models", "pull", NAME, "--accept-licence", "mit").returncode == 2
    assert big_hub.seen == []


def test_an_accepted_licence_is_remembered_and_listed(place: Voicestream, installed: Path) -> None:
    kept = place.home / "data" / "voicestream" / "licences.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert place.call("models", "pull", NAME).returncode == 0
    assert "licence cc-by-nc-4.0, version 4.0, accepted on 20" in place.call("models", "list").stdout
    kept.write_text("{")
    done = place.call("models", "list")
    assert done.returncode == 78
    assert str(kept) in done.stderr


# --- list, path, remove


def test_a_model_is_listed_found_and_removed(place: Voicestream, installed: Path) -> None:
    shown = place.call("models", "list").stdout
    assert re.search(rf"{NAME} +installed +12\.5 MB", shown)
    assert re.search(rf"{NAME}-int8 +not installed", shown)
    assert place.call("models", "path", NAME).stdout == f"{installed}\n"
    assert place.call("models", "path").stdout == f"{installed.parent}\n"
    done = place.call("models", "remove", NAME)
    assert done.returncode == 0
    assert "12.5 MB freed" in done.stderr
    assert not installed.exists()
    assert state_of(place) == listed_state_of(place) == "not installed"
    for command in ("remove", "path"):
        assert place.call("models", command, NAME).returncode == 1


def test_what_was_fetched_of_an_interrupted_pull_can_be_removed(place: Voicestream, big_hub: HubServer) -> None:
    big_hub.faults.changed = frozenset(("config.json",))
    big_hub.faults.stall_after = MORE_THAN_A_PIECE
    with Pulling(place) as process:
        assert process.wait(remaining()) == 1  # the configuration comes first
    assert state_of(place) == "incomplete"
    assert place.call("models", "remove", NAME).returncode == 0
    assert state_of(place) == "not installed"


def test_a_slip_of_the_finger_is_answered_with_the_right_name(place: Voicestream) -> None:
    done = place.call("models", "pull", "nllb-200-destilled-600m")
    assert done.returncode == 2
    assert "Did you mean nllb-200-distilled-600M?" in done.stderr
