"""Client of a PulseAudio server (or PipeWire's) that lists its sinks, through the system's ``libpulse``.

PortAudio reaches that server through ALSA and knows one device of it. The library is there wherever that works.
"""

from __future__ import annotations

import ctypes
import logging
import time
from functools import cache
from typing import Any, Final

from voicestream.workers.player.sinks.sink import PROPERTIES, Sink

SERVER_SECONDS: Final = 1.5
"""Timeout of the server, which answers within some milliseconds."""

LIBRARY: Final = "libpulse.so.0"

_READY: Final = 4
"""PA_CONTEXT_READY; larger states are those of a failed connection."""

_NO_AUTOSPAWN: Final = 1
_RUNNING: Final = 0
_MAX_CHANNELS: Final = 32

_log = logging.getLogger(__name__)


class _SampleSpec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _ChannelMap(ctypes.Structure):
    _fields_ = (("channels", ctypes.c_uint8), ("map", ctypes.c_int * _MAX_CHANNELS))


class _Volume(ctypes.Structure):
    _fields_ = (("channels", ctypes.c_uint8), ("values", ctypes.c_uint32 * _MAX_CHANNELS))


class _SinkInfo(ctypes.Structure):
    """``pa_sink_info`` up to the last field that is read; the library allocates it."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("index", ctypes.c_uint32),
        ("description", ctypes.c_char_p),
        ("sample_spec", _SampleSpec),
        ("channel_map", _ChannelMap),
        ("owner_module", ctypes.c_uint32),
        ("volume", _Volume),
        ("mute", ctypes.c_int),
        ("monitor_source", ctypes.c_uint32),
        ("monitor_source_name", ctypes.c_char_p),
        ("latency", ctypes.c_uint64),
        ("driver", ctypes.c_char_p),
        ("flags", ctypes.c_int),
        ("proplist", ctypes.c_void_p),
        ("configured_latency", ctypes.c_uint64),
        ("base_volume", ctypes.c_uint32),
        ("state", ctypes.c_int),
    )


class _ServerInfo(ctypes.Structure):
    """``pa_server_info`` up to the last field that is read."""

    _fields_ = (
        ("user_name", ctypes.c_char_p),
        ("host_name", ctypes.c_char_p),
        ("server_version", ctypes.c_char_p),
        ("server_name", ctypes.c_char_p),
        ("sample_spec", _SampleSpec),
        ("default_sink_name", ctypes.c_char_p),
    )


_SINK_CALLBACK: Final = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.POINTER(_SinkInfo), ctypes.c_int, ctypes.c_void_p
)
_SERVER_CALLBACK: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(_ServerInfo), ctypes.c_void_p)

_SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "pa_mainloop_new": (ctypes.c_void_p, ()),
    "pa_mainloop_free": (None, (ctypes.c_void_p,)),
    "pa_mainloop_get_api": (ctypes.c_void_p, (ctypes.c_void_p,)),
    "pa_mainloop_prepare": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
    "pa_mainloop_poll": (ctypes.c_int, (ctypes.c_void_p,)),
    "pa_mainloop_dispatch": (ctypes.c_int, (ctypes.c_void_p,)),
    "pa_context_new": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)),
    "pa_context_connect": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)),
    "pa_context_get_state": (ctypes.c_int, (ctypes.c_void_p,)),
    "pa_context_disconnect": (None, (ctypes.c_void_p,)),
    "pa_context_unref": (None, (ctypes.c_void_p,)),
    "pa_context_get_sink_info_list": (ctypes.c_void_p, (ctypes.c_void_p, _SINK_CALLBACK, ctypes.c_void_p)),
    "pa_context_get_server_info": (ctypes.c_void_p, (ctypes.c_void_p, _SERVER_CALLBACK, ctypes.c_void_p)),
    "pa_operation_unref": (None, (ctypes.c_void_p,)),
    "pa_proplist_gets": (ctypes.c_char_p, (ctypes.c_void_p, ctypes.c_char_p)),
}


def sinks() -> list[Sink]:
    """Return the sinks of the sound server; empty if there is no server, or it does not answer in time."""
    library = _library()
    if library is None:
        return []
    try:
        return _Query(library).run()
    except TimeoutError:
        _log.warning("the sound server does not list its sinks")
        return []


@cache
def _library() -> Any:  # noqa: ANN401 - a library of C
    """Return the library; None if it is not installed."""
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class _Query:
    """One connection that asks for the sinks and for the default one."""

    def __init__(self, library: Any) -> None:  # noqa: ANN401 - a library of C
        self._library = library
        self._found: list[Sink] = []
        self._default = ""
        self._unanswered = 2

    def run(self) -> list[Sink]:
        """Return the sinks.

        Raises:
            TimeoutError: the server does not answer.
        """
        library = self._library
        loop = library.pa_mainloop_new()
        context = library.pa_context_new(library.pa_mainloop_get_api(loop), b"voicestream")
        deadline = time.monotonic() + SERVER_SECONDS
        try:
            if library.pa_context_connect(context, None, _NO_AUTOSPAWN, None) < 0:
                return []
            while (state := library.pa_context_get_state(context)) != _READY:
                if state > _READY:
                    return []
                self._iterate(loop, deadline)
            # The callbacks must live until they were called.
            take_sink, take_server = _SINK_CALLBACK(self._take_sink), _SERVER_CALLBACK(self._take_server)
            for operation in (
                library.pa_context_get_sink_info_list(context, take_sink, None),
                library.pa_context_get_server_info(context, take_server, None),
            ):
                if operation:
                    library.pa_operation_unref(operation)
            while self._unanswered > 0:
                if library.pa_context_get_state(context) != _READY:
                    return []
                self._iterate(loop, deadline)
        finally:
            library.pa_context_disconnect(context)
            library.pa_context_unref(context)
            library.pa_mainloop_free(loop)
        return [_with_default(sink, self._default) for sink in self._found]

    def _iterate(self, loop: int, deadline: float) -> None:
        """Wait for the server and handle what it sends."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        library = self._library
        # A negative result means that the loop was told to end, which nobody does.
        if library.pa_mainloop_prepare(loop, round(left * 1e6)) >= 0 and library.pa_mainloop_poll(loop) >= 0:
            library.pa_mainloop_dispatch(loop)

    def _take_sink(self, _context: int, info: Any, end: int, _data: int) -> None:  # noqa: ANN401 - a pointer of C
        if end:
            self._unanswered -= 1
            return
        found = info.contents
        texts = {key: self._library.pa_proplist_gets(found.proplist, key.encode()) for key in PROPERTIES}
        self._found.append(
            Sink(
                name=_text(found.name),
                description=_text(found.description),
                is_running=found.state == _RUNNING,
                properties={key: _text(value) for key, value in texts.items() if value},
            )
        )

    def _take_server(self, _context: int, info: Any, _data: int) -> None:  # noqa: ANN401 - a pointer of C
        self._unanswered -= 1
        self._default = _text(info.contents.default_sink_name) if info else ""


def _with_default(sink: Sink, default: str) -> Sink:
    return Sink(
        name=sink.name,
        description=sink.description,
        is_default=sink.name == default,
        is_running=sink.is_running,
        properties=sink.properties,
    )


def _text(found: bytes | None) -> str:
    return (found or b"").decode(errors="replace")
