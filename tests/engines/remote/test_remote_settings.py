"""Hosts, token and certificates of the remote engines: what is accepted, and what the error says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from helpers.remote.fake_server import FakeServer
from voicestream.cli.session import remote_hosts
from voicestream.config.config_file import parse
from voicestream.config.engine_settings import EngineSettings
from voicestream.config.project_file import parse as parse_project
from voicestream.config.remote.table import base_url, check_url
from voicestream.doctor.hosts import hosts
from voicestream.engines import registry
from voicestream.errors import ConfigurationError, EngineNotReadyError
from voicestream.protocol.messages import OutputOptions, ParserOptions, RemoteHosts, SessionOptions
from voicestream.supervisor.sessions import requirements
from voicestream.workers.engines.remote import settings

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = RemoteHosts(hosts=["https://gpu.example"])


def test_the_table_names_hosts_for_each_role() -> None:
    text = """
        [remote]
        tts = ["https://a.example/v1/", "http://127.0.0.1:8000"]
        translator = "https://b.example"
        tts_model = "kokoro"
        voice = "heart"
        translator_api = "chat"
        token_file = "/secret"
        first_byte = 4
    """
    found = parse(text, "config.toml").remote
    assert found["tts"] == RemoteHosts(
        hosts=["https://a.example", "http://127.0.0.1:8000"],
        model="kokoro",
        voice="heart",
        token_file="/secret",  # noqa: S106 - a path
        first_byte_seconds=4.0,
    )
    assert found["translation"].hosts == ["https://b.example"]
    assert found["translation"].chat
    assert parse("[remote]\nvoice = 'a'", "config.toml").remote == {}, "without a host nothing is sent"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('tts = "http://gpu.example"', "must begin with https://"),
        ('tts = "https://me:word@gpu.example"', "password"),
        ('tts = "gpu.example"', "must be the address"),
        ('tts = "https://gpu.example/?a=1"', "without a query"),
        ('tts = ["https://a.example", 3]', "must be a list"),
        ('tts = "https://a.example:99999"', "is no address"),
        ("first_byte = 0", "must be a number of seconds, 0.1 to 10"),
        ('token_file = "secret"', "absolute"),
        ('token_variable = "A B"', "environment variable"),
        ('translator_api = "telepathy"', "translate, chat"),
        ("hosts = []", "is not known in [remote]"),
    ],
)
def test_an_invalid_value_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"[remote]\n{text}\n", "config.toml")
    assert "config.toml, line 2: " in str(caught.value)
    assert message in str(caught.value)


def test_a_file_of_a_project_names_no_hosts() -> None:
    found, problems = parse_project('[remote]\ntts = ["https://evil.example"]\n', ".voicestream.toml")
    assert found.remote == {}
    assert "remote is not allowed" in str(problems[0])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "[::1]"])
def test_text_leaves_the_machine_encrypted_only(host: str) -> None:
    assert check_url(f"http://{host}:8000") == ""
    assert check_url("http://localhost.example:8000") != ""
    assert check_url("http://192.168.1.2:8000") != ""
    assert base_url("https://gpu.example/openai/v1/") == "https://gpu.example/openai"


def test_a_token_is_read_only_from_a_file_that_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n")
    hosts = msgspec.structs.replace(HOSTS, token_file=str(file))
    file.chmod(0o640)
    with pytest.raises(EngineNotReadyError, match="mode 0640") as caught:
        settings.token(hosts)
    assert caught.value.hint == f"Try: chmod 600 {file}"
    file.chmod(0o600)
    assert settings.token(hosts) == "secret"
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(EngineNotReadyError, match="symbolic link"):
        settings.token(msgspec.structs.replace(HOSTS, token_file=str(tmp_path / "link")))


def test_a_token_may_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_TOKEN", " secret ")
    hosts = msgspec.structs.replace(HOSTS, token_variable="TEAM_TOKEN")  # noqa: S106 - a name
    found = remote_hosts.of_session({"tts": hosts, "translation": hosts}, "auto", ["espeak", "remote"])
    assert found.keys() == {"tts"}, "the translator needs no host"
    assert settings.token(found["tts"]) == "secret"
    assert settings.token(HOSTS) == ""
    with pytest.raises(EngineNotReadyError, match="TEAM_TOKEN holds no token"):
        settings.token(msgspec.structs.replace(hosts, token="a\r\nX-Other: b"))  # noqa: S106 - not one


def test_an_engine_without_hosts_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(EngineNotReadyError, match="no host is named") as caught:
        settings.hosts_of(EngineSettings(), "tts")
    assert "[remote] tts" in caught.value.hint
    with pytest.raises(EngineNotReadyError, match="cannot read"):
        settings.connections(msgspec.structs.replace(HOSTS, ca_file=str(tmp_path / "none.pem")))
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(EngineNotReadyError, match="no certificates"):
        settings.connections(msgspec.structs.replace(HOSTS, ca_file=str(tmp_path / "empty.pem")))


def test_only_workers_that_send_text_learn_of_the_hosts() -> None:
    options = SessionOptions(
        parser=ParserOptions(), output=OutputOptions(), tts="remote", remote={"tts": HOSTS}, compute="cpu"
    )
    given = requirements.settings_of("tts", options)
    assert msgspec.json.decode(given.remote, type=RemoteHosts) == HOSTS
    assert requirements.of_engine("tts", "remote", given).settings.remote
    for engine in ("auto", "espeak", "xtts", "unknown"):
        assert requirements.of_engine("tts", engine, given).settings.remote == ""


def test_doctor_asks_each_host_and_sends_the_token_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICESTREAM_REMOTE_TOKEN", "right")
    monkeypatch.setenv("VOICESTREAM_CONFIG", str(tmp_path / "config.toml"))
    spec = registry.spec(registry.SYNTHESIZERS, "remote")
    assert "no host is named" in next(iter(hosts("tts:remote", spec))).text
    with FakeServer(token="right") as good, FakeServer(token="other") as strict, FakeServer() as ill:  # noqa: S106
        ill.is_healthy = False
        urls = [good.url, strict.url, ill.url]
        (tmp_path / "config.toml").write_text(f"[remote]\ntts = {urls}\n")
        found = list(hosts("tts:remote", spec))
        assert [(one.state, one.text.partition(": ")[2]) for one in found[1:]] == [
            ("note", "it refuses the token (HTTP 401)"),
            ("note", "HTTP 503"),
        ]
        assert found[0].state == "ok"
        assert found[0].text.startswith(good.url)
        assert not good.requests
