"""Make golden copies anew, or say which differ: what scripts/golden does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from golden.cases import CASES
from golden.copies import differences, remove, stale, write


def main(words: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 if copies were checked and differ, 2 if there is no such copy."""
    options = _options(words)
    chosen = [name for name in CASES if not options.names or name.startswith(tuple(options.names))]
    unknown = [name for name in options.names if not any(each.startswith(name) for each in CASES)]
    if unknown:
        there = ", ".join(CASES)
        print(
            f"scripts/golden: no copy's name begins with {unknown[0]!r}; there are {there}", file=sys.stderr
        )
        return 2
    status = 0
    for name in chosen:
        found = differences(CASES[name])
        if found and options.check:
            print(found)
            status = 1
        elif found:
            write(CASES[name])
            print(f"{name}: written")
    for file, section in () if options.names else list(stale(CASES)):
        print(f"{file}, {section}: {'belongs to no case' if options.check else 'removed'}")
        status = 1 if options.check else status
        if not options.check:
            remove(file, section)
    return status


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/golden",
        description="Make the golden copies in tests/golden/copies anew: what users see of results.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="how names begin; all if left out")
    parser.add_argument("--check", action="store_true", help="change nothing; show how they differ")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
