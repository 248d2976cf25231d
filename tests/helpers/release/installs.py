"""Installations of wheel and source distribution in new environments, one for each Python on the machine.

    python -P tests/helpers/release/installs.py DIRECTORY

DIRECTORY holds one wheel and one source distribution. For each Python the wheel is installed with the extra ``voice``,
the bundled session is spoken into a file, and the source distribution is installed without extras and prints its
version. A Python that is supported but not on the machine is resolved only: pip looks for wheels of all dependencies.
The exit code is 1 if anything failed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Final, NamedTuple

from helpers.project.shadow_tree import PYPROJECT

SUPPORTED: Final = tuple(
    line.rpartition(" :: ")[2]
    for line in PYPROJECT["project"]["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", line)
)
"""Versions of Python that the classifiers name."""

_WITHOUT_WHEELS: Final = {"num2words"}
"""Packages of the extra ``voice`` that need a source distribution (docopt); pip resolves wheels only."""

_LIMIT_SECONDS: Final = 900.0
"""For one command: the registry may be slow."""

_PYENV: Final = Path.home() / ".pyenv" / "versions"


class Result(NamedTuple):
    """A step, the seconds it took, and the output of a command that failed (empty: it passed)."""

    python: str
    step: str
    seconds: float
    failure: str


def interpreters() -> dict[str, str]:
    """Return the path of an interpreter for each supported version on the machine: on PATH, or of pyenv."""
    found: dict[str, str] = {}
    for version in SUPPORTED:
        candidates = [shutil.which(f"python{version}"), *sorted(_PYENV.glob(f"{version}.*/bin/python3"), reverse=True)]
        for candidate in candidates:
            # pyenv's shims exist for versions that are not selected, and fail then.
            if candidate and _run([candidate, "-c", "import venv, ensurepip"])[1] == "":
                found[version] = str(candidate)
                break
    return found


def check(version: str, interpreter: str, wheel: Path, source: Path, directory: Path) -> list[Result]:
    """Install both distributions for one Python and use them.

    Args:
        version: of the interpreter, such as ``3.12``.
        interpreter: its path.
        wheel: file.
        source: file of the source distribution.
        directory: empty, for environments and settings.

    Returns:
        The steps that were done; the last one may have failed.
    """
    found: list[Result] = []

    def passes(step: str, command: list[str], environment: dict[str, str] | None = None) -> bool:
        seconds, failure = _run(command, environment)
        found.append(Result(version, step, seconds, failure))
        return not failure

    of_wheel, of_source = directory / "wheel", directory / "source"
    speech = directory / "session.wav"
    pip = [str(of_wheel / "bin" / "python"), "-m", "pip"]
    program = str(of_wheel / "bin" / "voicestream")
    (
        passes("environment", [interpreter, "-m", "venv", str(of_wheel)])
        and passes("install the wheel with voice", [*pip, "install", "--quiet", f"{wheel}[voice]"])
        and passes("check the requirements", [*pip, "check"])
        and passes("speak the bundled session", [program, "demo", "-o", str(speech)], _private(directory))
        and passes("environment", [interpreter, "-m", "venv", str(of_source)])
        and passes(
            "install the source distribution",
            [str(of_source / "bin" / "python"), "-m", "pip", "install", "--quiet", str(source)],
        )
        and passes("print the version", [str(of_source / "bin" / "voicestream"), "--version"])
    )
    if speech.exists():
        with wave.open(str(speech)) as file:
            seconds = file.getnframes() / file.getframerate()
        if seconds < 1:
            found.append(Result(version, "speak the bundled session", 0.0, f"only {seconds:.1f} s of sound"))
    return found


def resolve(version: str, wheel: Path, directory: Path) -> Result:
    """Let pip look for wheels of all dependencies of a Python that is not on the machine."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--only-binary=:all:"]
    command += ["--python-version", version, "--target", str(directory), str(wheel)]
    voice = PYPROJECT["project"]["optional-dependencies"]["voice"]
    command += [line for line in voice if re.split(r"[<>=~ ]", line)[0] not in _WITHOUT_WHEELS]
    seconds, failure = _run(command)
    return Result(version, "resolve only (not on this machine)", seconds, failure)


def _private(directory: Path) -> dict[str, str]:
    """Return an environment whose supervisor, settings and logs are apart from the user's."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("VOICESTREAM_")},
        "VOICESTREAM_RUNTIME_DIR": str(directory / "run"),
        "VOICESTREAM_LOG_DIR": str(directory / "log"),
        "VOICESTREAM_CONFIG": str(directory / "config.toml"),
        "VOICESTREAM_KEEP_ALIVE": "0",
        "XDG_DATA_HOME": str(directory / "data"),
        "XDG_STATE_HOME": str(directory / "state"),
    }


def _run(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, str]:
    """Run a command; return the seconds it took, and what it printed if it failed."""
    started = time.monotonic()
    try:
        # Away from the repository: nothing of it may be imported.
        done = subprocess.run(
            command,
            cwd=tempfile.gettempdir(),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return time.monotonic() - started, str(error)
    failure = "" if done.returncode == 0 else f"{done.stdout}{done.stderr}" or f"exit code {done.returncode}"
    return time.monotonic() - started, failure


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    (wheel,) = Path(arguments[0]).resolve().glob("*.whl")
    (source,) = Path(arguments[0]).resolve().glob("*.tar.gz")
    here = interpreters()
    failed = False
    for version in SUPPORTED:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            if version in here:
                results = check(version, here[version], wheel, source, place)
            else:
                results = [resolve(version, wheel, place)]
        for result in results:
            failed |= bool(result.failure)
            outcome = "FAILED" if result.failure else "ok"
            print(f"Python {result.python:<5} {result.step:<36}{result.seconds:6.1f} s  {outcome}", flush=True)
            if result.failure:
                print(result.failure.rstrip())
    if any("//example.org" in address for address in PYPROJECT["project"]["urls"].values()):
        print("note: the project URLs in pyproject.toml are placeholders")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
