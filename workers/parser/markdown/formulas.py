r"""Inline formulas: ``\(x^2\)`` is said as it stands, a few commands as the word or sign they print."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = {
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "ne": "!=",
    "neq": "!=",
    "times": "×",
    "cdot": "·",
    "pm": "±",
    "approx": "≈",
    "to": "→",
    "rightarrow": "→",
    "ldots": "...",
    "dots": "...",
    "cdots": "...",
    "infty": "infinity",
    "left": "",
    "right": "",
    "quad": " ",
    "qquad": " ",
    "text": "",
    "mathrm": "",
    "mathbf": "",
    "mathbb": "",
    "mathcal": "",
    "operatorname": "",
    "displaystyle": "",
}
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_COMMAND: Final = re.compile(r"\\([A-Za-z]+)\s*")
_SPACING: Final = re.compile(r"\\[,;:!> ]")


def say_formula(formula: str) -> str:
    """What is left of a formula when its layout is taken away."""
    if "\\" in formula:
        formula = _FRACTION.sub(r"\1/\2", formula)
        formula = _SPACING.sub(" ", formula)
        formula = _COMMAND.sub(lambda found: _SIGNS.get(found[1], found[1]) + " ", formula)
        formula = formula.replace("\\", "")
    return " ".join(formula.replace("{", "").replace("}", "").split())
