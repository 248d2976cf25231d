"""Deployments of Ray Serve: one a stage, one that counts, and the ingress with the ASGI application.

``serve deploy`` calls ``build`` with the arguments in ``serve.yaml``. Only this module and ``cluster`` import Ray.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from ray import serve
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException

from voicestream import telemetry
from voicestream.config.engine_settings import SERVER_STREAMS, EngineSettings
from voicestream.engines import registry
from voicestream.serve.api import tokens
from voicestream.serve.api.api_errors import Refusal
from voicestream.serve.api.application import Application
from voicestream.serve.api.continuing import UNAVAILABLE, ReplicaLostError
from voicestream.serve.api.counters import Counters
from voicestream.serve.settings import ServeSettings
from voicestream.serve.stages.speech import BrokenSpeechError, SpeechStage
from voicestream.serve.stages.translation import TranslationStage
from voicestream.supervisor.processes.process import THREAD_VARIABLES, WAITING_VARIABLES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Sequence

    from ray.serve import Application as RayApplication
    from ray.serve import Deployment
    from ray.serve.handle import DeploymentHandle

    from voicestream.serve.api.counters import Request
    from voicestream.serve.api.requests import SpeechJob, TranslationJob
    from voicestream.serve.stages.speech import Description, SpeechItem
    from voicestream.serve.stages.translation import Translations

APPLICATION: Final = "voicestream"

MAX_UNDER_WAY: Final = 32
"""Requests that a replica of an engine accepts at once; they wait there for its engine, not longer than allowed."""

TARGET_UNDER_WAY: Final = 2.0
"""Requests under way for each replica to which autoscaling aims."""

MAX_BATCHED: Final = 1_024
"""``MAX_UNDER_WAY`` of a replica that speaks or translates many sentences at once; it refuses those without a place."""

TARGET_BATCHED: Final = 64.0
"""``TARGET_UNDER_WAY`` of such a replica."""

UPSCALE_SECONDS: Final = 5
"""Time of overload after which replicas are added; Ray waits for 30 s otherwise, during which clients are refused."""

FIRST_ITEM_SECONDS: Final = 10.0
"""Time that a request waits for a replica while none is running."""

ANSWER_SECONDS: Final = 3.0
"""Time within which a healthy stage describes its engine."""

DESCRIBED_SECONDS: Final = 1.0
"""Time for which a description is kept."""

OVERLOADED: Final = Refusal(status=503, code="overloaded", message="too many requests are waiting", retry_after=1)

_HEALTH: Final = {"health_check_period_s": 2, "health_check_timeout_s": 10, "graceful_shutdown_timeout_s": 5}

_LOGGING: Final = {"enable_access_log": False, "log_level": "WARNING"}

Result = TypeVar("Result")


class Speech:
    """Replica of the speech stage."""

    def __init__(self, settings: dict[str, Any]) -> None:
        found = _prepared(settings)
        self._stage: Final = SpeechStage(found)

    async def speak(self, job: SpeechJob) -> AsyncGenerator[SpeechItem]:
        """Yield the items of a sentence."""
        async with contextlib.aclosing(self._stage.speak(job)) as items:
            async for item in items:
                yield item

    async def describe(self) -> Description:
        """Return the facts about the engine."""
        return self._stage.describe()

    def check_health(self) -> None:
        """Check the engine; Serve replaces a replica that raises."""
        self._stage.check_health()


class Translation:
    """Replica of the translation stage."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._stage: Final = TranslationStage(_prepared(settings))

    async def translate(self, job: TranslationJob) -> Translations | Refusal:
        """Return the translations of a job."""
        return await self._stage.translate(job)

    async def describe(self) -> Description:
        """Return the facts about the translator."""
        return self._stage.describe()

    def check_health(self) -> None:
        """Check the translator; Serve replaces a replica that raises."""
        self._stage.check_health()


class Sums:
    """The counters of all replicas of the ingress."""

    def __init__(self) -> None:
        self._counters: Final = Counters()

    async def add(self, request: Request) -> None:
        """Count a finished request."""
        self._counters.add(request)

    async def text(self, replicas: dict[str, int]) -> str:
        """Return all counters in Prometheus' text format."""
        return self._counters.text(replicas)


