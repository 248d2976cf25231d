"""Findings about the hosts of engines that send sentences to hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.config import config_file
from voicestream.config.remote import table
from voicestream.doctor.finding import Finding
from voicestream.engines.spec import SynthesizerSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.engines.spec import EngineSpec


def hosts(check: str, spec: EngineSpec) -> Iterator[Finding]:
    """Report whether each host of an engine answers; nothing is sent to it but the token.

    Args:
        check: name of the check.
        spec: of the engine.

    Raises:
        ConfigurationError: the user's file, the token or the certificates cannot be read.
    """
    is_voice = isinstance(spec, SynthesizerSpec)
    named = config_file.load(config_file.path()).remote.get("tts" if is_voice else "translation")
    if named is None or spec.probe is None:
        yield Finding(check, "note", f"{spec.title}: no host is named in [{table.TABLE}], nothing is sent anywhere")
        return
    for url, problem in spec.probe(table.with_token(named)).items():
        if problem:
            yield Finding(check, "note", f"{url}: {problem}", f"curl -i {url}/health")
        else:
            yield Finding(check, "ok", f"{url} answers; sentences are sent there when --{_option(check)} is given")


def _option(check: str) -> str:
    role, _, name = check.partition(":")
    return f"{'tts' if role == 'tts' else 'translator'} {name}"
