"""PortAudio through ``sounddevice``, with a timeout for each call; loaded for the first session with loudspeakers.

Every call of PortAudio, even its import, can hang when the sound server does not respond, and a hung PortAudio cannot
be stopped or closed. So after a timeout this process exits, and the supervisor starts another one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from voicestream.errors import AudioDeviceError
from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

TIMEOUT_SECONDS: Final = 5.0
"""Timeout of a call. A cold open takes 6 ms, the import 0.1 s, discovery of a Bluetooth device one or two seconds."""

BLOCK_SECONDS: Final = 0.005
"""Block size of the callback, for a latency of 11 to 16 ms; a block twice as long doubles it."""

INVALID_SAMPLE_RATE: Final = -9997
"""paInvalidSampleRate."""

CALLBACK_PRIORITY: Final = 1
"""The lowest real-time priority, which precedes all normal processes: no gaps on an overloaded machine."""

Latency = Literal["low"] | float

_OR_A_FILE: Final = "or try: voicestream run --output FILE.wav"

_log = logging.getLogger(__name__)


class RateRejectedError(Exception):
    """The device rejects the sample rate; ``rate`` is its default rate in Hz."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.rate = rate


@dataclass(frozen=True)
class Device:
    """An output device."""

    name: str
    channels: int


@dataclass
class PortAudioStream:
    """Running output stream, which calls ``read`` for each block until it is closed or its device disappears."""

    rate: int
    """Hz."""
    latency_seconds: float
    device: str
    """Name of the device."""
    underflows: int = 0
    """Blocks for which PortAudio reported an underflow."""
    has_ended: bool = False
    """True if the device disappeared (set by PortAudio)."""
    _inner: Any = None
    _priority_is_set: bool = False

    def raise_thread_priority(self) -> None:
        """Raise the priority of the device thread to real-time, once, if permitted."""
        if self._priority_is_set:
            return
        self._priority_is_set = True
        if sys.platform == "linux":
            with contextlib.suppress(PermissionError):
                # Reset on fork: child processes do not inherit it.
                policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
                os.sched_setscheduler(0, policy, os.sched_param(CALLBACK_PRIORITY))

    @property
    def is_running(self) -> bool:
        """True if the device plays."""
        return not self.has_ended and bool(self._inner.active)


