"""Carry out a page as a newcomer would: its commands and its Python code, in order, in an empty folder.

``readme.py PAGE bare``: PyTorch is not there. What needs it has to say so in one line, and the Python code is
carried out up to the first block that needs it. ``readme.py PAGE torch``: it is there; what needs it has to
work, with all of the Python code.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

OFFER = f"pip install -e '{Path(__file__).resolve().parents[1]}[torch]'"
"""What is said for the clone that this file is in, as scripts/demo installs it."""
LINES = 32
"""README: results come in thirty lines or so; one names the page, and README's script prints one, too."""
LISTENING = ("doctor", "seeds")
NEEDS_TORCH = re.compile(
    r"^(import torch|from torch)|trainlab\.(watch|doctor|population|seeds)\(", re.MULTILINE
)


def main(page: str, mode: str) -> int:
    """Return 0 if all went as it has to."""
    text = Path(page).read_text(encoding="utf-8")
    blocks = re.findall(r"```(console|python)\n(.*?)```", text, re.DOTALL)
    commands = [
        shlex.split(line[2:])
        for kind, block in blocks
        if kind == "console"
        for line in block.splitlines()
        if line.startswith("$ trainlab ")
    ]
    if mode == "torch":
        commands = [words for words in commands if words[1] in LISTENING]
    failures = [words for words in commands if not carried_out(words, bare=mode == "bare")]
    code = [block for kind, block in blocks if kind == "python"]
    if mode == "bare":
        first = next((place for place, block in enumerate(code) if NEEDS_TORCH.search(block)), len(code))
        code = code[:first]
    print(f"{len(code)} blocks of Python", flush=True)
    ended = subprocess.run([sys.executable, "-c", "\n".join(code)], stdout=subprocess.DEVNULL, check=False)
    if not commands or not code:
        print(f"{page}: has no commands, or no Python code, that could be carried out")
        return 1
    return int(bool(failures) or ended.returncode != 0)


def carried_out(words: list[str], *, bare: bool) -> bool:
    """Carry out a command; return whether it ended as it has to."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    lines = len(done.stdout.splitlines())
    wanted = 1 if words[1] == "doctor" else 0  # README's script has a fault
    one_line = len(done.stderr.splitlines()) == 1 and OFFER in done.stderr
    offered = bare and words[1] in LISTENING and done.returncode == 2 and one_line
    right = (done.returncode == wanted and "Traceback" not in done.stderr and lines <= LINES) or offered
    print(
        f"{'ok' if right else 'FAILED'}  {shlex.join(words)}: exit {done.returncode}, {lines} lines",
        flush=True,
    )
    if offered or not right:
        print("    " + "\n    ".join(done.stderr.strip().splitlines()[-12:]), flush=True)
    return right


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
