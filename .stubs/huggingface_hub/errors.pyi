class HTTPError(Exception): ...  # httpx's, or httpx2's

class Response:
    status_code: int

class OfflineModeIsEnabled(ConnectionError): ...  # noqa: N818 - their name

class HfHubHTTPError(HTTPError, OSError):
    response: Response
