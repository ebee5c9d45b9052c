# pyright: basic
# llvmlite has no types.
"""The kernel's units as machine code of this processor, made by LLVM when they are first asked for.

Their code is in the package, optimised for no processor in particular (`archive.py`); LLVM takes a tenth of a
second for the largest, so nothing is kept on disk. A unit that isn't in the package, as those that check each
place they read, is compiled from its source, which needs numba.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from trainlab.engine.kernel.archive import ARCHIVE, packaged
from trainlab.engine.kernel.lanes import Unit
from trainlab.engine.kernel.shipped import shipped_units
from trainlab.errors import EngineError, lacking

_X86 = """
define i32 @flush_subnormals() {
  %place = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %before = load i32, ptr %place
  %flushing = or i32 %before, 32832
  store i32 %flushing, ptr %place
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  ret i32 %before
}
define void @restore_subnormals(i32 %before) {
  %place = alloca i32
  store i32 %before, ptr %place
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  ret void
}
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
"""
_AARCH64 = """
define i32 @flush_subnormals() {
  %before = call i64 @llvm.aarch64.get.fpcr()
  %flushing = or i64 %before, 16777216
  call void @llvm.aarch64.set.fpcr(i64 %flushing)
  %low = trunc i64 %before to i32
  ret i32 %low
}
define void @restore_subnormals(i32 %before) {
  %all = zext i32 %before to i64
  call void @llvm.aarch64.set.fpcr(i64 %all)
  ret void
}
declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)
"""
_ELSEWHERE = """
define i32 @flush_subnormals() {
  ret i32 0
}
define void @restore_subnormals(i32 %before) {
  ret void
}
"""

_lock = threading.Lock()
_addresses: dict[Unit, int] = {}


def address_of(unit: Unit) -> int:
    """Return the address of a unit's machine code.

    Raises:
        EngineError: it isn't in the package, and numba isn't installed.
    """
    with _lock:
        if unit not in _addresses:
            _addresses[unit] = _made(unit)
        return _addresses[unit]


def call(unit: Unit, *numbers: int) -> None:
    """Call a unit with whole numbers, without the interpreter's lock; it takes as many as its source has."""
    _function(unit, len(numbers))(*numbers)


@cache
def _function(unit: Unit, count: int) -> Any:
    return ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * count)(address_of(unit))


def _made(unit: Unit) -> int:
    """Have LLVM make a unit's machine code, and return its address."""
    from llvmlite import binding as llvm

    machine, engine = _target(), _engine()
    try:
        module = llvm.parse_assembly(_code(unit))
    except RuntimeError as error:
        raise EngineError(
            f"llvmlite {version('llvmlite')} can't read the kernel's code, {unit.symbol}: "
            f"{' '.join(str(error).split())[:120]}… Install llvmlite 0.45, which made it, or a newer one."
        ) from None
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    engine.add_module(module)
    engine.finalize_object()
    return engine.get_function_address(unit.symbol)


@cache
def _target() -> Any:
    """Return LLVM's compiler for this processor."""
    from llvmlite import binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = processor()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=name, features=features, opt=3, jit=True
    )


def processor() -> tuple[str, str]:
    """Return LLVM's name for this processor, and its instructions, as ``+avx2,+fma,-avx512f``."""
    from llvmlite import binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@cache
def _engine() -> Any:
    """Return what holds all machine code, as long as the process lives."""
    from llvmlite import binding as llvm

    machine = _target()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(subnormals_code(machine.triple)), machine)


def subnormals_code(triple: str) -> str:
    """Return what `kernel/tile.py` calls on a kind of processor, in LLVM's language.

    32832 are the bits FTZ and DAZ of x86's register MXCSR; 16777216 is FZ of AArch64's FPCR, which is both.
    """
    if triple.startswith(("x86_64", "amd64")):
        return _X86
    return _AARCH64 if triple.startswith(("aarch64", "arm64")) else _ELSEWHERE


def _code(unit: Unit) -> str:
    """Return a unit's code: the package's, or what is compiled from its source."""
    found = packaged(unit)
    if found is not None:
        return found
    lanes = unit.lanes
    if unit in shipped_units():
        raise EngineError(f"{ARCHIVE}: has no {unit.symbol}, so it is damaged. Install trainlab anew.")
    if find_spec("numba") is None:
        asked = f"networks = {lanes.networks}, samples = {lanes.samples}"
        what = f"engine 'fast', {'checked = True' if lanes.checked else asked}"
        instead = "Leave it out" if lanes.checked else "Leave them out"
        raise EngineError(lacking(what, "numba", extra="numba", instead=instead))
    from trainlab.engine.kernel.from_source import code_of

    return code_of(unit)
