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
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from voicestream.errors import AudioDeviceError
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.records import FrozenRecord, Record
from voicestream.workers.player.sinks import pulse
from voicestream.workers.player.sinks.choice import Choice, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

    from voicestream.workers.player.sinks.sink import Sink

TIMEOUT_SECONDS: Final = 5.0
"""Timeout of a call. A cold open takes 6 ms, the import 0.1 s, discovery of a Bluetooth device one or two seconds."""

BLOCK_SECONDS: Final = 0.005
"""Block size of the callback, for a latency of 11 to 16 ms; a block twice as long doubles it."""

INVALID_SAMPLE_RATE: Final = -9997
"""paInvalidSampleRate."""

CALLBACK_PRIORITY: Final = 1
"""The lowest real-time priority, which precedes all normal processes: no gaps on an overloaded machine."""

Latency = Literal["low"] | float

SERVER_DEVICE: Final = "pulse"
"""Name of the device through which PortAudio reaches any sink of the sound server."""

SERVER_DEVICES: Final = (SERVER_DEVICE, "default", "pipewire")
"""Names of the devices that lead to the sound server where there is one."""

SINK_VARIABLE: Final = "PULSE_SINK"
"""Variable that names the sink of a stream when it is opened."""

STREAM_PROPERTIES: Final = {
    "PULSE_PROP_OVERRIDE_application.name": "voicestream",
    "PULSE_PROP_OVERRIDE_application.icon_name": "audio-speakers",
}
"""Variables that name the stream in mixers; by default it has the name of Python."""

_OR_A_FILE: Final = "or try: voicestream run --output FILE.wav"

_log = logging.getLogger(__name__)


class RateRejectedError(Exception):
    """The device rejects the sample rate; ``rate`` is its default rate in Hz."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.rate = rate


class Device(FrozenRecord, frozen=True):
    """An output device."""

    name: str
    channels: int


class PortAudioStream(Record):
    """Running output stream, which calls ``read`` for each block until it is closed or its device disappears."""

    rate: int
    """Hz."""
    latency_seconds: float
    device: str
    """Name of the device for people."""
    name: str = ""
    """Name by which the device can be chosen again."""
    sink: Sink | None = None
    """Sink of the sound server; None: unknown, or there is no server."""
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
            device: number, or name or a part of it, of a sink or a device; empty: the default device.
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
        try:
            self.refresh()
            return self._open(sounddevice, device, rate, latency, read)
        except sounddevice.PortAudioError as error:
            raise AudioDeviceError(
                f"the sound device cannot be opened: {error.args[0] if error.args else error}",
                hint=f"Start a sound server (PulseAudio or PipeWire) or connect a device, {_OR_A_FILE}",
            ) from error

    def sinks(self) -> list[Sink]:
        """Return the sinks of the sound server; empty if there is none."""
        with self._timeout("list the sinks"):
            return pulse.sinks()

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
                    hint=f"Start a sound server (PulseAudio or PipeWire) or connect a device, {_OR_A_FILE}",
                ) from error
        return [Device(str(each["name"]), int(each["max_output_channels"])) for _, each in found], str(default)

    def close(self, stream: PortAudioStream, *, plays_out: bool = False) -> None:
        """Stop a stream, at once or when its buffer was played, and close its device."""
        if stream not in self._streams:
            return
        self._streams.remove(stream)
        with self._timeout("close the sound device"):
            # Closing a stream whose device disappeared reports an error, which is known.
            if plays_out:
                stream._inner.stop(ignore_errors=True)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            else:
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
        sinks = self.sinks()
        with self._timeout("open the sound device"):
            index, sink = _chosen(sounddevice, device, sinks) if device else (None, None)
            try:
                found = cast("dict[str, Any]", sounddevice.query_devices(index, "output"))
                name = str(found["name"])
                stream = PortAudioStream(rate=rate, latency_seconds=0.0, device=sink.description if sink else name)
                stream.name = sink.name if sink else name
                stream.sink = sink or _sink_of(name, sinks)

                def fill(out: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401, ARG001
                    stream.raise_thread_priority()
                    if status:
                        stream.underflows += 1
                    read(memoryview(out))

                def end() -> None:
                    stream.has_ended = True

                with _at_sink(sink):
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
            for variable, value in STREAM_PROPERTIES.items():
                os.environ.setdefault(variable, value)
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


def _chosen(sounddevice: Any, wanted: str, sinks: list[Sink]) -> tuple[int, Sink | None]:  # noqa: ANN401
    """Return the index of the chosen output device, and the sink to be reached through it.

    Raises:
        AudioDeviceError: there is no such device.
    """
    outputs = [(index, str(device["name"])) for index, device in _outputs(sounddevice)]
    names = [name for _, name in outputs]
    choice: Choice = choose(wanted, sinks if SERVER_DEVICE in names else [], names)
    place = names.index(SERVER_DEVICE) if choice.device is None else choice.device
    return outputs[place][0], choice.sink


def _sink_of(device: str, sinks: list[Sink]) -> Sink | None:
    """Return the sink at which a device plays that leads to the sound server; None for other devices."""
    if device not in SERVER_DEVICES:
        return None
    named = os.environ.get(SINK_VARIABLE)
    return next((sink for sink in sinks if sink.name == named), next((one for one in sinks if one.is_default), None))


@contextlib.contextmanager
def _at_sink(sink: Sink | None) -> Generator[None]:
    """Have streams that are opened in the block play at a sink; without one at that of the user's environment."""
    if sink is None:
        yield
        return
    before = os.environ.get(SINK_VARIABLE)
    os.environ[SINK_VARIABLE] = sink.name
    try:
        yield
    finally:
        if before is None:
            del os.environ[SINK_VARIABLE]
        else:
            os.environ[SINK_VARIABLE] = before


def _outputs(sounddevice: Any) -> list[tuple[int, dict[str, Any]]]:  # noqa: ANN401
    """Return the output devices with their indexes."""
    devices = cast("list[dict[str, Any]]", list(sounddevice.query_devices()))
    return [(index, device) for index, device in enumerate(devices) if device["max_output_channels"] > 0]
