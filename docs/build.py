"""The site of the pages: what scripts/docs does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]


def build(root: Path, site: Path) -> int:
    """Build all of the site of the pages under a root; a warning is an error. Return Sphinx's status."""
    shutil.rmtree(site, ignore_errors=True)
    with TemporaryDirectory() as read:
        sphinx = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--quiet"]
        places = ["--conf-dir", str(root / "docs"), "--doctree-dir", read, str(root), str(site)]
        status = subprocess.run([*sphinx, *places], check=False).returncode
    if status == 0:
        print(f"Open in a browser: {site / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(build(ROOT, ROOT / "site"))
