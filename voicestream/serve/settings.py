"""Settings of the server: engines, replicas, limits. Replicas and ``serve.yaml`` get them; they hold no secret."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.config.engine_settings import AUTO, UNTRANSLATED

TOKEN_VARIABLE: Final = "VOICESTREAM_SERVE_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable with the bearer token; it overrides the file."""

MAX_INPUT_CHARACTERS: Final = 4096
"""Limit of ``input`` and of each text to translate; OpenAI's limit, too."""

MAX_TEXTS: Final = 16
"""Limit of texts in a translation request."""

MAX_BODY_BYTES: Final = 256 << 10


class ServeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server."""

    tts: str
    """Name of a voice engine."""
    translator: str = UNTRANSLATED
    """Name of a translator."""
    models: str = ""
    """As in ``EngineSettings``."""
    compute: str = AUTO
    """As in ``EngineSettings``."""
    language: str = "en"
    """BCP-47 tag for requests that name neither a language nor a voice that has one."""
    token_file: str = ""
    """Absolute path of the file of tokens; empty = the variable only."""
    replicas: int = 1
    """Number of replicas of each stage; with ``max_replicas`` the smallest number."""
    max_replicas: int = 0
    """Largest number of replicas of each stage; 0 = always ``replicas``."""
    ingress_replicas: int = 2
    """Number of replicas that take HTTP requests."""
    gpus: float = 0.0
    """GPUs that all replicas share."""
    threads: int = 1
    """Threads of numeric libraries in each replica of an engine."""
    requests_per_minute: int = 1_200
    """Limit for each token."""
    characters_per_minute: int = 200_000
    """Limit for each token."""
    queue_seconds: float = 1.0
    """Time that a request may wait for its engine; after that it is answered with 503."""

    @property
    def most_replicas(self) -> int:
        """Return the largest number of replicas of a stage."""
        return max(self.replicas, self.max_replicas)

    @property
    def translates(self) -> bool:
        """Return whether there is a translator."""
        return self.translator != UNTRANSLATED

    @property
    def gpus_per_replica(self) -> float:
        """Return the share of a GPU that each replica of an engine reserves, in steps of 0.0001."""
        stages = 2 if self.translates else 1
        share = self.gpus / (stages * self.most_replicas)
        # Ray accepts fractions of one GPU, and above it whole GPUs only.
        return float(int(share)) if share >= 1 else int(share * 10_000) / 10_000
