"""What ``voicestream models pull`` does when the hub, the network, the disk or the machine does not do its part."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.models.hub_server import Faults
from helpers.models.pulling import (
    BIG_BYTES,
    MORE_THAN_A_PIECE,
    WEIGHTS,
    Pulling,
    has_begun,
    models_of,
    parts_of,
    pull,
    state_of,
)
from helpers.models.tiny_nllb import NAME
from helpers.process.running import wait_until

if TYPE_CHECKING:
    from helpers.models.hub_server import HubServer
    from helpers.process.running import Voicestream

# Most take a second; the machines that run this are shared.


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_a_file_with_the_wrong_checksum_is_deleted_and_named(place: Voicestream, big_hub: HubServer, name: str) -> None:
    big_hub.faults.changed = frozenset((name,))
    done = pull(place)
    assert done.returncode == 1
    assert f"{name} from 127.0.0.1" in done.stderr
    assert "its checksum is wrong" in done.stderr
    assert "same command again" in done.stderr
    assert [path for path in models_of(place).rglob("*") if path.name.startswith(name)] == []
    big_hub.faults.changed = frozenset()
    assert pull(place).returncode == 0


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (Faults(missing=frozenset((WEIGHTS,))), "does not have pytorch_model.bin of facebook/nllb-200"),
        (Faults(status=404, error_code="RepoNotFound"), "does not have facebook/nllb-200-distilled-600M (HTTP 404)"),
        (Faults(status=401), "refuses facebook/nllb-200-distilled-600M (HTTP 401)"),
        (Faults(status=403, error_code="GatedRepo"), "hf auth login"),
        (Faults(status=503), "answers HTTP 503"),
        (Faults(page=True), "did not answer like a model hub"),
    ],
)
def test_a_hub_that_does_not_give_it_is_named_with_what_to_do(
    place: Voicestream, big_hub: HubServer, faults: Faults, said: str
) -> None:
    big_hub.faults = faults
    done = pull(place)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2
    assert not (models_of(place) / NAME).exists()


def test_a_hub_that_cannot_be_reached_is_named(place: Voicestream, big_hub: HubServer) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = pull(place)
    assert done.returncode == 1
    host = place.environment["HF_ENDPOINT"].removeprefix("http://")
    assert f"the connection to {host} failed" in done.stderr


def test_offline_mode_is_respected_and_said(place: Voicestream, big_hub: HubServer) -> None:
    place.environment["HF_HUB_OFFLINE"] = "1"
    done = pull(place)
    assert done.returncode == 78
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert big_hub.seen == []


@pytest.mark.parametrize("address", ["huggingface", "http://", "file://huggingface.co"])
def test_an_address_that_is_none_is_said(place: Voicestream, big_hub: HubServer, address: str) -> None:
    place.environment["HF_ENDPOINT"] = address
    done = pull(place)
    assert done.returncode == 78
    assert f'HF_ENDPOINT is "{address.rstrip("/")}' in done.stderr


def test_too_little_room_is_said_before_anything_is_fetched(place: Voicestream, big_hub: HubServer) -> None:
    big_hub.listed_sizes[WEIGHTS] = 10**15
    done = pull(place)
    assert done.returncode == 1
    assert "needs 1000000.0 GB more" in done.stderr
    assert "GB free" in done.stderr
    assert big_hub.sent == 0


def test_a_disk_that_fills_up_is_said_and_what_was_fetched_stays(place: Voicestream, big_hub: HubServer) -> None:
    # A limit on the size of files ends a write as a full disk does.
    with Pulling(place, under=["sh", "-c", 'ulimit -f 22000; exec "$@"', "sh"]) as process:
        _, said = process.communicate(timeout=remaining())
    assert process.returncode == 1, said
    assert "no room to write in" in said
    assert "resumes where it stopped" in said
    assert "Traceback" not in said
    (part,) = parts_of(place)
    there = part.stat().st_size
    assert there >= 10_000_000
    big_hub.seen.clear()
    assert pull(place).returncode == 0
    assert big_hub.sent_of(WEIGHTS) == BIG_BYTES - there


def test_two_pulls_do_not_get_into_each_others_way(place: Voicestream, big_hub: HubServer) -> None:
    big_hub.faults.stall_after = MORE_THAN_A_PIECE
    with Pulling(place):
        wait_until(lambda: has_begun(place), "the first is at work")
        done = pull(place)
    assert done.returncode == 1
    assert "another voicestream is changing the models" in done.stderr


def test_a_directory_that_somebody_else_made_is_left_alone(place: Voicestream, big_hub: HubServer) -> None:
    own = models_of(place) / NAME / "own.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    done = pull(place)
    assert done.returncode == 1
    assert "was not installed by voicestream" in done.stderr
    assert own.read_text() == "mine"
    assert state_of(place) == "incomplete"


@pytest.mark.parametrize(("what", "said"), [("a file", "cannot keep models in"), ("a model", "is a model, not")])
def test_a_place_where_no_models_can_be_kept_is_said(
    place: Voicestream, big_hub: HubServer, what: str, said: str
) -> None:
    where = place.home / "where"
    if what == "a file":
        where.touch()
    else:
        where.mkdir()
        (where / "config.json").touch()
    place.environment["VOICESTREAM_MODELS"] = str(where)
    done = pull(place)
    assert done.returncode == 78
    assert said in done.stderr
    assert "VOICESTREAM_MODELS" in done.stderr


def test_missing_packages_are_named_with_the_command_that_installs_them(place: Voicestream, big_hub: HubServer) -> None:
    (place.home / "sitecustomize.py").write_text("import sys\nsys.modules['huggingface_hub'] = None\n")
    place.environment["PYTHONPATH"] = str(place.home)
    done = pull(place)
    assert done.returncode == 78
    assert "huggingface_hub" in done.stderr
    assert "pip install huggingface-hub" in done.stderr
