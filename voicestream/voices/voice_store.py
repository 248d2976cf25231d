"""Voice store: the user's own voices, with the consent of their speakers.

They are in ``voices`` in the user's data directory, one directory a voice, readable by the user only. Sound files used
with ``--voice FILE`` have no name and are in ``.files`` beside them, under the hashes of their samples.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.atomic_files import write_whole
from voicestream.config import user_directories
from voicestream.errors import ConfigurationError, UsageError, VoicestreamError
from voicestream.models import licences
from voicestream.voices import embedding_cache, names, sample, sound_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.voices.sample import Sample

FILES: Final = ".files"
SOUND: Final = "sample.wav"
RECORD: Final = "voice.json"
RECORD_BYTES: Final = 64 << 10
"""Limit of a record; one has some 300 bytes."""

CONSENT: Final = "I am the speaker, or have the speaker's permission."
"""Statement to agree to before a sample is used."""

_NAME: Final = re.compile(r"[^\W_][\w .'-]{0,59}")


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Consent to the use of a voice."""

    words: str
    date: str
    """ISO 8601 date."""
    by: str
    """The typed words or option by which it was given."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a voice."""

    content_hash: str
    """SHA-256 of the samples that the consent is for."""
    seconds: float
    consent: Consent


@dataclass(frozen=True)
class OwnVoice:
    """One own voice, or one file used without a name."""

    name: str
    path: Path
    """Path of its sample."""
    record: Record


class VoiceStore:
    """Voices of one user."""

    def __init__(self, root: Path | None = None) -> None:
        """Initialize; ``root`` replaces the user's directory."""
        self.root = user_directories.data() / "voices" if root is None else root

    def voices(self) -> list[OwnVoice]:
        """Return the named voices, sorted by name.

        Raises:
            ConfigurationError: one cannot be read.
        """
        return list(self._in(self.root))

    def files(self) -> list[OwnVoice]:
        """Return the voices without names, which are named by their hashes.

        Raises:
            ConfigurationError: as for ``voices``.
        """
        return list(self._in(self.root / FILES))

    def named(self, typed: str) -> OwnVoice | None:
        """Return the voice of a name in any case."""
        known = {voice.name: voice for voice in self.voices()}
        found = names.match(typed, list(known))
        return None if found is None else known[found]

    def find_by_hash(self, content_hash: str) -> OwnVoice | None:
        """Return a voice or file with the same samples, whose speaker has already agreed."""
        return next((one for one in [*self.voices(), *self.files()] if one.record.content_hash == content_hash), None)

    def add(self, name: str, made: Sample, by: str) -> OwnVoice:
        """Store a voice with consent.

        Args:
            name: value of ``--voice`` for it.
            made: its sample.
            by: the words or option by which consent was given.

        Raises:
            UsageError: the name is invalid or taken.
            VoicestreamError: it cannot be written.
        """
        check_name(name)
        there = self.named(name)
        if there is not None:
            raise UsageError(
                f'there is a voice "{there.name}" already',
                hint=f"Give another name, or try: voicestream voices remove {names.quoted(there.name)}",
            )
        return self._keep(self.root / name, made, by)

    def add_file(self, made: Sample, by: str) -> OwnVoice:
        """Store a sample without a name, with consent.

        Raises:
            VoicestreamError: it cannot be written.
        """
        return self._keep(self.root / FILES / made.content_hash, made, by)

    def remove(self, typed: str) -> OwnVoice:
        """Delete a voice.

        Raises:
            UsageError: there is none of that name.
            VoicestreamError: it cannot be deleted.
        """
        names.choose(typed, [voice.name for voice in self.voices()], "voicestream")
        found = self.named(typed)
        assert found is not None  # noqa: S101 - it was chosen just now
        self._delete(found.path.parent)
        return found

    def remove_files(self) -> int:
        """Delete the voices without names; returns their number.

        Raises:
            VoicestreamError: one cannot be deleted.
        """
        found = self.files()
        if found:
            self._delete(self.root / FILES)
        return len(found)

    def _keep(self, directory: Path, made: Sample, by: str) -> OwnVoice:
        consent = Consent(words=CONSENT, date=licences.today(), by=by)
        record = Record(content_hash=made.content_hash, seconds=round(made.seconds, 2), consent=consent)
        try:
            for place in (self.root, directory.parent, directory):
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
            sample.write(directory / SOUND, made)
            # The record is written last: without it a directory is no voice.
            text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
            write_whole(directory / RECORD, text, mode=0o600)
        except OSError as error:
            raise VoicestreamError(f"the voice cannot be kept in {directory}: {error.strerror}") from error
        return OwnVoice(directory.name, directory / SOUND, record)

    def _delete(self, directory: Path) -> None:
        embedding_cache.forget()
        try:
            shutil.rmtree(directory)
        except OSError as error:
            raise VoicestreamError(f"cannot delete {error.filename or directory}: {error.strerror}") from error

    def _in(self, directory: Path) -> Iterator[OwnVoice]:
        for file in sorted(directory.glob(f"*/{RECORD}")):
            try:
                record = bounded_file.read_as(file, RECORD_BYTES, Record)
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    f"{file} cannot be read: {error}", hint=f"Delete {file.parent}, and add the voice again."
                ) from error
            yield OwnVoice(file.parent.name, file.with_name(SOUND), record)


def check_name(name: str) -> None:
    """Check that a name is valid for a voice.

    Raises:
        UsageError: it is not.
    """
    if _NAME.fullmatch(name) is None or name != name.strip() or sound_file.is_path(name):
        raise UsageError(
            f'a voice cannot be named "{name}"',
            hint="A name has letters, digits, spaces and . ' - _, begins with a letter or a digit, and is no file's.",
        )
