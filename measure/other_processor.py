"""The kernel on another kind of processor, emulated: the first epochs of the assignment's study, bit by bit.

``python -m measure.other_processor [CELL…]`` needs Debian's qemu-user, gcc-aarch64-linux-gnu and
libc6-dev-arm64-cross. A tile's arrays are laid out as one image of memory at a fixed address; a small C
program links the units' machine code, trains the tile there and writes the image back. CELL is one of the
study's, or ``all``.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import binding as llvm

from trainlab.engine.fast.job import Job, prepare
from trainlab.engine.fast.tiles import TILE_ARRAYS, begin_tile, kernel_draws, tile_arrays, tile_record
from trainlab.engine.kernel import machine_code, tables
from trainlab.engine.kernel.lanes import HEADER, Unit
from trainlab.engine.layout import initial_parameters
from trainlab.spec import Experiment
from trainlab.spec.lookup import any_study

TRIPLE, CPU = "aarch64-unknown-linux-gnu", "neoverse-n1"
COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
BASE, EPOCHS, SEEDS = 0x5_0000_0000, 200, range(32)
UNIT_FIELDS = [f"unit_{name}" for name in tables.Units._fields if name not in ("loss_value", "loss_slope")]
LAYER_UNITS = (tables.TRAIN_UNIT, tables.READ_UNIT)
PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
{declared}
int main(int count, char **words) {{
  int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  char *base = mmap((void *){base}UL, {size}, PROT_READ | PROT_WRITE, kind, -1, 0);
  FILE *file = fopen(words[1], "rb");
  if (base == MAP_FAILED || fread(base, 1, {size}, file) != {size}) return 1;
  fclose(file);
{placed}
  {train}((int64_t)base + {record}, 0, 0, 0);
  file = fopen(words[1], "wb");
  return fwrite(base, 1, {size}, file) != {size};
}}
"""


def compared(experiment: Experiment) -> tuple[int, int]:
    """Return how many of a tile's numbers have other bits there than here, and of how many."""
    here = _Tile(experiment)
    machine_code.call(Unit(kind="train", lanes=here.job.lane), here.record.ctypes.data, 0, 0, 0)
    asked: list[Unit] = []

    def number_of(unit: Unit) -> int:
        if unit not in asked:
            asked.append(unit)
        return asked.index(unit) + 1

    there = _Tile(experiment, address=number_of)
    there.train_elsewhere(asked)
    pairs = [(here.own[name], there.own[name]) for name in TILE_ARRAYS]
    return sum(other_bits(a, b) for a, b in pairs), sum(a.size for a, _ in pairs)


def other_bits(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> int:
    """Return how many numbers have other bits: 0 and −0 do, a NaN and its like don't."""
    return int((a.view(f"u{a.itemsize}") != b.view(f"u{b.itemsize}")).sum())


class _Tile:
    """The tile of some seeds as its training begins."""

    def __init__(self, experiment: Experiment, *, address: Callable[[Unit], int] | None = None) -> None:
        self.job: Job = prepare(
            experiment,
            marks=(experiment.epochs,),
            population=len(SEEDS),
            networks=None,
            samples=None,
            dtype="float32",
            checked=False,
            address=address,
        )
        self.own = tile_arrays(self.job)
        self.record = tile_record(self.job, self.own)
        begin_tile(self.job, self.own, SEEDS, initial_parameters(experiment, SEEDS, draw=kernel_draws))
        self.record["used"] = len(SEEDS)

    def train_elsewhere(self, units: list[Unit]) -> None:
        """Train it in an emulator, and keep what its arrays then hold; its units' addresses are numbers."""
        image, starts = bytearray(), dict[str, int]()
        record = self.record.copy()
        for name, array in {**self.job.tables, **self.own}.items():
            image += bytes(-len(image) % HEADER)
            image += ctypes.string_at(array.ctypes.data - HEADER, HEADER + array.nbytes)
            starts[name] = len(image) - array.nbytes
            record[name] = BASE + starts[name]
        image += bytes(-len(image) % HEADER)
        place = len(image)
        image += record.tobytes()
        fields: Any = tables.RECORD.fields
        units_at = [(place + fields[name][1], int(record[name])) for name in UNIT_FIELDS]
        layers = self.job.tables["layer_table"]
        units_at.extend(
            (starts["layer_table"] + 8 * at, int(layers[at]))
            for at in range(len(layers))
            if at % tables.LAYER_COLUMNS in LAYER_UNITS
        )
        train = Unit(kind="train", lanes=self.job.lane)
        with tempfile.TemporaryDirectory() as folder:
            objects = [*dict.fromkeys((*units, train))]
            program = _program(
                Path(folder), objects, [each for each in units_at if each[1]], len(image), place
            )
            memory = Path(folder, "memory")
            memory.write_bytes(image)
            subprocess.run([EMULATOR, program, memory], check=True)
            after = memory.read_bytes()
        for name, array in self.own.items():
            array[:] = np.frombuffer(after, array.dtype, array.size, starts[name])


def _program(folder: Path, units: list[Unit], places: list[tuple[int, int]], size: int, record: int) -> Path:
    """Compile units and what calls them; `places` says where in the image which unit's address belongs."""
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(cpu=CPU, features="", opt=3)
    codes = {unit.symbol: machine_code._code(unit) for unit in units}
    codes["subnormals"] = machine_code.subnormals_code(TRIPLE)
    for name, code in codes.items():
        module = llvm.parse_assembly(code)
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        (folder / f"{name}.o").write_bytes(machine.emit_object(module))
    text = PROGRAM.format(
        declared="\n".join(f"void {unit.symbol}(int64_t, int64_t, int64_t, int64_t);" for unit in units),
        placed="\n".join(
            f"  *(int64_t *)(base + {at}) = (int64_t){units[n - 1].symbol};" for at, n in places
        ),
        train=units[-1].symbol,
        base=BASE,
        size=size,
        record=record,
    )
    (folder / "run.c").write_text(text, encoding="utf-8")
    inputs = [folder / "run.c", *(folder / f"{name}.o" for name in codes)]
    subprocess.run([COMPILER, "-static", "-O1", "-o", folder / "run", *inputs, "-lm"], check=True)
    return folder / "run"


def main() -> None:
    """Train the first epochs of cells here and there, and compare every array."""
    cells = any_study("xor44").cells()
    wanted = sys.argv[1:] or [cells[0].name, "Model 1:B", "Model 2:A+B+D"]
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    for cell in cells:
        if cell.name in wanted or wanted == ["all"]:
            differ, total = compared(cell.experiment.at_epochs(EPOCHS))
            print(f"{cell.name}: {differ} of {total:,} numbers differ after {EPOCHS} epochs", flush=True)


if __name__ == "__main__":
    main()
