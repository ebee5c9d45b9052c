"""Make the LLVM code of the kernel's units from their source, and keep it in the package (scripts/kernel)."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

from trainlab.engine.kernel.archive import ARCHIVE, packed, read_all, sources_of_kernel
from trainlab.engine.kernel.from_source import code_of
from trainlab.engine.kernel.lanes import Unit
from trainlab.engine.kernel.shipped import shipped_units
from trainlab.engine.source_digest import source_digest


def codes_of(units: list[Unit]) -> dict[Unit, str]:
    """Compile units one after another: those of one shape share much of numba's work."""
    return {unit: code_of(unit) for unit in units}


def main() -> None:
    """Compile all units, the groups side by side, and write them or compare them with what is there."""
    groups: dict[tuple[int, str], list[Unit]] = {}
    for unit in shipped_units():
        groups.setdefault((unit.lanes.networks, unit.lanes.dtype), []).append(unit)
    digest = source_digest(sources_of_kernel())
    start, codes = time.monotonic(), {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, found in enumerate(pool.map(codes_of, groups.values()), 1):
            codes |= found
            left = (time.monotonic() - start) / number * (len(groups) - number)
            print(f"{number} of {len(groups)} groups, some {left / 60:.0f} minutes left", flush=True)
    if "--check" in sys.argv:
        there = read_all()
        wrong = [unit.symbol for unit, code in codes.items() if there.get(unit.symbol) != code]
        if wrong:
            sys.exit(
                f"{len(wrong)} units aren't what the source gives, {wrong[0]} for one: run scripts/kernel."
            )
        return
    if source_digest(sources_of_kernel()) != digest:
        sys.exit("The kernel's source was changed meanwhile: run scripts/kernel again.")
    tools = [source_digest([Path(__file__)]), *(f"{name}=={version(name)}" for name in ("numba", "llvmlite"))]
    content = packed(codes, [digest, *tools])
    ARCHIVE.write_bytes(content)
    print(f"{len(codes)} units, {len(content):,} bytes: {ARCHIVE}")


if __name__ == "__main__":
    main()
