"""Names of the programming languages of code blocks."""

from __future__ import annotations

from typing import Final

from voicestream.workers.text.word_set import word_set

_NAMES: Final = {
    "py": "Python",
    "python": "Python",
    "python3": "Python",
    "js": "JavaScript",
    "jsx": "JavaScript",
    "mjs": "JavaScript",
    "javascript": "JavaScript",
    "node": "JavaScript",
    "ts": "TypeScript",
    "tsx": "TypeScript",
    "typescript": "TypeScript",
    "rs": "Rust",
    "rb": "Ruby",
    "go": "Go",
    "golang": "Go",
    "c": "C",
    "h": "C",
    "cpp": "C++",
    "c++": "C++",
    "cc": "C++",
    "cs": "C#",
    "csharp": "C#",
    "c#": "C#",
    "php": "PHP",
    "html": "HTML",
    "xml": "XML",
    "css": "CSS",
    "scss": "SCSS",
    "json": "JSON",
    "jsonc": "JSON",
    "jsonl": "JSON",
    "yaml": "YAML",
    "yml": "YAML",
    "toml": "TOML",
    "ini": "INI",
    "sql": "SQL",
    "sh": "shell script",
    "bash": "shell script",
    "zsh": "shell script",
    "shell": "shell script",
    "console": "shell script",
    "powershell": "PowerShell",
    "ps1": "PowerShell",
    "md": "Markdown",
    "markdown": "Markdown",
    "diff": "changes",
    "patch": "changes",
    "kt": "Kotlin",
    "objc": "Objective-C",
    "graphql": "GraphQL",
    "tex": "LaTeX",
    "latex": "LaTeX",
    "dockerfile": "Dockerfile",
    "makefile": "Makefile",
    "hcl": "Terraform",
    "tf": "Terraform",
}
_NAMELESS: Final = word_set(
    """
     text txt plaintext plain output log none code
    """
)


def code_name(info: str) -> str:
    """The name of a language as a fence gives it; "" when it gives none."""
    return "" if info in _NAMELESS else _NAMES.get(info, info.capitalize())
