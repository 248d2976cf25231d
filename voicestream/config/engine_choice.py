"""Engine choice of a session: engines and their settings, as arguments of the supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, cast

from msgspec import field

from voicestream.config import gpu_selection
from voicestream.config.engine_settings import AUTO, EngineSettings
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    import argparse

    from voicestream.protocol.messages import EngineRole, Role


class EngineChoice(FrozenRecord, frozen=True, kw_only=True):
    """The values of ``--tts``, ``--translator``, ``--models``, ``--compute``, ``--gpu`` and ``--graphs``."""

    language: str = ""
    """BCP-47 tag of the language to be heard, for which ``auto`` chooses a voice engine; empty = any."""
    tts: str = AUTO
    translator: str = AUTO
    models: str = ""
    """Absolute path, or empty for the user's directory."""
    compute: str = AUTO
    gpus: dict[EngineRole, int] = field(default_factory=dict["EngineRole", int])
    graphs: bool = True
    direction: str = ""
    """As in ``EngineSettings``."""

    def arguments(self) -> list[str]:
        """Return the arguments of ``python -m voicestream.supervisor``."""
        return [
            f"--language={self.language}",
            f"--tts={self.tts}",
            f"--translator={self.translator}",
            f"--models={self.models}",
            f"--compute={self.compute}",
            *(f"--gpu={text}" for text in gpu_selection.as_options(self.gpus)),
            *([] if self.graphs else ["--no-graphs"]),
            *([f"--direction={self.direction}"] if self.direction else []),
        ]

    @staticmethod
    def add_to(parser: argparse.ArgumentParser) -> None:
        """Add the arguments of ``arguments`` to a parser."""
        import argparse  # noqa: PLC0415 - a client that starts a supervisor needs none

        parser.add_argument("--language", default="")
        parser.add_argument("--tts", default=AUTO)
        parser.add_argument("--translator", default=AUTO)
        parser.add_argument("--models", default="")
        parser.add_argument("--compute", default=AUTO)
        parser.add_argument("--gpu", action="append", default=[])
        parser.add_argument("--graphs", action=argparse.BooleanOptionalAction, default=True)
        parser.add_argument("--direction", default="")

    @classmethod
    def parsed(cls, found: argparse.Namespace) -> Self:
        """Return the choice in parsed arguments.

        Raises:
            UsageError: a GPU is invalid.
        """
        return cls(
            language=cast("str", found.language),
            tts=cast("str", found.tts),
            translator=cast("str", found.translator),
            models=cast("str", found.models),
            compute=cast("str", found.compute),
            gpus=gpu_selection.parse(cast("list[str]", found.gpu)),
            graphs=cast("bool", found.graphs),
            direction=cast("str", found.direction),
        )

    @property
    def engines(self) -> dict[Role, str]:
        """Return the engine name of each role."""
        return {"tts": self.tts, "translation": self.translator}

    def settings(self) -> dict[Role, EngineSettings]:
        """Return the engine settings of each role."""
        return {
            role: EngineSettings(
                models=self.models,
                compute=gpu_selection.compute_of(role, self.compute, self.gpus),
                graphs=self.graphs,
                direction=self.direction if role == "translation" else "",
            )
            for role in gpu_selection.ROLES
        }
