from collections.abc import Callable, Mapping
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type[Any])

class Application: ...

class Deployment:
    def options(self, **options: Any) -> Deployment: ...
    def bind(self, *arguments: Any, **named: Any) -> Application: ...

class _Status:
    value: str

class _DeploymentStatus:
    status: _Status
    message: str
    replica_states: Mapping[Any, int]

class _ApplicationStatus:
    deployments: Mapping[str, _DeploymentStatus]

class _ServeStatus:
    applications: Mapping[str, _ApplicationStatus]

def deployment(cls: type[Any]) -> Deployment: ...
def ingress() -> Callable[[_Class], _Class]: ...
def run(target: Application, *, name: str = ..., logging_config: Mapping[str, Any] | None = ...) -> Any: ...
def shutdown() -> None: ...
def start(
    proxy_location: str | None = ...,
    http_options: Mapping[str, Any] | None = ...,
    *,
    logging_config: Mapping[str, Any] | None = ...,
) -> None: ...
def status() -> _ServeStatus: ...
