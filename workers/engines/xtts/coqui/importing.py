"""Import of coqui-tts (the package ``TTS``) without torchaudio and torchcodec.

Both must be built for exactly the installed torch; otherwise their import fails, and that of ``TTS`` with it. Synthesis
needs about a hundred lines of torchaudio and nothing of torchcodec. The stand-in is used even where torchaudio is
installed: so a voice is the same on every machine, and a model can be created on the meta device, which the filter
banks of torchaudio do not support.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import logging
import sys
import types
import warnings
from typing import Final

from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.xtts.model import INSTALL

_TORCHAUDIO: Final = "torchaudio"
_TORCHCODEC: Final = "torchcodec"

_NOISY: Final = ("TTS", "trainer", "numba", "matplotlib")
"""Loggers of imported packages whose messages do not concern users."""


def import_coqui() -> None:
    """Import ``TTS`` and its modules for synthesis, without warnings.

    Raises:
        EngineNotReadyError: it or one of its dependencies is not installed.
    """
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Deprecation warnings between these libraries.
        warnings.simplefilter("ignore")
        try:
            importlib.import_module("torch")
            _silence_transformers()
            _put_stand_in()
            _import_without_torchcodec("TTS")
            importlib.import_module("TTS.tts.models.xtts")
        except ImportError as error:
            raise EngineNotReadyError(f"a package is missing: {error}", hint=INSTALL) from error


def _silence_transformers() -> None:
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def _put_stand_in() -> None:
    from voicestream.workers.engines.xtts.coqui import torchaudio_stand_in

    functions = _module(f"{_TORCHAUDIO}.functional")
    functions.__dict__["resample"] = torchaudio_stand_in.resample
    transforms = _module(f"{_TORCHAUDIO}.transforms")
    transforms.__dict__["MelSpectrogram"] = torchaudio_stand_in.MelSpectrogram
    transforms.__dict__["Resample"] = torchaudio_stand_in.Resample
    package = _module(_TORCHAUDIO)
    package.__dict__.update(functional=functions, transforms=transforms)


def _import_without_torchcodec(name: str) -> None:
    """Import a package that requires torchcodec to be present, but never uses it.

    The placeholder exists during the import only: transformers later asks for its version, and would fail.
    """
    if importlib.util.find_spec(_TORCHCODEC) is not None:
        importlib.import_module(name)
        return
    _module(_TORCHCODEC)
    try:
        importlib.import_module(name)
    finally:
        del sys.modules[_TORCHCODEC]


def _module(name: str) -> types.ModuleType:
    """Register an empty module."""
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, loader=None, is_package=True)
    module.__path__ = []
    sys.modules[name] = module
    return module
