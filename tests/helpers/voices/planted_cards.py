"""A translator and a voice that say on which device they were told to compute, and compute on none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.voices.planted_voices import Steady
from helpers.voices.plugging import offer
from voicestream.config.engine_settings import EngineSettings
from voicestream.supervisor.ledger.speaking import FIRST_SOUND_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from helpers.process.running import Voicestream
    from voicestream.engines.translator import Job


class Told:
    """Translates nothing."""

    name = "told"
    needs_checks = False

    @property
    def device(self) -> str:
        return EngineSettings.from_environment().compute

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing to load", None)

    def supports(self, source: str, target: str) -> bool:  # noqa: ARG002 - all
        return True

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:  # noqa: ARG002 - hands back
        return list(texts)

    def close(self) -> None:
        pass


class ToldVoice(Steady):
    """Speaks like ``Steady``."""

    name = "told"
    device = property(Told.device.fget)  # type: ignore[assignment, arg-type]


class SlowVoice(ToldVoice):
    """Has nothing to hear for longer than anybody waits for it."""

    name = "slow"
    seconds_a_sentence = 3 * FIRST_SOUND_SECONDS


def plant(place: Voicestream) -> None:
    """Make them known to the workers of a place: ``--translator told --tts told``."""
    place.environment["PYTHONPATH"] = offer(
        place.home / "site",
        "planted-cards",
        translators={"told": f"{__name__}:Told"},
        synthesizers={"told": f"{__name__}:ToldVoice", "slow": f"{__name__}:SlowVoice"},
    )
