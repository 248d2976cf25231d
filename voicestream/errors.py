"""Errors of voicestream and their exit codes.

::

    VoicestreamError                  what happened, and what to type next
    ├── UsageError              (2)   an option, a language or a file name that cannot be right
    ├── NoSupervisorError       (3)   nothing is running to ask
    ├── UnreachableError        (1)   a host could not be reached
    ├── EngineUnavailableError  (1)   an engine cannot do a job now; another may
    ├── UnusableSoundError      (1)   a voice engine made nothing that could be heard
    ├── AudioDeviceError       (69)   no sound device, or no PortAudio
    └── ConfigurationError     (78)   trying again cannot help before something is changed
        ├── EngineNotReadyError       an engine lacks a program, a package or weights
        ├── RunDirectoryError         the run directory is not ours, or cannot be used
        ├── VersionMismatchError      the running supervisor is of another version of voicestream
        └── NoLogError                no log can be written, or read
    ProtocolError                     a frame that is not one of our messages; never reaches a user
    └── OtherVersionError             it is one of another version of the protocol

Exit codes are those of sysexits.h where it has a fitting one.
"""

from __future__ import annotations

from typing import Final

EXIT_OK: Final = 0
EXIT_INCOMPLETE: Final = 1
"""A sentence was skipped or failed."""
EXIT_USAGE: Final = 2
EXIT_NO_SUPERVISOR: Final = 3
EXIT_NO_AUDIO: Final = 69
"""EX_UNAVAILABLE."""
EXIT_CONFIGURATION: Final = 78
"""EX_CONFIG; a worker that ends with it is not restarted."""


DESCRIPTORS_HINT: Final = "Try: ulimit -n 256"
"""Hint for a process without free file descriptors."""


_COMMANDS: Final = ("voicestream ", "pip ", "sudo ", "df ")


def as_line(hint: str) -> str:
    """Return a hint as a line for people: a command is marked as such."""
    return f"Try: {hint}" if hint.startswith(_COMMANDS) else hint


class VoicestreamError(Exception):
    """Base of all errors shown to users: ``str(error)`` says what happened, ``hint`` what to type next."""

    exit_code: int = EXIT_INCOMPLETE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def for_people(self) -> str:
        """Return the message and, on its own line, the hint; a hint that is a command is marked as such."""
        return f"{self}\n{as_line(self.hint)}" if self.hint else str(self)


class UsageError(VoicestreamError):
    """An option, a language or a file name is invalid."""

    exit_code = EXIT_USAGE


class NoSupervisorError(VoicestreamError):
    """No supervisor is running."""

    exit_code = EXIT_NO_SUPERVISOR


class UnreachableError(VoicestreamError):
    """A host from which models come could not be reached."""


class EngineUnavailableError(VoicestreamError):
    """An engine cannot do a job, because the hosts that it needs do not answer; the worker takes another engine."""

    def __init__(self, message: str, *, hint: str = "", is_outage: bool = True) -> None:
        """Initialize; ``is_outage``: other jobs would fail, too."""
        super().__init__(message, hint=hint)
        self.is_outage = is_outage


class UnusableSoundError(VoicestreamError):
    """A voice engine produced no audible audio; a retry would give the same."""


class AudioDeviceError(VoicestreamError):
    """There is no audio device, or no PortAudio to reach one."""

    exit_code = EXIT_NO_AUDIO


class ConfigurationError(VoicestreamError):
    """A retry cannot help before something is changed."""

    exit_code = EXIT_CONFIGURATION


class EngineNotReadyError(ConfigurationError):
    """An engine lacks a program, a package or weights."""


class RunDirectoryError(ConfigurationError):
    """The run directory does not belong to this user, or cannot be used."""


class VersionMismatchError(ConfigurationError):
    """The running supervisor is of another version of voicestream."""


class NoLogError(ConfigurationError):
    """A log cannot be written, or read."""


class ProtocolError(Exception):
    """A frame is not a valid message. The text, which is logged, quotes nothing of the frame."""


class OtherVersionError(ProtocolError):
    """A frame is a message of another protocol version."""

    def __init__(self, kind: str, protocol: object, *, is_shutdown: bool = False) -> None:
        """Initialize; nothing else is known of the message.

        Args:
            kind: its ``type``.
            protocol: the version that it names; None if it names none.
            is_shutdown: it is the shutdown request, which all versions encode alike.
        """
        self.kind = kind[:40]
        self.protocol = protocol if isinstance(protocol, int) else None
        self.is_shutdown = is_shutdown
        super().__init__(f"{self.kind} of protocol {self.version}")

    @property
    def version(self) -> str:
        """Return the version for people."""
        return "without a number" if self.protocol is None else str(self.protocol)
