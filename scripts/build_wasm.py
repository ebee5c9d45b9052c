"""Make the kernel's WebAssembly module from the LLVM code of its units in the package (scripts/wasm)."""

from __future__ import annotations

import argparse
import gzip
import itertools
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llvmlite import binding as llvm

from trainlab.engine.kernel.archive import made_of, packaged
from trainlab.engine.kernel.lanes import Lanes, Unit
from trainlab.engine.kernel.machine_code import subnormals_code
from trainlab.engine.kernel.tables import ADDED_UP
from trainlab.engine.source_digest import source_digest
from trainlab.engine.wasm.description import (
    BLOCK,
    KERNEL_SECTION,
    TOOLS_SECTION,
    UNITS_SECTION,
    module_units,
)
from trainlab.maths import OPTIMIZERS

MODULE = Path("src/trainlab/web/static/kernel.wasm")
TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext,+mutable-globals"
"""What every browser has had since 2023."""
STACK_BYTES = 65_536
OPTIONS = (
    "--no-entry",
    "--strip-all",
    "--gc-sections",
    "--export-table",
    "--growable-table",
    "--export=__heap_base",
    "-O2",
)


def built(block: Lanes) -> bytes:
    """Return a module of the units for blocks of this shape."""
    units = module_units(block)
    codes = {unit.symbol: _code(unit) for unit in units}
    target = _target()
    with TemporaryDirectory() as folder:
        objects: list[Path] = []
        # WebAssembly always keeps subnormal numbers: nothing is to be set.
        for name, code in {**codes, "subnormals": subnormals_code(TRIPLE)}.items():
            objects.append(Path(folder, f"{name}.o"))
            objects[-1].write_bytes(_object(code, target))
        linked = Path(folder, "kernel.wasm")
        subprocess.run(
            [
                *(sys.executable, "-m", "ziglang", "wasm-ld", *OPTIONS, "-z", f"stack-size={STACK_BYTES}"),
                *(f"--export={symbol}" for symbol in codes),
                *objects,
                *("-o", linked),
            ],
            check=True,
        )
        module = linked.read_bytes()
    tools = [
        source_digest([Path(__file__)]),
        *(f"{name}=={version(name)}" for name in ("llvmlite", "ziglang")),
    ]
    said = {UNITS_SECTION: [*codes], KERNEL_SECTION: made_of()[:1], TOOLS_SECTION: tools}
    return module + b"".join(_section(name, " ".join(words)) for name, words in said.items())


def _code(unit: Unit) -> str:
    code = packaged(unit)
    if code is None:
        sys.exit(f"{unit.symbol} isn't in the package: take a shape of engine/kernel/shipped.py.")
    # A multiply-add in one step is a function of C's library there; in two, instructions.
    code = code.replace("llvm.fma.", "llvm.fmuladd.")
    return _flushing(code, unit.lanes.networks) if _keeps_averages(unit) else code


def _keeps_averages(unit: Unit) -> bool:
    """Whether a unit moves weights by averages in which the smallest numbers don't matter; Lion's do."""
    fused = unit.kind in ("single_steps", "batch_steps") and unit.code != ADDED_UP
    return fused or (unit.kind == "update" and unit.code != OPTIMIZERS["lion"].code)


def _flushing(code: str, networks: int) -> str:
    """Return code that stores 0 for subnormal numbers in averages: what multiply-adds move.

    WebAssembly can't have the processor do so (kernel/tile.py says what for), and an average of a
    weight that nothing moves any more would stay subnormal: steps would take up to nine times as long.
    """
    row = f"<{networks} x float>"
    moved = set(re.findall(rf"^ *(%\S+) = .*call {row} @llvm\.fmuladd\.", code, re.MULTILINE))
    stores = re.compile(rf"^( *store {row}) (%\S+), (.*)$", re.MULTILINE)
    numbers = itertools.count()

    def flushed(found: re.Match[str]) -> str:
        store, value, rest = found.groups()
        if value not in moved:
            return found[0]
        n = next(numbers)
        return (
            f"  %size{n} = call {row} @llvm.fabs.v{networks}f32({row} {value})\n"
            f"  %tiny{n} = fcmp olt {row} %size{n}, splat (float 0x3810000000000000)\n"  # 2^-126
            f"  %kept{n} = select <{networks} x i1> %tiny{n}, {row} zeroinitializer, {row} {value}\n"
            f"{store} %kept{n}, {rest}"
        )

    code = stores.sub(flushed, code)
    declared = f"declare {row} @llvm.fabs.v{networks}f32({row})"
    return code if declared in code else f"{code}\n{declared}\n"


def _target() -> Any:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu="generic", features=FEATURES, opt=3, reloc="static", codemodel="default"
    )


def _object(code: str, target: Any) -> bytes:
    """Return an object file of some code, which is optimised already: more of it changed no time there."""
    module = llvm.parse_assembly(code)
    module.triple, module.data_layout = target.triple, str(target.target_data)
    return target.emit_object(module)


def _section(name: str, content: str) -> bytes:
    """Return a section that a module's user reads, and no engine."""
    body = _length(len(name)) + name.encode() + content.encode()
    return b"\0" + _length(len(body)) + body


def _length(number: int) -> bytes:
    """Return a whole number as WebAssembly writes it, LEB128: seven bits a byte, the lowest first."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _length(rest) if rest else bytes([low])


def main() -> None:
    """Write the module, or compare it with the one that is there."""
    parser = argparse.ArgumentParser(prog="scripts/wasm")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--block", default=f"{BLOCK.networks}x{BLOCK.samples}", metavar="NETWORKSxSAMPLES")
    parser.add_argument("--to", type=Path, default=MODULE, metavar="FILE")
    asked = parser.parse_args()
    networks, samples = map(int, asked.block.split("x"))
    module = built(Lanes(networks=networks, samples=samples))
    if asked.check:
        if not asked.to.exists() or asked.to.read_bytes() != module:
            sys.exit(f"{asked.to} isn't what the code in the package gives: run scripts/wasm.")
        return
    asked.to.write_bytes(module)
    print(f"{asked.to}: {len(module):,} bytes, {len(gzip.compress(module, mtime=0)):,} compressed")


if __name__ == "__main__":
    main()
