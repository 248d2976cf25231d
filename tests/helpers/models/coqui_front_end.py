"""Runs coqui's own front-end over texts, in a process of its own: ``[[language, text], …]`` in and texts out, as JSON.

Its modules are loaded without the packages around them, which want torchaudio.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import types
from pathlib import Path


def main() -> None:
    """Read from stdin, write to stdout."""
    spec = importlib.util.find_spec("TTS")
    assert spec is not None
    assert spec.submodule_search_locations
    place = Path(spec.submodule_search_locations[0])
    for name in ("TTS", "TTS.tts", "TTS.tts.layers", "TTS.tts.layers.xtts", "TTS.tts.utils", "TTS.tts.utils.text"):
        package = types.ModuleType(name)
        package.__path__ = [str(place.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    tokenizer = importlib.import_module("TTS.tts.layers.xtts.tokenizer").VoiceBpeTokenizer()
    print(json.dumps([tokenizer.preprocess_text(text, language) for language, text in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
