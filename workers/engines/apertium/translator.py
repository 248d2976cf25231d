"""Engine ``apertium``: rule-based, offline translation with the programs of the system.

The wrapper ``apertium -z`` does not flush, so it cannot be kept running. Instead, the stages of a pair's mode file run
as one long-lived pipeline: 2 ms a sentence, 0.1 s to start. The quality is low.
"""

from __future__ import annotations

import collections
import logging
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.engines.apertium import mode_file
from voicestream.workers.engines.apertium.process_pipeline import PipelineError, ProcessPipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.config.languages import Language
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 5.0
"""Timeout of one sentence, with the start of the pipeline: 0.15 s on two slow cores. A job's deadline allows two."""

TIMEOUT_SECONDS_PER_CHARACTER: Final = 0.002
"""Additional timeout; most texts take 0.01 ms a character."""

MAX_PIPELINES: Final = 2
"""Language pairs that are kept running: a dozen processes and 100 MB each."""

_SUFFIX: Final = ".[][\n]"
"""Suffix that Apertium's wrapper appends, so that the tagger sees the end of a sentence."""

_RETURNED_SUFFIX: Final = re.compile(r"\.?\[\]\[\n\]\s*$")
_RESERVED: Final = re.compile(r"([\\\[\]{}^$/@<>~])")
"""Reserved characters of Apertium's stream format."""

_ESCAPED: Final = re.compile(r"\\(.)")
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]+")
"""A NUL would end the text too early, a surrogate is not UTF-8."""


