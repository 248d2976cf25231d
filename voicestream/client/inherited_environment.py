"""Allowlist of environment variables that the supervisor inherits from its first caller. Pure.

The supervisor outlives its caller. It gets what it and the engines need, and not the keys of the agent that happened to
start it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = frozenset(
    {
        # The user, the system, the language
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP"),
        # Sound
        *("AUDIODEV", "AUDIODRIVER", "DBUS_SESSION_BUS_ADDRESS"),
        # Libraries and certificates
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_COLOR"),
        # The Python interpreter and its module path
        *("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUTF8"),
        *("PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "PYTHONIOENCODING", "PYTHONWARNINGS"),
        *("PYTHONFAULTHANDLER", "PYTHONMALLOC", "PYTHONTRACEMALLOC", "PYTHONBREAKPOINT", "VIRTUAL_ENV"),
    }
)

PREFIXES: Final = (
    *("LC_", "XDG_", "VOICESTREAM_"),
    *("PULSE_", "PIPEWIRE_", "ALSA_", "JACK_", "PA_ALSA_"),
    *("CUDA_", "NVIDIA_", "HF_", "TORCH_", "TORCHINDUCTOR_", "PYTORCH_", "TRANSFORMERS_", "TRITON_", "ORT_", "CT2_"),
    *("OMP_", "MKL_", "OPENBLAS_", "VECLIB_", "GOTO_", "BLIS_", "NUMEXPR_", "KMP_"),
    *("DYLD_", "SSL_CERT_", "ESPEAK_", "APERTIUM_", "COQUI_"),
)
"""Variables that begin with one of these are inherited, too."""

_SECRET: Final = re.compile(r"(^|_)(TOKEN|API_?KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?|ACCESS_KEY|PRIVATE_KEY)(S|_|$)")
"""Names of secrets, excluded whatever their prefix."""


def for_supervisor(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a supervisor is started with."""
    return {name: value for name, value in environment.items() if is_taken(name)}


def is_taken(name: str) -> bool:
    """Return whether a variable of this name is inherited."""
    return not is_secret(name) and (name in NAMES or name.startswith(PREFIXES))


def is_secret(name: str) -> bool:
    """Return whether the value of a variable or a key of this name is a secret."""
    return _SECRET.search(name.upper().replace("-", "_")) is not None
