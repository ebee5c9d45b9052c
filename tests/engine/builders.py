"""What made the kernel's code in the package, and its module of WebAssembly, and would make them today."""

from __future__ import annotations

import re
from pathlib import Path

from trainlab.engine.source_digest import source_digest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def tools_of(script: str) -> list[str]:
    """Return the digest of ``scripts/build_*.py``, and the compilers that ``scripts/*`` installs."""
    pinned = re.findall(r"\b(?:numba|llvmlite|ziglang)==[\d.]+", (SCRIPTS / script).read_text())
    return [source_digest([SCRIPTS / f"build_{script}.py"]), *pinned]
