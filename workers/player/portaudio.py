"""The one door to PortAudio, through ``sounddevice``; imported when a session first wants the speakers.

Everything PortAudio does may hang when the sound server does not answer, the import included. So each call here runs
under a deadline, after which this process ends and the supervisor starts another: a hung PortAudio cannot be stopped
or closed.
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

DEADLINE_SECONDS: Final = 5.0
"""For one call into PortAudio. A cold open takes 6 ms, the import 0.1 s, finding a Bluetooth device a second or two."""

BLOCK_SECONDS: Final = 0.005
"""How much the callback is asked for at a time: sound is heard 11 to 16 ms after it was handed over; twice as long a
block doubles that."""

INVALID_SAMPLE_RATE: Final = -9997
"""paInvalidSampleRate."""

CALLBACK_PRIORITY: Final = 1
"""The lowest real-time priority is above every busy process that has none; at that, gaps on an overloaded machine
became 0."""

Latency = Literal["low"] | float

_OR_A_FILE: Final = "or try: voicestream run --output FILE.wav"

_log = logging.getLogger(__name__)


class RateRefusedError(Exception):
    """The device does not take our sample rate; ``rate`` is the one it has itself, in hertz."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.rate = rate


@dataclass
class Stream:
    """A running stream; it calls ``read`` for every block until it is closed or its device goes away."""

    rate: int
    """Hertz."""
    latency_seconds: float
    device: str
    """Its name."""
    underflows: int = 0
    """Blocks at which PortAudio said that the device had run empty."""
    has_ended: bool = False
    """Set by PortAudio: the device is gone."""
    _inner: Any = None
    _priority_is_set: bool = False

    def prefer_this_thread(self) -> None:
        """On the device's thread, once: go before everything that is not real-time, where we may."""
        if self._priority_is_set:
            return
        self._priority_is_set = True
        if sys.platform == "linux":
            with contextlib.suppress(PermissionError):
                # Reset on fork: nothing that is started from here inherits it.
                policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
                os.sched_setscheduler(0, policy, os.sched_param(CALLBACK_PRIORITY))

    @property
    def is_running(self) -> bool:
        """Whether the device takes frames."""
        return not self.has_ended and bool(self._inner.active)


class PortAudio:
    """PortAudio of this process."""

    def __init__(self, give_up: Callable[[str], None]) -> None:
        """``give_up(reason)`` is called from another thread when PortAudio hangs; it must end the process."""
        self._give_up = give_up
        self._module: ModuleType | None = None
        self._streams: list[Stream] = []

    def open(self, device: str, rate: int, latency: Latency, read: Callable[[memoryview], None]) -> Stream:
        """Start a mono float32 stream.

        Args:
            device: part of the device's name; empty = the default.
            rate: hertz.
            latency: seconds in the device's buffer, or the least it offers.
            read: fills the bytes it is given; called from PortAudio's thread.

        Raises:
            RateRefusedError: the device wants another rate.
            AudioDeviceError: there is no PortAudio, no such device, or it cannot be opened.
        """
        sounddevice = self._load()
        try:
            return self._open(sounddevice, device, rate, latency, read)
        except (sounddevice.PortAudioError, AudioDeviceError) as error:
            # The list of devices is from the start of PortAudio; it may have changed since.
            _log.info("device=%r open failed, looking for devices again: %s", device, error)
            self.refresh()
        try:
            return self._open(sounddevice, device, rate, latency, read)
        except sounddevice.PortAudioError as error:
            raise AudioDeviceError(
                f"the sound device cannot be opened: {error.args[0] if error.args else error}",
                hint=f"start a sound server (PulseAudio or PipeWire) or connect a device, {_OR_A_FILE}",
            ) from error

    def close(self, stream: Stream) -> None:
        """Silence a stream at once and let go of its device."""
        if stream not in self._streams:
            return
        self._streams.remove(stream)
        with self._deadline("close the sound device"):
            # Closing a stream whose device is gone reports that; it is known.
            stream._inner.abort(ignore_errors=True)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            stream._inner.close(ignore_errors=True)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    def refresh(self) -> None:
        """Have PortAudio look for devices anew; it ends all streams."""
        sounddevice = self._load()
        for stream in list(self._streams):
            stream.has_ended = True
            self.close(stream)
        with self._deadline("look for sound devices"):
            # The only way there is; sounddevice documents these two names for it.
            sounddevice._terminate()  # noqa: SLF001
            sounddevice._initialize()  # noqa: SLF001

    def _open(
        self,
        sounddevice: Any,  # noqa: ANN401
        device: str,
        rate: int,
        latency: Latency,
        read: Callable[[memoryview], None],
    ) -> Stream:
        with self._deadline("open the sound device"):
            index = _find(sounddevice, device) if device else None
            try:
                found = cast("dict[str, Any]", sounddevice.query_devices(index, "output"))
                stream = Stream(rate=rate, latency_seconds=0.0, device=str(found["name"]))

                def fill(out: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401, ARG001
                    stream.prefer_this_thread()
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
                    raise RateRefusedError(round(own)) from error
                raise
        stream._inner = inner  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        stream.latency_seconds = float(inner.latency)
        self._streams.append(stream)
        _log.info("device=%r rate=%d latency_ms=%.1f opened", stream.device, rate, stream.latency_seconds * 1000)
        return stream

    def _load(self) -> Any:  # noqa: ANN401 - the module, whose import fails where there is no PortAudio
        if self._module is None:
            with self._deadline("load PortAudio"):
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
    def _deadline(self, what: str) -> Generator[None, None, None]:
        reason = f"the sound system did not {what} within {DEADLINE_SECONDS:g} s"
        timer = threading.Timer(DEADLINE_SECONDS, self._give_up, args=(reason,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _find(sounddevice: Any, part: str) -> int:  # noqa: ANN401
    """Index of the first output device with ``part`` in its name, an equal name first."""
    devices = cast("list[dict[str, Any]]", list(sounddevice.query_devices()))
    outputs = [(i, str(device["name"])) for i, device in enumerate(devices) if device["max_output_channels"] > 0]
    wanted = part.casefold()
    equal = [i for i, name in outputs if name.casefold() == wanted]
    alike = [i for i, name in outputs if wanted in name.casefold()]
    if not alike:
        names = ", ".join(name for _, name in outputs) or "none"
        raise AudioDeviceError(
            f"there is no sound device with {part!r} in its name; there are: {names}",
            hint="Try: voicestream run --device NAME with one of these, or without --device for the default",
        )
    return (equal or alike)[0]