class PortAudio:
    """PortAudio in this process."""

    def __init__(self, give_up: Callable[[str], None]) -> None:
        """Take ``give_up(reason)``, called from another thread when PortAudio hangs; it must exit the process."""
        self._give_up = give_up
        self._module: ModuleType | None = None
        self._streams: list[PortAudioStream] = []

    def open(self, device: str, rate: int, latency: Latency, read: Callable[[memoryview], None]) -> PortAudioStream:
        """Start a mono float32 stream.

        Args:
            device: part of the device name; empty: the default device.
            rate: Hz.
            latency: size of the device buffer in seconds, or the lowest it offers.
            read: fills a buffer of bytes; called from the thread of PortAudio.

        Raises:
            RateRejectedError: the device rejects the rate.
            AudioDeviceError: there is no PortAudio, no such device, or it cannot be opened.
        """
        sounddevice = self._load()
        try:
            return self._open(sounddevice, device, rate, latency, read)
        except (sounddevice.PortAudioError, AudioDeviceError) as error:
            # PortAudio lists devices only once, at its start; they may have changed.
            _log.info("device=%r open failed, retrying after a new device list: %s", device, error)
            self.refresh()
        try:
            return self._open(sounddevice, device, rate, latency, read)
        except sounddevice.PortAudioError as error:
            raise AudioDeviceError(
                f"the sound device cannot be opened: {error.args[0] if error.args else error}",
                hint=f"start a sound server (PulseAudio or PipeWire) or connect a device, {_OR_A_FILE}",
            ) from error

    def devices(self) -> tuple[list[Device], str]:
        """Return all output devices, and the name of the default one (empty if there is none).

        Raises:
            AudioDeviceError: there is no PortAudio, or it cannot list devices.
        """
        sounddevice = self._load()
        with self._timeout("list the sound devices"):
            try:
                found = _outputs(sounddevice)
                default = cast("dict[str, Any]", sounddevice.query_devices(kind="output"))["name"] if found else ""
            except sounddevice.PortAudioError as error:
                raise AudioDeviceError(
                    f"there is no default sound device: {error.args[0] if error.args else error}",
                    hint=f"start a sound server (PulseAudio or PipeWire) or connect a device, {_OR_A_FILE}",
                ) from error
        return [Device(str(each["name"]), int(each["max_output_channels"])) for _, each in found], str(default)

    def close(self, stream: PortAudioStream) -> None:
        """Stop a stream at once and close its device."""
        if stream not in self._streams:
            return
        self._streams.remove(stream)
        with self._timeout("close the sound device"):
            # Closing a stream whose device disappeared reports an error, which is known.
            stream._inner.abort(ignore_errors=True)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            stream._inner.close(ignore_errors=True)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def refresh(self) -> None:
        """Reinitialize PortAudio, which updates its device list and ends all streams."""
        sounddevice = self._load()
        for stream in list(self._streams):
            stream.has_ended = True
            self.close(stream)
        with self._timeout("look for sound devices"):
            # The only way; sounddevice documents these two names for it.
            sounddevice._terminate()  # noqa: SLF001
            sounddevice._initialize()  # noqa: SLF001

    def _open(
        self,
        sounddevice: Any,  # noqa: ANN401
        device: str,
        rate: int,
        latency: Latency,
        read: Callable[[memoryview], None],
    ) -> PortAudioStream:
        with self._timeout("open the sound device"):
            index = _find(sounddevice, device) if device else None
            try:
                found = cast("dict[str, Any]", sounddevice.query_devices(index, "output"))
                stream = PortAudioStream(rate=rate, latency_seconds=0.0, device=str(found["name"]))

                def fill(out: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401, ARG001
                    stream.raise_thread_priority()
                    if status:
                        stream.underflows += 1
                    read(memoryview(out))

                def end() -> None:
                    stream.has_ended = True

                inner = sounddevice.RawOutputStream(
                    samplerate=rate,
                    blocksize=round(rate * BLOCK_SECONDS),
                    device=index,
                    channels=1,
                    dtype="float32",
                    latency=latency,
                    callback=fill,
                    finished_callback=end,
                )
                try:
                    inner.start()
                except sounddevice.PortAudioError:
                    inner.close(ignore_errors=True)
                    raise
            except sounddevice.PortAudioError as error:
                if error.args[1:2] == (INVALID_SAMPLE_RATE,) and rate == SAMPLE_RATE:
                    own = sounddevice.query_devices(index, "output")["default_samplerate"]
                    raise RateRejectedError(round(own)) from error
                raise
        stream._inner = inner  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        stream.latency_seconds = float(inner.latency)
        self._streams.append(stream)
        _log.info("device=%r rate=%d latency_ms=%.1f opened", stream.device, rate, stream.latency_seconds * 1000)
        return stream

    def _load(self) -> Any:  # noqa: ANN401 - the module, whose import fails where there is no PortAudio
        if self._module is None:
            with self._timeout("load PortAudio"):
                try:
                    import sounddevice
                except OSError as error:
                    what = "apt install libportaudio2 libasound2-plugins"
                    if sys.platform == "darwin":
                        what = "pip install --force-reinstall sounddevice"
                    raise AudioDeviceError(str(error), hint=f"Try: {what} ({_OR_A_FILE[3:]})") from error
                self._module = sounddevice
        return self._module

    @contextlib.contextmanager
    def _timeout(self, what: str) -> Generator[None, None, None]:
        reason = f"the sound system did not {what} within {TIMEOUT_SECONDS:g} s"
        timer = threading.Timer(TIMEOUT_SECONDS, self._give_up, args=(reason,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _find(sounddevice: Any, part: str) -> int:  # noqa: ANN401
    """Return the index of the output device with this name, else of the first one that contains it."""
    outputs = [(index, str(device["name"])) for index, device in _outputs(sounddevice)]
    wanted = part.casefold()
    equal = [i for i, name in outputs if name.casefold() == wanted]
    containing = [i for i, name in outputs if wanted in name.casefold()]
    if not containing:
        names = ", ".join(name for _, name in outputs) or "none"
        raise AudioDeviceError(
            f"there is no sound device with {part!r} in its name; there are: {names}",
            hint="Try: voicestream run --device NAME with one of these, or without --device for the default",
        )
    return (equal or containing)[0]


def _outputs(sounddevice: Any) -> list[tuple[int, dict[str, Any]]]:  # noqa: ANN401
    """Return the output devices with their indexes."""
    devices = cast("list[dict[str, Any]]", list(sounddevice.query_devices()))
    return [(index, device) for index, device in enumerate(devices) if device["max_output_channels"] > 0]
