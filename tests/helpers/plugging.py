"""Plugs engines in as anybody's package does: by the metadata of a distribution, in a directory on ``PYTHONPATH``."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]


def offer(
    directory: Path, name: str, *, translators: dict[str, str] | None = None, synthesizers: dict[str, str] | None = None
) -> str:
    """Make ``directory`` one that offers engines.

    Args:
        directory: is made where it is not there.
        name: of the distribution.
        translators: by what stands after ``--translator``, where the class is: ``module:Class``.
        synthesizers: likewise after ``--tts``.

    Returns:
        The ``PYTHONPATH`` with which they are found, and ``helpers``.
    """
    information = directory / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    groups = {"voicestream.translators": translators, "voicestream.synthesizers": synthesizers}
    text = "".join(
        f"[{group}]\n" + "".join(f"{engine} = {where}\n" for engine, where in (engines or {}).items())
        for group, engines in groups.items()
    )
    (information / "entry_points.txt").write_text(text, encoding="utf-8")
    return f"{directory}:{TESTS}"
