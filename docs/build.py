"""The site, and the figures on its pages: what scripts/docs does."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from docs import blocks


def main(words: Sequence[str] | None = None) -> int:
    """Build the site, or make the blocks and pictures of the pages anew, or check them."""
    options = _options(words)
    if options.figures is None and not options.check:
        return build(blocks.ROOT, blocks.ROOT / "site")
    known = blocks.sources()
    chosen = options.figures or known
    for name in chosen:
        if name not in known:
            there = ", ".join(known)
            print(f"scripts/docs: no page has blocks of {name!r}; there are {there}", file=sys.stderr)
            return 2
    wanted = blocks.files(blocks.carry_out(chosen, store=options.store))
    old = blocks.stale(wanted)
    again = " ".join(("scripts/docs --figures", *(options.figures or ())))
    for path in old:
        print(f"{path}: {f'out of date; run {again}' if options.check else 'written'}")
        if not options.check:
            (blocks.ROOT / path).write_text(wanted[path], encoding="utf-8")
    return 1 if options.check and old else 0


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


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/docs", description="Build the site of the pages in site/; warnings are errors."
    )
    parser.add_argument(
        "--figures",
        nargs="*",
        metavar="NAME",
        help=f"instead, make blocks and pictures anew; all, or those of: {', '.join(blocks.sources())}",
    )
    parser.add_argument("--check", action="store_true", help="change nothing; fail if one is out of date")
    parser.add_argument("--store", default=".trainlab", help="the folder that keeps finished runs")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