class RayStages:
    """``Stages`` behind handles of Ray Serve."""

    def __init__(self, speech: DeploymentHandle, translation: DeploymentHandle | None, sums: DeploymentHandle) -> None:
        self._speech: Final = speech
        self._translation: Final = translation
        self._sums: Final = sums
        self._described: tuple[float, Sequence[Description]] | None = None
        self._counting: set[asyncio.Task[None]] = set()

    async def speak(self, job: SpeechJob) -> AsyncGenerator[SpeechItem]:
        """Yield the items of a sentence; see ``Stages``."""
        response = self._speech.options(stream=True).speak.remote(job)
        items = aiter(response)
        try:
            try:
                yield await asyncio.wait_for(anext(items), FIRST_ITEM_SECONDS)
                async for item in items:
                    yield item
            except RayTaskError as error:
                raise BrokenSpeechError(type(error.cause).__name__) from None
            except BackPressureError:
                yield OVERLOADED
            except TimeoutError:
                yield UNAVAILABLE
            except (RayError, RayServeException):
                raise ReplicaLostError from None
        finally:
            response.cancel()

    async def translate(self, job: TranslationJob) -> Translations | Refusal:
        """Return the translations of a job; a lost replica is replaced by another."""
        if self._translation is None:
            return UNAVAILABLE
        until = time.monotonic() + FIRST_ITEM_SECONDS
        while time.monotonic() < until:
            try:
                found: Translations | Refusal = await self._translation.translate.remote(job)
            except BackPressureError:
                return OVERLOADED
            except RayTaskError as error:
                name = type(error.cause).__name__
                return Refusal(status=500, code="engine_failed", message=f"the translator failed: {name}")
            except (RayError, RayServeException):
                await asyncio.sleep(DESCRIBED_SECONDS / 10)
            else:
                return found
        return UNAVAILABLE

    async def describe(self) -> Sequence[Description]:
        """Return the facts about all engines.

        Raises:
            ReplicaLostError: one does not answer.
        """
        if self._described is not None and time.monotonic() - self._described[0] < DESCRIBED_SECONDS:
            return self._described[1]
        handles = [self._speech, *([self._translation] if self._translation is not None else [])]
        found = await asyncio.gather(*(_soon(handle.describe.remote()) for handle in handles))
        self._described = (time.monotonic(), found)
        return found

    async def status(self) -> dict[str, Any]:
        """Return the states of all replicas."""
        found = await asyncio.to_thread(serve.status)
        application = found.applications.get(APPLICATION)
        stages = [
            {
                "stage": name,
                "state": str(one.status.value),
                "replicas": {str(k): v for k, v in one.replica_states.items()},
            }
            for name, one in (sorted(application.deployments.items()) if application is not None else ())
        ]
        return {"stages": stages}

    async def metrics(self) -> str:
        """Return all counters in Prometheus' text format."""
        stages = (await self.status())["stages"]
        running = {one["stage"]: int(one["replicas"].get("RUNNING", 0)) for one in stages}
        return await _soon(self._sums.text.remote(running))

    def count(self, request: Request) -> None:
        """Count a finished request, without waiting."""
        task = asyncio.ensure_future(self._count(request))
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)

    async def _count(self, request: Request) -> None:
        with contextlib.suppress(RayError, RayServeException):  # a figure is lost together with the counting replica
            await self._sums.add.remote(request)


class Ingress:
    """Replica that takes HTTP requests."""

    def __init__(
        self,
        settings: dict[str, Any],
        speech: DeploymentHandle,
        sums: DeploymentHandle,
        translation: DeploymentHandle | None = None,
    ) -> None:
        self._settings: Final = msgspec.convert(settings, ServeSettings)
        self._stages: Final = RayStages(speech, translation, sums)

    def __serve_build_asgi_app__(self) -> Application:
        """Return the ASGI application; Ray Serve calls it in the replica."""
        file = self._settings.token_file
        return Application(self._settings, self._stages, tokens.Tokens(tokens.load(Path(file) if file else None)))


def build(arguments: dict[str, Any]) -> RayApplication:
    """Return the application of Ray Serve.

    Args:
        arguments: fields of ``ServeSettings``; ``serve deploy`` passes those of ``serve.yaml``.
    """
    settings = msgspec.convert(arguments, ServeSettings)
    plain = msgspec.to_builtins(settings)
    batches = registry.spec(registry.SYNTHESIZERS, settings.tts).batches and settings.gpus > 0
    speech = _stage(serve.deployment(Speech), "speech", settings, batches=batches).bind(plain)
    translation = None
    if settings.translates:
        batches = registry.spec(registry.TRANSLATORS, settings.translator).batches and settings.gpus > 0
        translation = _stage(serve.deployment(Translation), "translation", settings, batches=batches).bind(plain)
    light = {"ray_actor_options": {"num_cpus": 0}, "logging_config": _LOGGING, **_HEALTH}
    sums = serve.deployment(Sums).options(name="counters", max_ongoing_requests=1_000, **light).bind()
    ingress = serve.deployment(serve.ingress()(Ingress)).options(
        name="ingress", num_replicas=settings.ingress_replicas, max_ongoing_requests=1_000, **light
    )
    return ingress.bind(plain, speech, sums, translation)


def _stage(deployment: Deployment, name: str, settings: ServeSettings, *, batches: bool = False) -> Deployment:
    """Return the deployment of an engine with its replicas and resources."""
    resources: dict[str, Any] = {"num_cpus": 1}
    if settings.gpus:
        resources["num_gpus"] = settings.gpus_per_replica
    if settings.most_replicas > settings.replicas:
        scaling: dict[str, Any] = {
            "num_replicas": "auto",
            "autoscaling_config": {
                "min_replicas": settings.replicas,
                "max_replicas": settings.most_replicas,
                "target_ongoing_requests": TARGET_BATCHED if batches else TARGET_UNDER_WAY,
                "upscale_delay_s": UPSCALE_SECONDS,
            },
        }
    else:
        scaling = {"num_replicas": settings.replicas}
    return deployment.options(
        name=name,
        max_ongoing_requests=MAX_BATCHED if batches else MAX_UNDER_WAY,
        ray_actor_options=resources,
        logging_config=_LOGGING,
        **scaling,
        **_HEALTH,
    )


def _prepared(settings: dict[str, Any]) -> ServeSettings:
    """Return the settings; prepare this process for an engine, before anything heavy is imported."""
    found = msgspec.convert(settings, ServeSettings)
    telemetry.go_offline()
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(found.threads)) | WAITING_VARIABLES)
    engine = EngineSettings(models=found.models, compute=found.compute, streams=SERVER_STREAMS)
    os.environ.update(engine.environment())
    return found


async def _soon(answer: Awaitable[Result]) -> Result:
    """Return an answer that must come soon.

    Raises:
        ReplicaLostError: it does not come.
    """
    try:
        return await asyncio.wait_for(asyncio.ensure_future(_awaited(answer)), ANSWER_SECONDS)
    except (TimeoutError, RayError, RayServeException) as error:
        raise ReplicaLostError from error


async def _awaited(answer: Awaitable[Result]) -> Result:
    return await answer
