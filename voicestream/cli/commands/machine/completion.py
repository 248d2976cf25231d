"""``voicestream completion``: the script that makes a shell complete our commands and values."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from voicestream.cli.shell import COMPLETE_VARIABLE, bash
from voicestream.errors import UsageError

SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, /, *, shell: str) -> None:
    """Print the script for a shell, which completes commands, options and values.

    bash: eval "$(voicestream completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc, after
    compinit; fish: voicestream completion fish > ~/.config/fish/completions/voicestream.fish
    """
    bash.register()
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"click has no completion for {shell}")
    made = found(context.find_root().command, {}, "voicestream", COMPLETE_VARIABLE)
    # Not `source`: it would start bash to ask for its version.
    click.echo(made.source_template % made.source_vars())
