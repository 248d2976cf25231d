"""espeak-ng's shared library, loaded anew for each text.

The library keeps state between calls that nothing resets, so the samples of a text depend on those before it. Loaded
anew and seeded, the same text gives the same samples, in this process and in any other. It costs 4 ms. The seed
matters for breathy voices (``+f3``, ``+whisper``): espeak-ng takes the time of day for it otherwise.

Constants and signatures are those of espeak-ng 1.52, ``speak_lib.h`` and ``espeak_ng.h``. The library is not
thread-safe, so it must not be loaded twice at a time.
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
"""Hertz, of all voices but MBROLA's, which the wheel does not have."""

_MAX_PATH_BYTES: Final = 159
"""The library cuts a longer data path off without a word (``N_PATH_HOME``), and then takes other data or none."""

_BUFFER_MILLISECONDS: Final = 250
"""Longest chunk the callback gets."""

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
"""Mode RETRIEVAL loses sound unless it is synchronized."""
_INITIALIZE_DONT_EXIT: Final = 0x8000
"""Without it the library ends the process when its data is missing."""
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
    """The library while it is loaded; made by ``loaded``."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._chunks: list[bytes] = []
        # An attribute, because the library holds only its address.
        self._callback = _Callback(self._take)
        self._list_of_voices: int | None = None
        """Address of an array that the library allocates for its list of voices and never frees."""
        self._has_voice_to_take = False
        """The library frees a voice that was chosen when it begins to speak."""

    def start(self, data: Path) -> None:
        """Read the data.

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

    def set_up(self, voice: str, words_per_minute: int, seed: int) -> None:
        """Choose the voice.

        Raises:
            EspeakError: it does not exist.
        """
        if self._list_of_voices is None:
            # The library would do it itself, and tell nobody where the array is.
            list_voices = self._library.espeak_ListVoices
            list_voices.restype = ctypes.c_void_p
            self._list_of_voices = list_voices(None)
        self._check(self._library.espeak_SetVoiceByName(ctypes.c_char_p(voice.encode())), f"voice {voice}")
        self._has_voice_to_take = True
        self._check(self._library.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0), "speed")
        self._check(self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed & 0x7FFFFFFF)), "seed")

    def speak(self, text: bytes) -> list[bytes]:
        """The sound of a text, without a pause after it; returns when all is made (a thousandth of its duration).

        Args:
            text: UTF-8, without NUL.

        Returns:
            Chunks of signed 16-bit samples in the machine's byte order, each at most 0.25 s at natural speed.

        Raises:
            EspeakError: the library refused.
        """
        code = self._library.espeak_Synth(
            ctypes.c_char_p(text), ctypes.c_size_t(len(text) + 1), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        chunks, self._chunks = self._chunks, []
        self._has_voice_to_take = False
        self._check(code, "synthesis")
        return chunks

    def phonemes(self, text: bytes, tie: str) -> str:
        """The sounds of a text in the phonetic alphabet (IPA), in the voice's language; marks in it are left out.

        Args:
            text: UTF-8, without NUL.
            tie: one ASCII character, put between the parts of one sound: ``a^ɪ``.
        """
        mode = _PHONEMES_IPA | _PHONEMES_TIED | ord(tie) << _PHONEMES_TIE_SHIFT
        translate = self._library.espeak_TextToPhonemes
        translate.restype = ctypes.c_char_p
        buffer = ctypes.create_string_buffer(text)
        left = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses: list[str] = []
        # Each call takes one clause, and moves the pointer behind it; in the end to nowhere.
        while left.value:
            found = translate(ctypes.byref(left), _CHARS_UTF8, mode)
            clauses.append((found or b"").decode())
        return " ".join(clause.strip() for clause in clauses if clause.strip())

    def end(self) -> None:
        """Free what the library has, and what it would leave behind when it is unloaded: 2 KB each time."""
        if self._has_voice_to_take:
            with contextlib.suppress(EspeakError):  # its sound is wanted by nobody
                self.speak(b" ")
        self._library.espeak_Terminate()
        if self._list_of_voices is not None:
            free = ctypes.CDLL(None).free
            free.argtypes = [ctypes.c_void_p]
            free(self._list_of_voices)
            self._list_of_voices = None

    def _take(self, samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, count * 2))  # type: ignore[arg-type]
        return 0

    def _check(self, code: int, what: str) -> None:
        if code != _OK:
            raise EspeakError(f"espeak-ng failed: {what} (code {code})")


@contextlib.contextmanager
def loaded(library: Path, data: Path) -> Generator[EspeakLibrary]:
    """The library, loaded now and gone afterwards.

    Args:
        library: path of the shared library.
        data: path of its data directory, of any length.

    Raises:
        EngineNotReadyError: there is no such library, or the path is too long and so is that of temporary files.
        EspeakError: the data is missing or damaged.
    """
    try:
        handle = ctypes.CDLL(str(library))
    except OSError as error:
        raise EngineNotReadyError(f"espeak-ng cannot be loaded: {error}", hint=REINSTALL) from error
    espeak = EspeakLibrary(handle)
    try:
        with _short(data) as path:
            espeak.start(path)
            yield espeak
    finally:
        espeak.end()
        _ctypes.dlclose(handle._handle)  # noqa: SLF001 - ctypes has no other way to unload


@contextlib.contextmanager
def _short(data: Path) -> Generator[Path]:
    """A path of the data directory that fits into the library; a link for the time of a sentence where it must be."""
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
