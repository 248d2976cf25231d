"""Models whose files are at fixed addresses: what is fetched, checked and unpacked."""

from __future__ import annotations

import gzip
import hashlib
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from voicestream.engines.model import PinnedFile
from voicestream.errors import ConfigurationError, VoicestreamError
from voicestream.models import catalogue, manifest
from voicestream.models.downloads import pinned_files
from voicestream.models.installing import Installer
from voicestream.models.model_store import ModelStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.engines.model import Model

CONTENTS = {
    "model.enpt.intgemm.alphas.bin": bytes(range(256)) * 2_000,
    "vocab.enpt.spm": b"vocabulary",
    "lex.50.50.enpt.s2t.bin": b"shortlist",
}


@dataclass
class Server:
    """Serves files by path, as a host with ranges does."""

    files: dict[str, bytes] = field(default_factory=dict)
    seen: list[tuple[str, int]] = field(default_factory=list)
    """Path and first byte of each request."""
    cut_after: int = 0
    """Bytes after which the connection is closed; 0 = never."""
    address: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
            state.seen.append((self.path, start))
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            rest = data[start:]
            self.wfile.write(rest[: state.cut_after] if state.cut_after else rest)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.address = f"http://127.0.0.1:{found.server_address[1]}"
    yield state
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def model(server: Server, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of the catalogue with other contents, at a mirror."""
    monkeypatch.setenv(pinned_files.MIRROR_VARIABLE, f"{server.address}/mirror/")
    monkeypatch.setattr(pinned_files, "PAUSE_SECONDS", 0.0)
    files: list[PinnedFile] = []
    for name, data in CONTENTS.items():
        packed = gzip.compress(data, mtime=0) if name.startswith("vocab") else gzip.compress(data, 0, mtime=0)
        server.files[f"/mirror/media/{name}.gz"] = packed
        files.append(
            PinnedFile(name, f"https://example.org/media/{name}.gz", len(packed), hashlib.sha256(packed).hexdigest())
        )
    return replace(catalogue.find("firefox-en-pt"), files=tuple(files))


class Quiet:
    def note(self, text: str) -> None:
        pass

    def progress(self, what: str, done: int, total: int) -> None:
        pass


def install(model: Model, tmp_path: Path) -> Path:
    Installer(ModelStore(tmp_path), Quiet()).install(model)
    return tmp_path / model.name


def test_files_are_unpacked_and_the_manifest_has_their_hashes(model: Model, tmp_path: Path) -> None:
    place = install(model, tmp_path)
    assert {path.name for path in place.iterdir()} == {*CONTENTS, manifest.NAME}
    found = manifest.read(place)
    assert found is not None
    assert (found.direction, found.revision, found.licence) == (("en", "pt"), model.revision, "mpl-2.0")
    for name, data in CONTENTS.items():
        assert (place / name).read_bytes() == data
        assert found.files[name].sha256 == hashlib.sha256(data).hexdigest()


def test_a_second_installation_asks_the_network_nothing(model: Model, server: Server, tmp_path: Path) -> None:
    install(model, tmp_path)
    server.seen.clear()
    install(model, tmp_path)
    assert server.seen == []


def test_a_file_that_was_damaged_is_fetched_again(model: Model, server: Server, tmp_path: Path) -> None:
    place = install(model, tmp_path)
    (place / "vocab.enpt.spm").write_bytes(b"vocabularY")
    server.seen.clear()
    install(model, tmp_path)
    assert (place / "vocab.enpt.spm").read_bytes() == b"vocabulary"
    assert "/mirror/media/vocab.enpt.spm.gz" in {path for path, _ in server.seen}


def test_a_connection_that_breaks_is_resumed_where_it_stopped(model: Model, server: Server, tmp_path: Path) -> None:
    server.cut_after = 200_000
    place = install(model, tmp_path)
    starts = [start for path, start in server.seen if "/model." in path]
    assert starts == [0, 200_000, 400_000]
    assert (place / "model.enpt.intgemm.alphas.bin").read_bytes() == CONTENTS["model.enpt.intgemm.alphas.bin"]


def test_other_contents_than_the_pinned_ones_are_refused(model: Model, server: Server, tmp_path: Path) -> None:
    path = "/mirror/media/lex.50.50.enpt.s2t.bin.gz"
    server.files[path] = bytes(len(server.files[path]))
    with pytest.raises(VoicestreamError, match=r"lex\.50\.50\.enpt\.s2t\.bin\.gz from 127.*its checksum is wrong"):
        install(model, tmp_path)
    assert not (tmp_path / model.name).exists()


def test_a_file_that_is_not_there_is_named(model: Model, server: Server, tmp_path: Path) -> None:
    del server.files["/mirror/media/vocab.enpt.spm.gz"]
    with pytest.raises(VoicestreamError, match=r"answers HTTP 404 when asked for vocab\.enpt\.spm\.gz"):
        install(model, tmp_path)


def test_a_host_that_cannot_be_reached_is_named_with_what_to_do(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(pinned_files.MIRROR_VARIABLE, "http://127.0.0.1:1")
    with pytest.raises(VoicestreamError, match=r"the connection to 127\.0\.0\.1:1 failed") as caught:
        install(model, tmp_path)
    assert "docs/guide/models.md" in caught.value.hint


def test_a_mirror_that_is_no_address_is_a_wrong_setting(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pinned_files.MIRROR_VARIABLE, "mirror")
    with pytest.raises(ConfigurationError, match="is no address"):
        pinned_files.PinnedFiles(model)


def test_every_model_of_a_direction_has_pinned_files_at_one_commit() -> None:
    models = [model for model in catalogue.catalogue().values() if model.direction]
    assert len(models) > 90
    assert len({model.revision for model in models}) == 1
    for model in models:
        kinds = {file.name.partition(".")[0] for file in model.files}
        assert kinds in ({"model", "lex", "vocab"}, {"model", "lex", "srcvocab", "trgvocab"})
        for file in model.files:
            assert model.revision in file.url
            assert file.url.endswith(f"/{file.name}.gz")
            assert len(file.sha256) == 64


def test_models_of_single_directions_come_by_the_quality_light() -> None:
    (model,) = catalogue.for_direction("light", "en", "pt")
    assert model.name == "firefox-en-pt"
    with pytest.raises(VoicestreamError, match="does not translate from en to mi"):
        catalogue.for_direction("light", "en", "mi")