class ApertiumTranslator:
    """``Translator`` with one long-lived Apertium pipeline for each language pair."""

    name = "apertium"
    device = "cpu"

    def __init__(self, modes: dict[str, Path]) -> None:
        """Take the mode files by name."""
        self._modes = modes
        self._pipelines: collections.OrderedDict[str, ProcessPipeline] = collections.OrderedDict()
        """By name of the mode, the least recently used one first."""

    def supports(self, source: str, target: str) -> bool:
        """Return whether the language pair is installed."""
        try:
            return self._mode(source, target) is not None
        except UsageError:
            return False

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        """Translate texts one by one.

        Raises:
            EngineNotReadyError: the pair is not installed.
            PipelineError: the pipeline died or timed out twice with the same text.
        """
        mode = self._mode(source, target)
        if mode is None:
            raise missing_pair(source, target)
        return [self._translate(mode, text) for text in texts]

    def close(self) -> None:
        """Close all pipelines."""
        while self._pipelines:
            self._pipelines.popitem()[1].close()

    def _mode(self, source: str, target: str) -> str | None:
        """Return the mode of a pair; one for the regions takes precedence over one for the languages."""
        for first in _codes(languages.parse(source)):
            for second in _codes(languages.parse(target)):
                if (name := f"{first}-{second}") in self._modes:
                    return name
        return None

    def _translate(self, mode: str, text: str) -> str:
        clean = _BLANK.sub(" ", text).strip()
        if not clean:
            return ""
        data = encode(clean)
        timeout_seconds = TIMEOUT_SECONDS + TIMEOUT_SECONDS_PER_CHARACTER * len(clean)
        for is_last in (False, True):
            try:
                # The programs drop a few characters (~); a sentence of nothing else is returned unchanged.
                return decode(self._pipeline(mode).exchange(data, timeout_seconds)) or clean
            except PipelineError as error:
                broken = self._pipelines.pop(mode)
                broken.kill()
                broken.close()
                if is_last:
                    raise
                _log.warning("mode=%s restarted reason=%s", mode, error)
        raise AssertionError  # unreachable: the second failure is raised

    def _pipeline(self, mode: str) -> ProcessPipeline:
        """Return the running pipeline of a mode; start it if necessary."""
        if mode in self._pipelines:
            self._pipelines.move_to_end(mode)
            return self._pipelines[mode]
        file = self._modes[mode]
        try:
            stages = mode_file.stages(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EngineNotReadyError(
                f"Apertium's mode {file} cannot be used: {error}", hint=_install(mode.replace("_", "-"))
            ) from error
        commands = [[_required(program), *arguments] for program, *arguments in stages]
        while len(self._pipelines) >= MAX_PIPELINES:
            self._pipelines.popitem(last=False)[1].close()
        self._pipelines[mode] = ProcessPipeline(commands)
        return self._pipelines[mode]


def load(_settings: EngineSettings, report: Report) -> ApertiumTranslator:
    """Find the programs and the language pairs.

    Raises:
        EngineNotReadyError: none is installed.
    """
    report("apertium", None)
    if _program("lt-proc") is None:
        raise EngineNotReadyError(
            "Apertium is not installed", hint="sudo apt install apertium apertium-eng-spa   (or another pair)"
        )
    modes = find_modes()
    if not modes:
        raise EngineNotReadyError(
            "Apertium has no language pair", hint="sudo apt install apertium-eng-spa   (or another pair)"
        )
    return ApertiumTranslator(modes)


def find_modes() -> dict[str, Path]:
    """Return the installed modes by name (``eng-spa``); ``APERTIUM_DATADIR`` comes before the system directories."""
    named = os.environ.get("APERTIUM_DATADIR")
    program = _program("lt-proc")
    directories = [Path(named)] if named else []
    if program is not None:
        # Homebrew and local builds keep programs and data under one prefix.
        directories.append(Path(program).parent.parent / "share" / "apertium")
    directories.append(Path("/usr/share/apertium"))
    modes: dict[str, Path] = {}
    for directory in directories:
        for file in sorted((directory / "modes").glob("*.mode")):
            modes.setdefault(file.stem, file)
    return modes


def missing_pair(source: str, target: str) -> EngineNotReadyError:
    """Return the error for a pair that is not installed, with the command that installs it if known."""
    first, second = languages.parse(source), languages.parse(target)
    message = f"Apertium has no installed pair from {first.name} to {second.name}"
    if first.apertium is None or second.apertium is None:
        return EngineNotReadyError(message, hint="Apertium does not know the language. Try: --translator none")
    # Debian names most packages after both languages in alphabetical order.
    pair = "-".join(sorted((first.apertium, second.apertium)))
    return EngineNotReadyError(message, hint=_install(pair))


def encode(text: str) -> bytes:
    """Encode a text without line breaks in Apertium's stream format."""
    return (_RESERVED.sub(r"\\\1", text) + _SUFFIX).encode()


def decode(reply: bytes) -> str:
    """Decode a reply in Apertium's stream format.

    Raises:
        PipelineError: the reply is truncated, because a process in the middle died.
    """
    text, suffixes = _RETURNED_SUFFIX.subn("", reply.decode("utf-8", "replace"))
    if not suffixes:
        raise PipelineError("Apertium's answer is incomplete: one of its programs has ended")
    return _ESCAPED.sub(r"\1", text).strip()


def _codes(language: Language) -> list[str]:
    """Return the codes of a language in mode names: ``por_BR``, ``por``, ``pt``."""
    codes = [] if language.apertium is None else [language.apertium]
    if language.region is not None:
        codes = [*(f"{code}_{language.region}" for code in codes), *codes]
    return [*codes, language.base]


def _install(pair: str) -> str:
    return f"sudo apt install apertium apertium-{pair}   (apt-cache search apertium lists the pairs there are)"


def _required(program: str) -> str:
    path = _program(program)
    if path is None:
        raise EngineNotReadyError(
            f"Apertium's program {program} is not installed",
            hint="sudo apt install apertium apertium-lex-tools lttoolbox cg3",
        )
    return path


def _program(name: str) -> str | None:
    """Return the absolute path of a program, never from the current directory, which is the project of the agent."""
    path = os.environ.get("PATH", os.defpath)
    absolute = os.pathsep.join(entry for entry in path.split(os.pathsep) if Path(entry).is_absolute())
    return shutil.which(name, path=absolute)
