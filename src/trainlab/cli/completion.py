"""``trainlab completion SHELL``: the script by which a shell completes commands, options and files."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from cyclopts import Parameter

Shell = Literal["bash", "zsh", "fish"]


def completion_command(shell: Annotated[Shell, Parameter(help="Your shell.")], /) -> None:
    """Print a script that lets your shell complete trainlab's commands, options and files.

    Write it to a file where your shell looks for such scripts, and open a new terminal: for bash
    ~/.local/share/bash-completion/completions/trainlab, for fish ~/.config/fish/completions/trainlab.fish,
    for zsh the file _trainlab in a folder of its fpath.
    """
    print(completion_script(shell), end="")


def completion_script(shell: Shell) -> str:
    """Return the script; cyclopts writes it from the commands' own declarations."""
    from trainlab.cli.main import app

    return _with_files(app.generate_completion(shell=shell), shell)


def _with_files(script: str, shell: Shell) -> str:
    """Let the shell offer files wherever nothing else is known, as fish does by itself.

    cyclopts lets it for arguments whose type is Path; trainlab's are often a file's name or another's.
    """
    if shell == "bash":
        return script.replace("complete -F ", "complete -o bashdefault -o default -F ")
    if shell == "zsh":
        # A file of the fpath defines the function of its name, or nothing: _trainlab is the custom.
        script = script.replace("_cyclopts_trainlab", "_trainlab")
        # '1:message' and '--option[help]:name' end with what is offered: nothing yet.
        return re.sub(
            r"^( +'(?:\d+|\*|[^\n]*\]):[^\n:]*)(?=' ?\\?$)", r"\1:_files", script, flags=re.MULTILINE
        )
    return script
