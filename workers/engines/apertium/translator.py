"""The engine ``apertium``: rule-based translation by the system's programs, at once and offline.

``apertium -z`` cannot be kept running, its wrapper does not flush; so the stages of the pair's mode file are run as one
long-lived pipeline. 2 ms a sentence once it runs, 0.1 s to start it. The quality is that of a last resort.
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
from voicestream.workers.engines.apertium.process_pipeline import Pipeline, PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.config.languages import Language
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 5.0
"""For one sentence, start of the pipeline included: 0.15 s on two slow cores. Twice this fits into a job's deadline."""

TIMEOUT_SECONDS_PER_CHARACTER: Final = 0.002
"""Most texts need 0.01 ms a character."""

MAX_PIPELINES: Final = 2
"""Pairs kept running: a dozen processes and 100 MB each."""

_ENDING: Final = ".[][\n]"
"""What Apertium's own wrapper puts after a text, so that the tagger takes its end for the end of a sentence."""

_ENDING_COME_BACK: Final = re.compile(r"\.?\[\]\[\n\]\s*$")
_RESERVED: Final = re.compile(r"([\\\[\]{}^$/@<>~])")
"""Characters with a meaning in Apertium's stream format."""

_ESCAPED: Final = re.compile(r"\\(.)")
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]+")
"""A NUL would end the text too early, a surrogate is not UTF-8."""


class ApertiumTranslator:
    """A ``Translator`` that keeps Apertium's programs running, a pipeline for each pair of languages."""

    name = "apertium"
    device = "cpu"

    def __init__(self, modes: dict[str, Path]) -> None:
        """``modes``: the files of the pairs by name."""
        self._modes = modes
        self._pipelines: collections.OrderedDict[str, Pipeline] = collections.OrderedDict()
        """By name of the mode, the one used last at the end."""

    def supports(self, source: str, target: str) -> bool:
        """Whether the pair is installed."""
        try:
            return self._mode(source, target) is not None
        except UsageError:
            return False

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - the protocol's
        """The texts in the target language, one after another.

        Raises:
            EngineNotReadyError: the pair is not installed.
            PipelineError: the programs died or hung twice over the same text.
        """
        mode = self._mode(source, target)
        if mode is None:
            raise missing_pair(source, target)
        return [self._translate(mode, text) for text in texts]

    def close(self) -> None:
        """End all programs."""
        while self._pipelines:
            self._pipelines.popitem()[1].close()

    def _mode(self, source: str, target: str) -> str | None:
        """The mode for a pair; one for the very regions goes before one for the languages."""
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
                # The programs swallow a few signs (~); a sentence of nothing else stays as it is.
                return decode(self._pipeline(mode).exchange(data, timeout_seconds)) or clean
            except PipelineError as error:
                broken = self._pipelines.pop(mode)
                broken.kill()
                broken.close()
                if is_last:
                    raise
                _log.warning("mode=%s restarted reason=%s", mode, error)
        raise AssertionError  # unreachable: the second failure is raised

    def _pipeline(self, mode: str) -> Pipeline:
        """The running pipeline of a mode, started if need be."""
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
        self._pipelines[mode] = Pipeline(commands)
        return self._pipelines[mode]


def load(_settings: EngineSettings, report: Report) -> ApertiumTranslator:
    """Find the programs and the pairs.

    Raises:
        EngineNotReadyError: there are none.
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
    """Installed modes by name (``eng-spa``); ``APERTIUM_DATADIR`` goes before the system's directories."""
    named = os.environ.get("APERTIUM_DATADIR")
    program = _program("lt-proc")
    directories = [Path(named)] if named else []
    if program is not None:
        # Homebrew and own builds keep programs and data under one prefix.
        directories.append(Path(program).parent.parent / "share" / "apertium")
    directories.append(Path("/usr/share/apertium"))
    modes: dict[str, Path] = {}
    for directory in directories:
        for file in sorted((directory / "modes").glob("*.mode")):
            modes.setdefault(file.stem, file)
    return modes


def missing_pair(source: str, target: str) -> EngineNotReadyError:
    """The error for a pair that is not installed, with the command that installs it where it may exist."""
    first, second = languages.parse(source), languages.parse(target)
    message = f"Apertium has no installed pair from {first.name} to {second.name}"
    if first.apertium is None or second.apertium is None:
        return EngineNotReadyError(message, hint="Apertium does not know the language. Try: --translator none")
    # Debian names a package after both languages in alphabetical order, most of the time.
    pair = "-".join(sorted((first.apertium, second.apertium)))
    return EngineNotReadyError(message, hint=_install(pair))


def encode(text: str) -> bytes:
    """A text without line breaks as Apertium's programs want it."""
    return (_RESERVED.sub(r"\\\1", text) + _ENDING).encode()


def decode(answer: bytes) -> str:
    """The text in what Apertium's programs returned.

    Raises:
        PipelineError: its end is missing. When a program in the middle dies, those after it still answer something.
    """
    text, endings = _ENDING_COME_BACK.subn("", answer.decode("utf-8", "replace"))
    if not endings:
        raise PipelineError("Apertium's answer is incomplete: one of its programs has ended")
    return _ESCAPED.sub(r"\1", text).strip()


def _codes(language: Language) -> list[str]:
    """How the names of modes may call a language: ``por_BR``, ``por``, ``pt``."""
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
    """Absolute path of a program; never one from the current directory, which is the agent's project."""
    path = os.environ.get("PATH", os.defpath)
    absolute = os.pathsep.join(entry for entry in path.split(os.pathsep) if Path(entry).is_absolute())
    return shutil.which(name, path=absolute)
