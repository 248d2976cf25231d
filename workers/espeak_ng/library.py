"""Shared library of espeak-ng, loaded again for each text.

The library keeps state between calls that cannot be reset, so the samples of a text would depend on earlier texts.
Loading it again, which takes 4 ms, and seeding it make the samples reproducible in any process. The seed matters for
breathy voices (``+f3``, ``+whisper``): by default espeak-ng uses the time of day.

Constants and signatures are those of espeak-ng 1.52, ``speak_lib.h`` and ``espeak_ng.h``. The library is not
thread-safe, so it must not be loaded twice at the same time.
"""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.errors import EngineNotReadyError
from voicestream.workers.espeak_ng.voices import REINSTALL

if TYPE_CHECKING:
    from collections.abc import Generator

SAMPLE_RATE: Final = 22_050
"""Hz, of all voices except MBROLA's, which the wheel does not include."""

_MAX_PATH_BYTES: Final = 159
"""Longest data path (``N_PATH_HOME``): the library silently truncates a longer one."""

_BUFFER_MILLISECONDS: Final = 250
"""Longest chunk passed to the callback."""

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
"""Mode RETRIEVAL loses samples unless it is synchronized."""
_INITIALIZE_DONT_EXIT: Final = 0x8000
"""Without this flag the library exits the process when its data is missing."""
_CHARS_UTF8: Final = 1
_ENDPAUSE: Final = 0x1000
_POS_CHARACTER: Final = 1
_PARAMETER_RATE: Final = 1
_OK: Final = 0
_PHONEMES_IPA: Final = 0x02
_PHONEMES_TIED: Final = 0x80
_PHONEMES_TIE_SHIFT: Final = 8

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakError(RuntimeError):
    """A call into espeak-ng failed."""


class EspeakLibrary:
    """Loaded library; created by ``loaded``."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._chunks: list[bytes] = []
        # An attribute, because the library stores only its address.
        self._callback = _Callback(self._on_samples)
        self._voice_list: int | None = None
        """Address of an array that the library allocates for its list of voices and never frees."""
        self._has_voice = False
        """True if a selected voice is still allocated: the library frees it when synthesis starts."""

    def start(self, data: Path) -> None:
        """Initialize the library with its data.

        Raises:
            EspeakError: it is missing or damaged.
        """
        path = os.fsencode(data)
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _BUFFER_MILLISECONDS, ctypes.c_char_p(path), _INITIALIZE_DONT_EXIT
        )
        if rate != SAMPLE_RATE:
            raise EspeakError(f"espeak-ng cannot use its data in {data} (espeak_Initialize: {rate})")
        self._library.espeak_SetSynthCallback(self._callback)

    def configure(self, voice: str, words_per_minute: int, seed: int) -> None:
        """Select the voice, the speed and the seed.

        Raises:
            EspeakError: it does not exist.
        """
        if self._voice_list is None:
            # Otherwise the library lists them itself, and the array can never be freed.
            list_voices = self._library.espeak_ListVoices
            list_voices.restype = ctypes.c_void_p
            self._voice_list = list_voices(None)
        self._check(self._library.espeak_SetVoiceByName(ctypes.c_char_p(voice.encode())), f"voice {voice}")
        self._has_voice = True
        self._check(self._library.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0), "speed")
        self._check(self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed & 0x7FFFFFFF)), "seed")

    def synthesize(self, text: bytes) -> list[bytes]:
        """Synthesize a text without a final pause; takes about a thousandth of its duration.

        Args:
            text: UTF-8, without NUL.

        Returns:
            Chunks of signed 16-bit samples in the machine's byte order, each at most 0.25 s at natural speed.

        Raises:
            EspeakError: the library returned an error.
        """
        code = self._library.espeak_Synth(
            ctypes.c_char_p(text), ctypes.c_size_t(len(text) + 1), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        chunks, self._chunks = self._chunks, []
        self._has_voice = False
        self._check(code, "synthesis")
        return chunks

    def phonemes(self, text: bytes, tie: str) -> str:
        """Convert a text to IPA in the language of the voice, without punctuation.

        Args:
            text: UTF-8, without NUL.
            tie: ASCII character between the parts of one sound: ``a^ɪ``.
        """
        mode = _PHONEMES_IPA | _PHONEMES_TIED | ord(tie) << _PHONEMES_TIE_SHIFT
        translate = self._library.espeak_TextToPhonemes
        translate.restype = ctypes.c_char_p
        buffer = ctypes.create_string_buffer(text)
        pointer = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses: list[str] = []
        # Each call converts one clause and advances the pointer; after the last one it is NULL.
        while pointer.value:
            found = translate(ctypes.byref(pointer), _CHARS_UTF8, mode)
            clauses.append((found or b"").decode())
        return " ".join(clause.strip() for clause in clauses if clause.strip())

    def end(self) -> None:
        """Free the library's memory, including 2 KB that it would leak at each unload."""
        if self._has_voice:
            with contextlib.suppress(EspeakError):  # only to free the voice
                self.synthesize(b" ")
        self._library.espeak_Terminate()
        if self._voice_list is not None:
            free = ctypes.CDLL(None).free
            free.argtypes = [ctypes.c_void_p]
            free(self._voice_list)
            self._voice_list = None

    def _on_samples(self, samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, count * 2))  # type: ignore[arg-type]
        return 0

    def _check(self, code: int, what: str) -> None:
        if code != _OK:
            raise EspeakError(f"espeak-ng failed: {what} (code {code})")


@contextlib.contextmanager
def loaded(library: Path, data: Path) -> Generator[EspeakLibrary]:
    """Load the library for the duration of a block.

    Args:
        library: path of the shared library.
        data: path of its data directory, of any length.

    Raises:
        EngineNotReadyError: there is no such library, or both the data path and that of temporary files are too long.
        EspeakError: the data is missing or damaged.
    """
    try:
        handle = ctypes.CDLL(str(library))
    except OSError as error:
        raise EngineNotReadyError(f"espeak-ng cannot be loaded: {error}", hint=REINSTALL) from error
    espeak = EspeakLibrary(handle)
    try:
        with _short_path(data) as path:
            espeak.start(path)
            yield espeak
    finally:
        espeak.end()
        _ctypes.dlclose(handle._handle)  # noqa: SLF001 - ctypes has no other way to unload


@contextlib.contextmanager
def _short_path(data: Path) -> Generator[Path]:
    """Yield a data path that is short enough for the library, through a temporary link if necessary."""
    if len(os.fsencode(data)) <= _MAX_PATH_BYTES:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="vs-") as directory:
        link = Path(directory) / "d"
        if len(os.fsencode(link)) > _MAX_PATH_BYTES:
            raise EngineNotReadyError(
                f"espeak-ng cannot use its data: the path is longer than {_MAX_PATH_BYTES} bytes, and so is "
                f"that of temporary files: {data}",
                hint="export TMPDIR=/tmp",
            )
        link.symlink_to(data)
        yield link
