"""What each part of a core takes by itself, measured: nanoseconds an instruction, from loops in assembly.

A loop holds nothing but the one kind of instruction, many times over, so that its part of the core is all
that can hold it up. Throughput is measured on independent instructions, latency on chains of them. Vectors
are as wide as the processor's registers: 16 float32 with AVX-512, else 8. x86-64 only.

    scripts/measure port_peaks
"""

from __future__ import annotations

import ctypes
import math
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import binding

from trainlab.engine.kernel.lanes import aligned_zeros

LLVM: Any = binding
"""llvmlite's functions, which have no types."""
ROUNDS, SECONDS = 100, 0.0005
"""Many short rounds: in some of them nothing else runs on the same core."""
TRIAL = 2000
"""Times round a loop that tell how long it takes; far fewer would tell how long calling it takes."""
REPEATS = 96
"""Instructions in a loop's body, or pairs of them: so many that the loop's own two hardly count."""
CHAINS = 12
"""Registers that take turns, more than any latency times its throughput asks for."""
MULTIPLICATION_CYCLES = 3
"""Latency of a product of whole numbers, on every processor with AVX2."""
WIDE, NARROW = ("zmm", 64), ("ymm", 32)


@dataclass(frozen=True, kw_only=True, slots=True)
class PortPeaks:
    """Nanoseconds an instruction takes of its part of the core; `_latency`: until its result can be used.

    `vector` is what the registers were called, `clock` a cycle while vectors are in use (it may be slower
    than without), `slot` a place in the front end.
    """

    vector: str
    clock: float
    slot: float
    multiply_add: float
    vector_load: float
    scalar_load: float
    vector_store: float
    scalar_store: float
    division: float
    square_root: float
    multiply_add_latency: float
    add_latency: float
    division_latency: float
    square_root_latency: float
    forward_latency: float

    def cycles(self, name: str) -> float:
        """Return one of them in cycles."""
        return float(getattr(self, name)) / self.clock

    def __str__(self) -> str:
        names = [name for name in PortPeaks.__slots__ if name not in ("vector", "clock")]
        each = ", ".join(f"{name.replace('_', ' ')} {self.cycles(name):.2f}" for name in names)
        return f"{1 / self.clock:.2f} GHz; cycles an instruction ({self.vector}): {each}"


def bodies(register: str, size: int) -> dict[str, str]:
    """Return the body of each loop: registers 0 to 11 take turns, 12 to 15 hold numbers, %rcx a place."""

    def turns(line: str) -> str:
        """Repeat a line; ``{i}`` is a register in turn, ``{at}`` a place in memory in turn."""
        return "\n".join(line.format(i=i % CHAINS, at=i % CHAINS * size, r=register) for i in range(REPEATS))

    return {
        # Four bytes long: more instructions in as many bytes wouldn't fit the cache of decoded ones.
        "slot": turns("nopl 8(%rax)"),
        "multiply_add": turns("vfmadd213ps %{r}12, %{r}13, %{r}{i}"),
        # After another: a core needs some time to get used to wide vectors.
        "clock": turns("imulq %rcx, %rax" + 3 * "\nvfmadd213ps %{r}12, %{r}13, %{r}{i}"),
        "vector_load": turns("vmovaps {at}(%rcx), %{r}{i}"),
        "scalar_load": turns("movq {at}(%rcx), %rax"),
        "vector_store": turns("vmovaps %{r}{i}, {at}(%rcx)"),
        "scalar_store": turns("movq %rax, {at}(%rcx)"),
        "division": turns("vdivps %{r}12, %{r}13, %{r}{i}"),
        "square_root": turns("vsqrtps %{r}12, %{r}{i}"),
        "multiply_add_latency": turns("vfmadd213ps %{r}12, %{r}13, %{r}0"),
        "add_latency": turns("vaddps %{r}12, %{r}0, %{r}0"),
        "division_latency": turns("vdivps %{r}0, %{r}12, %{r}0"),
        "square_root_latency": turns("vsqrtps %{r}0, %{r}0"),
        "forward_latency": turns("vmovaps %{r}0, (%rcx)\nvmovaps (%rcx), %{r}0"),
    }


def has_vectors(extension: str) -> bool:
    """Return whether LLVM finds an extension of x86-64, such as avx512f, on this processor."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return x86 and bool(LLVM.get_host_cpu_features().get(extension))


def measure_port_peaks(*, rounds: int = ROUNDS, seconds: float = SECONDS) -> PortPeaks:
    """Return the least that each took in `rounds` rounds of about `seconds`, all in turns.

    The processor must have AVX2 and FMA: see `has_vectors`.
    """
    register, size = WIDE if has_vectors("avx512f") else NARROW
    texts = bodies(register, size)
    loops = compiled([loop(name, body, register) for name, body in texts.items()], list(texts))
    memory = aligned_zeros(CHAINS * size // 4, "float32")
    memory[:] = np.linspace(0.5, 0.99, memory.size)

    def timed(run: Callable[[int, int], None], times: int) -> float:
        start = time.perf_counter()
        run(times, memory.ctypes.data)
        return time.perf_counter() - start

    times = {name: int(TRIAL * seconds / timed(run, TRIAL)) + 1 for name, run in loops.items()}
    best = dict.fromkeys(loops, math.inf)
    for _ in range(rounds):
        for name, run in loops.items():
            best[name] = min(best[name], timed(run, times[name]) / (times[name] * REPEATS) * 1e9)
    best["clock"] /= MULTIPLICATION_CYCLES
    return PortPeaks(vector=register, **best)


def loop(name: str, body: str, register: str) -> str:
    """Return a function (times, memory) in LLVM's language that runs the body so many times."""
    first = [f"vmovaps (%rcx), %{register}{i}" for i in range(16)]
    lines = r"\0A".join([*first, "1:", *body.splitlines(), "decq %rdx", "jne 1b"])
    changed = ",".join(f"~{{{each}}}" for each in ("rax", *(f"xmm{i}" for i in range(16)), "memory", "flags"))
    return (
        f"define void @{name}(i64 %times, i64 %memory) {{\n"
        f'  %left = call i64 asm sideeffect "{lines}", "={{rdx}},{{rcx}},0,{changed}"'
        "(i64 %memory, i64 %times)\n"
        "  ret void\n}\n"
    )


def compiled(texts: Sequence[str], names: Sequence[str]) -> dict[str, Callable[[int, int], None]]:
    """Return functions (times, memory) by name, made of LLVM's language."""
    LLVM.initialize_native_asmparser()
    module = LLVM.parse_assembly("\n".join(texts))
    machine = LLVM.Target.from_default_triple().create_target_machine(
        cpu=LLVM.get_host_cpu_name(), features=LLVM.get_host_cpu_features().flatten()
    )
    engine = LLVM.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)
    functions: dict[str, Any] = {name: kind(engine.get_function_address(name)) for name in names}
    # The code lives as long as the engine.
    _engines.append(engine)
    return functions


_engines: list[Any] = []


def main() -> None:
    """Print them."""
    print(measure_port_peaks())


if __name__ == "__main__":
    main()
