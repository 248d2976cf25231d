"""`voicestream serve` up to the point where Ray starts."""

from __future__ import annotations

import importlib
import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
from click.testing import CliRunner

from voicestream.cli.commands.serving.serve import INSTALL, serve
from voicestream.config import user_directories
from voicestream.errors import ConfigurationError, NoSupervisorError, UsageError, VoicestreamError
from voicestream.models import licences, packages
from voicestream.serve import private_run, running_server
from voicestream.serve.running_server import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

serve_command = importlib.import_module("voicestream.cli.commands.serving.serve")

KEY = "a-key-of-thirty-characters----"


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_directories, "_directory", lambda kind: tmp_path / kind)
    monkeypatch.delenv("VOICESTREAM_SERVE_TOKEN", raising=False)


def called(*arguments: str) -> str:
    done = CliRunner().invoke(serve, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_without_the_extra_the_command_names_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = packages.is_installed
    monkeypatch.setattr(packages, "is_installed", lambda name: name != "ray" and found(name))
    with pytest.raises(ConfigurationError) as caught:
        called("--tts", "espeak")
    assert (caught.value.exit_code, caught.value.hint) == (78, INSTALL)


def test_the_printed_configuration_has_the_options_and_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICESTREAM_SERVE_TOKEN", KEY)
    text = called("--tts", "espeak", "--replicas", "2", "--max-replicas", "5", "--gpu", "0", "--print-config")
    assert KEY not in text
    lines = {line.strip() for line in text.splitlines()}
    assert lines >= {'tts: "espeak"', "replicas: 2", "max_replicas: 5", 'RAY_USAGE_STATS_ENABLED: "0"'}
    assert lines >= {'host: "0.0.0.0"', "enable_access_log: false", '- name: "voicestream"'}
    if importlib.util.find_spec("yaml") is not None:
        import yaml

        application = yaml.safe_load(text)["applications"][0]
        assert application["args"]["max_replicas"] == 5
        assert application["import_path"] == "voicestream.serve.deployments:build"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--tts", "nobody"], UsageError),
        (["--tts", "espeak", "--translator", "auto"], UsageError),
        (["--tts", "remote"], UsageError),
        (["--tts", "espeak", "--replicas", "3", "--max-replicas", "2"], UsageError),
        (["--tts", "espeak", "--language", "klingon"], UsageError),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    arguments: list[str], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = packages.is_installed
    monkeypatch.setattr(packages, "is_installed", lambda name: name in {"ray", "fastapi", "uvicorn"} or found(name))
    with pytest.raises(error):
        called(*arguments)


def test_a_licence_that_was_not_accepted_is_asked_for_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda _name: True)
    # The command goes on to Ray, where it ends.
    monkeypatch.setattr(serve_command, "_run", lambda *_arguments, **_options: 0)
    arguments = ("--tts", "espeak", "--translator", "nllb")
    with pytest.raises(ConfigurationError, match="not accepted yet") as caught:
        called(*arguments)
    assert caught.value.hint.endswith("--accept-licence cc-by-nc-4.0")
    called(*arguments, "--accept-licence", "cc-by-nc-4.0")
    assert "cc-by-nc-4.0" in licences.accepted()
    called(*arguments)


def test_a_run_leaves_no_directory_and_no_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_run.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(private_run, "MAX_TEMPORARY_CHARACTERS", 1_000)
    killed = tmp_path / "vs-serve-4194305-x"
    killed.mkdir()
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    with private_run.private_run(uses_haproxy=False) as directory:
        import os

        assert directory.stat().st_mode & 0o077 == 0
        variables = dict(os.environ)
        assert not killed.exists()
    assert variables["RAY_AUTH_MODE"] == "token"
    assert len(variables["RAY_AUTH_TOKEN"]) == 64
    assert variables["RAY_USAGE_STATS_ENABLED"] == "0"
    assert "RAY_AUTH_TOKEN" not in os.environ
    assert not directory.exists()


class Server(BaseHTTPRequestHandler):
    """Answers `GET /v1/status`."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers['Authorization']}")
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        del format, arguments


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_status_shows_the_engines_and_replicas_of_the_server_that_was_started(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSupervisorError) as caught:
        called("status")
    assert caught.value.exit_code == 3
    token = tmp_path / "token"
    token.write_text(KEY, encoding="utf-8")
    token.chmod(0o600)
    running_server.write(Running(url=url, token_file=str(token), pid=1))
    found = {
        "version": "1",
        "engines": [{"kind": "speech", "name": "a", "device": "cpu"}],
        "stages": [{"stage": "speech", "state": "HEALTHY", "replicas": {"RUNNING": 2, "STARTING": 0}}],
    }
    monkeypatch.setattr(Server, "body", json.dumps(found).encode())
    text = called("status")
    assert "speech: a on cpu" in text
    assert ["speech", "healthy", "2", "running"] in [line.split() for line in text.splitlines()]
    assert json.loads(called("status", "--json")) == {"url": url, **found}
    assert Server.asked[-1] == f"/v1/status Bearer {KEY}"
    monkeypatch.setattr(Server, "status", 401)
    with pytest.raises(ConfigurationError, match="does not accept the token"):
        called("status")
    monkeypatch.setattr(Server, "status", 200)
    monkeypatch.setattr(Server, "body", b"[]")
    with pytest.raises(VoicestreamError, match="is not that of a server"):
        called("status")
    running_server.remove(2)
    running_server.remove(1)
    with pytest.raises(NoSupervisorError):
        called("status")
