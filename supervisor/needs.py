"""What a session needs of the workers: which roles, and which engine each with which settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream import cards, languages
from voicestream.engine_settings import IGNORED_BY, EngineSettings

if TYPE_CHECKING:
    from voicestream.messages import EngineRole, Role, SessionOptions
    from voicestream.supervisor.post import Post

UNTRANSLATED: Final = "none"
"""The translator that gives the words back as they are."""


@dataclass(frozen=True)
class Wish:
    """The engine that a session wants of a role."""

    engine: str
    settings: EngineSettings

    def is_what_runs(self, post: Post) -> bool:
        """Whether the post has (or has failed with) just this."""
        return self.engine == post.engine and (self.settings == post.settings or self.engine in IGNORED_BY)


def translates(options: SessionOptions) -> bool:
    """Whether the sentences of a session go to the translation worker."""
    return options.translator != UNTRANSLATED and not languages.are_same(options.target, options.parser.language)


def is_needed(role: Role, options: SessionOptions) -> bool:
    """Whether a session cannot be spoken without a worker of this role."""
    return role != "translation" or translates(options)


def wishes(options: SessionOptions) -> dict[Role, Wish]:
    """What a session wants of the roles that have a choice; one that it does not need is not in it."""
    engines: dict[EngineRole, str] = {"tts": options.tts}
    if translates(options):
        engines["translation"] = options.translator
    return {
        role: Wish(
            engine,
            EngineSettings(
                models=options.models,
                compute=cards.compute_of(role, options.compute, options.cards),
                graphs=options.graphs,
            ),
        )
        for role, engine in engines.items()
    }
