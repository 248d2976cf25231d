"""Validation of requests: bytes of a body in, a job or an ``ApiError`` out. Pure.

Messages of ``msgspec`` name the field and the types, never a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

import msgspec

from voicestream.config import languages
from voicestream.errors import UsageError
from voicestream.serve.api.api_errors import refused
from voicestream.serve.settings import MAX_INPUT_CHARACTERS, MAX_TEXTS
from voicestream.voices import sound_file

if TYPE_CHECKING:
    from voicestream.engines.spec import VoiceList

MAX_SEED: Final = (1 << 63) - 1
MAX_NAME_CHARACTERS: Final = 100

OPENAI_MODELS: Final = frozenset(("", "auto", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"))
"""Models that other programs ask for; they get the engine of this server."""

OPENAI_VOICES: Final = frozenset(
    ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse")
)
"""Voices that other programs ask for; without one of that name they get the default voice."""

Body = TypeVar("Body")


class SpeechJob(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence to be spoken."""

    text: str
    language: str
    """Normalized BCP-47 tag; empty = that of the voice, or the server's default."""
    voice: str
    """As it was asked for."""
    speed: float
    seed: int
    skip: int
    """Frames that are not sent."""
    is_wav: bool
    """True: a WAV header precedes the samples."""


class TranslationJob(msgspec.Struct, frozen=True, kw_only=True):
    """Texts of one language to be translated into another."""

    texts: tuple[str, ...]
    source: str
    target: str
    beams: int
    is_second_try: bool

    @property
    def pair(self) -> tuple[str, str]:
        """Return the languages."""
        return self.source, self.target

    @property
    def search(self) -> tuple[int, bool]:
        """Return what all jobs must have in common that are translated together."""
        return self.beams, self.is_second_try


class _SpeechBody(msgspec.Struct, frozen=True):
    """Body of ``POST /v1/audio/speech``; unknown fields are ignored."""

    input: str
    model: str | None = None
    voice: str | None = None
    response_format: str | None = None
    stream_format: str | None = None
    speed: Annotated[float, msgspec.Meta(ge=0.25, le=4)] | None = None
    language: str | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)] | None = None
    skip: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)] | None = None


class _TranslationBody(msgspec.Struct, frozen=True):
    """Body of ``POST /v1/translate``."""

    texts: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MAX_TEXTS)]
    source: str
    target: str
    model: str | None = None
    beams: Annotated[int, msgspec.Meta(ge=1, le=16)] | None = None
    retry: bool = False


def parse_speech(body: bytes, engine: str) -> SpeechJob:
    """Return the job of a speech request.

    Args:
        body: of the request.
        engine: name of the voice engine of this server.

    Raises:
        ApiError: it cannot be served.
    """
    found = _decoded(body, _SpeechBody)
    _check_text(found.input, "input")
    _check_model(found.model or "", engine)
    if found.stream_format not in (None, "audio"):
        raise refused(400, "unsupported_stream_format", "stream_format must be audio", param="stream_format")
    return SpeechJob(
        text=found.input,
        language=_tag(found.language, "language") if found.language else "",
        voice=found.voice or "",
        speed=1.0 if found.speed is None else found.speed,
        seed=found.seed or 0,
        skip=found.skip or 0,
        is_wav=_format(found.response_format) == "wav",
    )


def parse_translation(body: bytes, engine: str) -> TranslationJob:
    """Return the job of a translation request; arguments and errors as for ``parse_speech``."""
    found = _decoded(body, _TranslationBody)
    for text in found.texts:
        _check_text(text, "texts")
    _check_model(found.model or "", engine)
    return TranslationJob(
        texts=tuple(found.texts),
        source=_tag(found.source, "source"),
        target=_tag(found.target, "target"),
        beams=found.beams or 1,
        is_second_try=found.retry,
    )


def choose_voice(asked: str, known: VoiceList) -> str:
    """Return the name of a voice for the engine; empty = its default.

    A path is refused: the file would be one of the server's.

    Raises:
        ApiError: there is no such voice.
    """
    if not asked:
        return ""
    unknown = refused(400, "voice_not_found", "there is no such voice; GET /v1/models lists them", param="voice")
    if len(asked) > MAX_NAME_CHARACTERS or sound_file.is_path(asked) or not asked.isprintable() or asked[0] in "~.":
        raise unknown
    if asked in known.names or (known.also is not None and known.also(asked)):
        return asked
    if asked.lower() in OPENAI_VOICES:
        return ""
    if known.has_all:
        raise unknown
    return asked


def _decoded(body: bytes, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise refused(400, "invalid_value", str(error), param=str(error).rpartition("$.")[2].rstrip("`")) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise refused(400, "invalid_json", "the body is not valid JSON in UTF-8") from None


def _check_text(text: str, param: str) -> None:
    if not text.strip():
        raise refused(400, "empty_text", "there is no text", param=param)
    if len(text) > MAX_INPUT_CHARACTERS:
        message = f"the text has {len(text)} characters; the limit is {MAX_INPUT_CHARACTERS}"
        raise refused(400, "string_above_max_length", message, param=param)


def _check_model(model: str, engine: str) -> None:
    if model != engine and model not in OPENAI_MODELS:
        raise refused(404, "model_not_found", f"this server has the model {engine} only", param="model")


def _format(asked: str | None) -> Literal["pcm", "wav"]:
    """Return the format of the sound; ``wav`` if none is named, which programs tell apart by its header."""
    match asked:
        case "pcm":
            return "pcm"
        case "wav" | None:
            return "wav"
        case _:
            message = "response_format must be pcm or wav"
            raise refused(400, "unsupported_response_format", message, param="response_format")


def _tag(tag: str, param: str) -> str:
    try:
        return languages.parse(tag).tag
    except UsageError:
        raise refused(400, "unknown_language", "this is no BCP-47 tag of a known language", param=param) from None
