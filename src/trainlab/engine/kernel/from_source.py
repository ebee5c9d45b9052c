# pyright: basic
# numba and llvmlite have no types.
"""The kernel's units as LLVM code for no processor in particular, compiled from their Python source by numba.

`scripts/kernel` keeps the code of all that experiments ask for in the package; what isn't there is made here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from numba.core import config, types
from numba.core.ccallback import CFunc
from numba.core.compiler_lock import global_compiler_lock

from trainlab.engine.kernel.lanes import Unit
from trainlab.engine.kernel.units import source_of

_OUTSIDE = ("flush_subnormals", "restore_subnormals")
"""What units call that isn't in them, but for LLVM's own functions: each processor has its own."""
for name in _OUTSIDE:
    llvm.add_symbol(name, 1)  # numba links all that it compiles; nothing of it is called


@global_compiler_lock
def code_of(unit: Unit) -> str:
    """Return a module in LLVM's language, for any processor, that holds the unit under its symbol."""
    function = source_of(unit)
    count = len(inspect.signature(function).parameters)
    signature = (tuple([types.int64] * count), types.void)
    made: Any = CFunc(function, signature, locals={}, options={"error_model": "numpy"})
    with _unoptimised():
        compiled = made._compile_uncached()
        compiled.library._ensure_finalized()
    called = compiled.fndesc.llvm_func_name
    text = _inlined(str(compiled.library._final_module))
    module = llvm.parse_assembly(text + _entry(unit.symbol, called, count))
    _simplify(module)
    outside = {each.name for each in module.functions if each.is_declaration} - {*_OUTSIDE}
    if more := [name for name in outside if not name.startswith("llvm.")]:
        raise TypeError(f"{unit.symbol} calls {more[0]}: a unit can't fail, nor use Python")
    return _portable(str(module))


@contextmanager
def _unoptimised() -> Generator[None]:
    """Have numba link a unit with all that it calls, and optimise nothing: it would for one processor."""
    settings: Any = config
    level = settings.OPT
    settings.OPT = type(level)(0)
    try:
        yield
    finally:
        settings.OPT = level


def _inlined(text: str) -> str:
    """Return a module's code with nothing seen from outside, and all of its functions to be inlined.

    What numba says about its own two pointers, result and exception, is left out: they vanish, but what is
    inferred from it stands beside every load and store.
    """
    for pattern, new in (
        (r"^(@.* =) (?:common |linkonce_odr |private |internal )?(global|constant)", r"\1 internal \2"),
        (
            r"^define (?:linkonce_odr |internal |private )?(.*\)) (.*){$",
            r"define internal \1 alwaysinline \2{",
        ),
        (r"noalias (?:nocapture|captures\(none\)) ", ""),
        (r", !(?:noalias|alias\.scope) !\d+", ""),
        (r"^.*@llvm\.experimental\.noalias\.scope\.decl.*\n", ""),
    ):
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    return text


def _entry(symbol: str, called: str, count: int) -> str:
    """Return a C function that calls one of numba's.

    Where that could end with an exception, it calls `unit_failed`, which isn't there. numba's codes for no
    exception are 0, and −2 for None.
    """
    numbers = ", ".join(f"i64 %n{number}" for number in range(count))
    return f"""
        declare void @unit_failed()
        define void @"{symbol}"({numbers}) {{
            %result = alloca ptr
            %exception = alloca ptr
            %status = call i32 @"{called}"(ptr %result, ptr %exception, {numbers})
            %value = icmp eq i32 %status, 0
            %none = icmp eq i32 %status, -2
            %well = or i1 %value, %none
            br i1 %well, label %end, label %failed
        failed:
            call void @unit_failed()
            br label %end
        end:
            ret void
        }}
    """


def _simplify(module: Any) -> None:
    """Optimise for a processor without vector units: what it makes is then as fast on one that has them.

    Loops aren't unrolled nor vectorised by LLVM: vectors are what the kernel is written with.
    """
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_unrolling = options.loop_vectorization = options.slp_vectorization = False
    target = llvm.Target.from_default_triple().create_target_machine(cpu="generic", features="", opt=2)
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    last = llvm.create_new_module_pass_manager()
    last.add_strip_dead_prototype_pass()
    last.add_strip_symbols_pass()
    last.run(module, builder)


def _portable(text: str) -> str:
    """Return the code without comments, and what says for which machine it was made."""
    lines = (re.sub(r" +;.*", "", line) for line in text.splitlines())
    left_out = (";", "source_filename", "target ")
    return "\n".join(line for line in lines if line.strip() and not line.startswith(left_out)) + "\n"
