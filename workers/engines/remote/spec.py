"""Specs of the engines ``remote``: a voice and a translator on the hosts that the user's file names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec, VoiceList

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Translator
    from voicestream.protocol.messages import RemoteHosts

NAME: Final = "remote"
TITLE: Final = "HTTP server"


def _load_synthesizer(settings: EngineSettings, report: Report) -> Synthesizer:
    from voicestream.workers.engines.remote import synthesizer

    return synthesizer.load(settings, report)


def _load_translator(settings: EngineSettings, report: Report) -> Translator:
    from voicestream.workers.engines.remote import translator

    return translator.load(settings, report)


def _probe(hosts: RemoteHosts) -> dict[str, str]:
    from voicestream.workers.engines.remote import probe

    return probe.problems(hosts)


def _voices(_models: str) -> VoiceList:
    return VoiceList(has_all=False, summary="those of the server")


SYNTHESIZER: Final = SynthesizerSpec(
    name=NAME,
    title=TITLE,
    summary="a voice of a server",
    sends_text=True,
    load=_load_synthesizer,
    probe=_probe,
    voices=_voices,
)
TRANSLATOR: Final = TranslatorSpec(name=NAME, title=TITLE, sends_text=True, load=_load_translator, probe=_probe)
