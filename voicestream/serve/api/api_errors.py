"""Errors of the API in the shape of OpenAI's. Their messages never quote a text of a request."""

from __future__ import annotations

import json
from typing import Final

import msgspec

INVALID: Final = "invalid_request_error"
SERVER: Final = "server_error"
RATE: Final = "rate_limit_error"

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: RATE}

_FIRST_SERVER_STATUS: Final = 500


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a request that is not served; replicas return it instead of raising, which would log it."""

    status: int
    """HTTP status."""
    code: str
    """Short constant for programs: ``voice_not_found``."""
    message: str
    """Message for people."""
    param: str = ""
    """Field of the request that is wrong; empty = none."""
    retry_after: int = 0
    """Seconds after which a repetition makes sense; 0 = not stated."""

    def body(self) -> bytes:
        """Return the JSON of the answer."""
        kind = _TYPES.get(self.status) or (SERVER if self.status >= _FIRST_SERVER_STATUS else INVALID)
        error = {"message": self.message, "type": kind, "param": self.param or None, "code": self.code}
        return json.dumps({"error": error}).encode()

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that belong to the status."""
        found = [("WWW-Authenticate", "Bearer")] if self.status == 401 else []  # noqa: PLR2004 - HTTP's own
        return [*found, ("Retry-After", str(self.retry_after))] if self.retry_after else found


class ApiError(Exception):
    """A request that is not served, with the answer to it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def refused(status: int, code: str, message: str, *, param: str = "", retry_after: int = 0) -> ApiError:
    """Return the error of an answer; for the arguments see ``Refusal``."""
    return ApiError(Refusal(status=status, code=code, message=message, param=param, retry_after=retry_after))
