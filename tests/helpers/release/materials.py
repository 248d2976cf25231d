"""Bill of materials (CycloneDX) of an installation of the wheel with the extra ``voice``.

python -P tests/helpers/release/materials.py DIRECTORY FILE

DIRECTORY holds the wheel. It is installed in a new environment, which cyclonedx-py reads.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from helpers.project.shadow_tree import REPOSITORY


def write(wheel: Path, target: Path) -> int:
    """Install a wheel, write its bill of materials; returns the number of components.

    Raises:
        subprocess.CalledProcessError: the installation or cyclonedx-py failed; it has printed the reason.
    """
    with tempfile.TemporaryDirectory() as directory:
        python = Path(directory) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
        # The pip of this environment: one inside would be listed as a component.
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", f"{wheel}[voice]"]
        subprocess.run(install, check=True)
        command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--validate"]
        command += ["--pyproject", str(REPOSITORY / "pyproject.toml"), "--output-format", "JSON"]
        subprocess.run([*command, "--output-file", str(target), str(python)], check=True)
    components: list[object] = json.loads(target.read_text(encoding="utf-8"))["components"]
    return len(components)


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    if len(arguments) != 2:
        print(__doc__)
        return 2
    (wheel,) = Path(arguments[0]).resolve().glob("*.whl")
    target = Path(arguments[1]).resolve()
    print(f"{arguments[1]}: {write(wheel, target)} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
