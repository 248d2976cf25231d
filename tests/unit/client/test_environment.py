"""What of a caller's environment a supervisor takes along."""

from __future__ import annotations

import pytest

from voicestream.client import inherited_environment


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "LC_ALL",
        "TZ",
        "XDG_RUNTIME_DIR",
        "PULSE_SERVER",
        "PIPEWIRE_REMOTE",
        "DBUS_SESSION_BUS_ADDRESS",
        "CUDA_VISIBLE_DEVICES",
        "HF_HOME",
        "OMP_NUM_THREADS",
        "LD_LIBRARY_PATH",
        "SSL_CERT_FILE",
        "PYTHONPATH",
        "VOICESTREAM_MODELS",
    ],
)
def test_what_the_supervisor_and_its_engines_need_is_taken_along(name: str) -> None:
    assert inherited_environment.for_supervisor({name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    "name",
    [
        "ANTHROPIC_API_KEY",
        "GITHUB_TOKEN",
        "HF_TOKEN",
        "HF_TOKEN_PATH",
        "AWS_SECRET_ACCESS_KEY",
        "DB_PASSWORD",
        "VOICESTREAM_API_KEY",
        "COQUI_SECRETS",
        "XDG_credentials",
        "SSH_AUTH_SOCK",
        "EDITOR",
        "http_proxy",
        "PYTHONSTARTUP",
    ],
)
def test_secrets_and_what_nobody_needs_stay_behind(name: str) -> None:
    assert inherited_environment.for_supervisor({name: "value", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_a_word_that_only_contains_the_name_of_a_secret_is_none() -> None:
    assert inherited_environment.is_taken("HF_TOKENIZERS")
    assert inherited_environment.is_taken("TRANSFORMERS_NO_ADVISORY_WARNINGS")
