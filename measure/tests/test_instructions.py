"""Instructions are read, told apart and chained; each part of a core is measured by its own loop."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from measure import instruction_trace
from measure.instruction_trace import (
    EPOCHS_BEFORE,
    REGISTERS,
    RIP,
    Modelled,
    as_modelled,
    missing_tools,
    simulation_of,
    stepped,
)
from measure.latency_chain import (
    Instruction,
    address_of,
    chain_cycles,
    parsed,
    size_of,
    sources,
    whole_register,
    written,
)
from measure.port_peaks import CHAINS, NARROW, REPEATS, WIDE, bodies, loop

# Which part of the core an instruction keeps busy is told from its text.


def test_operands_are_told_apart():
    assert parsed("vfmadd213ps 64(%rax,%rcx,8), %zmm1, %zmm0 {%k1} {z}") == Instruction(
        "vfmadd213ps", ("64(%rax,%rcx,8)", "%zmm1", "%zmm0 {%k1} {z}")
    )
    assert parsed("retq") == Instruction("retq", ())


@pytest.mark.parametrize(
    ("text", "calculates"),
    [
        ("vaddps %zmm0, %zmm1, %zmm2", True),
        ("vaddps (%rax), %zmm1, %zmm2", True),
        ("vmovaps (%rax), %zmm2", False),
        ("vmovaps %zmm2, (%rax)", False),
        ("vmovaps %zmm1, %zmm2", False),
        ("vmovaps %zmm1, %zmm2 {%k1}", True),
        ("vbroadcastss (%rax), %zmm2", False),
        ("vbroadcastss %xmm1, %zmm2", True),
        ("vpxor %xmm0, %xmm0, %xmm0", False),
        ("vxorps %zmm0, %zmm1, %zmm2", True),
        ("kmovw %k1, %eax", True),
        ("addq %rax, %rcx", False),
    ],
)
def test_what_needs_a_vector_pipe(text: str, calculates: bool):
    assert parsed(text).calculates is calculates


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("vmovaps (%rax), %zmm2", True),
        ("vfmadd213ps (%rax), %zmm1, %zmm2", True),
        ("vfmadd213ps (%rax){1to16}, %zmm1, %zmm2", False),
        ("vbroadcastss (%rax), %zmm2", False),
        ("vpbroadcastd (%rax), %zmm2", False),
        ("vmovsd (%rax), %xmm2", False),
        ("movq (%rax), %rcx", False),
    ],
)
def test_what_reads_a_whole_vector(text: str, whole: bool):
    assert parsed(text).whole_vector is whole


def test_lea_and_nop_only_look_like_memory():
    assert parsed("leaq 8(%rax), %rcx").memory is None
    assert parsed("nopw (%rax)").memory is None
    assert parsed("movq %rcx, 8(%rax)").memory == "8(%rax)"


def test_a_branch_on_a_condition_is_one():
    assert parsed("jne 0x40").is_branch
    assert not parsed("jmp 0x40").is_branch
    assert parsed("cmpq %rax, %rcx").fuses_with_branch
    assert not parsed("movq %rax, %rcx").fuses_with_branch


# A process is taken from one call of some code to the next, one instruction at a time.


@pytest.mark.slow
def test_from_one_call_to_the_next():
    library = ctypes.CDLL(None)
    address = ctypes.cast(library.labs, ctypes.c_void_p).value or 0

    def work() -> None:
        for number in range(EPOCHS_BEFORE + 2):
            library.labs(ctypes.c_long(number))

    found = stepped(work, address)
    assert found[0][RIP] == address
    assert address not in {registers[RIP] for registers in found[1:]}
    # The first argument says which call it was.
    assert found[0][REGISTERS.index("rdi")] == EPOCHS_BEFORE
    assert len(found) > 10


# The chain of instructions that wait for each other is as long as counted by hand.


REGISTERS_BEFORE = {"rax": 1 << 20, "rcx": 64, "rsp": 1 << 21}


def modelled(latency: int, *, loads: bool = False, stores: bool = False) -> Modelled:
    return Modelled(micro_operations=1, latency=latency, loads=loads, stores=stores)


def chain(*lines: tuple[str, Modelled]) -> float:
    texts, models = zip(*lines, strict=True)
    return chain_cycles(
        [parsed(text) for text in texts], models, [REGISTERS_BEFORE] * len(lines), forward=6.0
    )


def test_a_sum_that_goes_on_takes_its_latencies_each_time():
    # Two multiply-adds upon each other, 4 + 4; the one beside them waits for nothing.
    assert (
        chain(
            ("vfmadd231ps %zmm1, %zmm2, %zmm0", modelled(4)),
            ("vfmadd231ps %zmm3, %zmm4, %zmm0", modelled(4)),
            ("vmulps %zmm1, %zmm2, %zmm9", modelled(4)),
        )
        == 8
    )


def test_what_is_overwritten_is_not_waited_for():
    assert chain(("vmulps %zmm1, %zmm2, %zmm0", modelled(4)), ("vsqrtps %zmm0, %zmm5", modelled(20))) == 0


def test_through_memory_it_takes_the_way_there_and_back():
    # Loaded 6 after it was there, multiplied in 4, stored again: from one round to the next.
    assert (
        chain(
            ("vmovaps (%rax,%rcx), %zmm0", modelled(8, loads=True)),
            ("vmulps %zmm1, %zmm0, %zmm0", modelled(4)),
            ("vmovaps %zmm0, 64(%rax)", modelled(1, stores=True)),
        )
        == 10
    )


def test_another_place_in_memory_is_not_waited_for():
    assert (
        chain(
            ("vmovaps (%rax), %zmm0", modelled(8, loads=True)),
            ("vmovaps %zmm0, 64(%rax)", modelled(1, stores=True)),
        )
        == 0
    )


def test_a_number_of_a_vector_that_was_stored_is_found():
    assert (
        chain(
            ("vbroadcastss 12(%rax), %zmm0", modelled(8, loads=True)),
            ("vaddps %zmm1, %zmm0, %zmm0", modelled(4)),
            ("vmovaps %zmm0, (%rax)", modelled(1, stores=True)),
        )
        == 10
    )


def test_a_load_within_an_operation_counts_once():
    # 11 in the tables are 7 for the load and 4 for the sum; the load's value has to be forwarded.
    assert (
        chain(
            ("vaddps (%rax), %zmm1, %zmm0", modelled(11, loads=True)),
            ("vmovaps %zmm0, (%rax)", modelled(1, stores=True)),
        )
        == 10
    )


def test_clearing_a_register_ends_the_chain():
    assert (
        chain(("vxorps %xmm0, %xmm0, %xmm0", modelled(0)), ("vaddps %zmm1, %zmm0, %zmm0", modelled(4))) == 0
    )


@pytest.mark.parametrize(
    ("text", "reads", "writes"),
    [
        ("vaddps %zmm1, %zmm2, %zmm3", ["v1", "v2"], ["v3"]),
        ("vfmadd213ps %zmm1, %zmm2, %zmm3", ["v1", "v2", "v3"], ["v3"]),
        ("vpermt2d %zmm1, %zmm2, %zmm3", ["v1", "v2", "v3"], ["v3"]),
        ("vaddps %zmm1, %zmm2, %zmm3 {%k1}", ["v1", "v2", "v3", "k1"], ["v3"]),
        ("vmovaps %zmm2, %zmm3 {%k1} {z}", ["v2", "k1"], ["v3"]),
        ("vpcmpeqd %zmm1, %zmm2, %k1", ["v1", "v2"], ["k1"]),
        ("addq %rax, %rcx", ["rax", "rcx"], ["rcx"]),
        ("movl %eax, %r9d", ["rax"], ["r9"]),
        ("cmpq %rax, %rcx", ["rax", "rcx"], []),
        ("vmovaps %zmm0, (%rax)", ["v0"], []),
        ("decq %rdx", ["rdx"], ["rdx"]),
        ("leaq (%rax,%rcx), %rdx", [], ["rdx"]),
        ("jne 0x40", [], []),
    ],
)
def test_what_is_read_and_written(text: str, reads: list[str], writes: list[str]):
    assert sources(parsed(text)) == reads
    assert written(parsed(text)) == writes


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("eax", "rax"),
        ("al", "rax"),
        ("bh", "rbx"),
        ("si", "rsi"),
        ("esp", "rsp"),
        ("dil", "rdi"),
        ("r10b", "r10"),
    ],
)
def test_a_register_has_one_name(name: str, whole: str):
    assert whole_register(name) == whole


def test_places_in_memory():
    assert address_of("-8(%rax)", REGISTERS_BEFORE) == (1 << 20) - 8
    assert address_of("0x10(%rax,%rcx,8)", REGISTERS_BEFORE) == (1 << 20) + 16 + 512
    assert address_of("(,%rcx,4)", REGISTERS_BEFORE) == 256
    assert [size_of(parsed(text)) for text in ("vmovaps (%rax), %zmm0", "vmovss (%rax), %xmm0")] == [64, 4]
    with pytest.raises(ValueError, match="%rax': not a place in memory"):
        address_of("%rax", REGISTERS_BEFORE)


# What llvm-mca prints is read; instructions are put to it as its tables understand them.


SAMPLE = Path(__file__).with_name("mca_sample.json")
"""Recorded: a load, a multiply-add with a load, a division, a store; llvm-mca 14, three iterations."""


def test_its_json_is_read():
    simulation = simulation_of(SAMPLE.read_text(encoding="utf-8"))
    assert simulation.processor == "icelake-server"
    assert simulation.cycles == pytest.approx(53 / 3)
    assert simulation.instructions == [
        Modelled(micro_operations=1, latency=7, loads=True, stores=False),
        Modelled(micro_operations=2, latency=11, loads=True, stores=False),
        Modelled(micro_operations=3, latency=18, loads=False, stores=False),
        Modelled(micro_operations=2, latency=1, loads=False, stores=True),
    ]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("vmovaps 64(%rax,%rcx), %zmm17", "vmovaps 64(%rax,%rcx), %ymm17"),
        ("vbroadcastss (%rax), %zmm0", "vbroadcastss (%rax), %ymm0"),
        ("callq *%rax", "jmp *%rax"),
        ("retq", "jmp *%rax"),
        # Arithmetic stays as it is, with memory or without, and so do stores and what a mask leaves.
        ("vaddps 64(%rax), %zmm1, %zmm2", "vaddps 64(%rax), %zmm1, %zmm2"),
        ("vmovaps %zmm1, (%rax)", "vmovaps %zmm1, (%rax)"),
        ("vmovaps (%rax), %zmm1 {%k1}", "vmovaps (%rax), %zmm1 {%k1}"),
    ],
)
def test_what_the_tables_have_wrong_is_put_otherwise(text: str, given: str):
    assert as_modelled(text) == given


def test_tools_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch):
    def which(name: str) -> str | None:
        return None if name == "llvm-objdump" else f"/usr/bin/{name}"

    monkeypatch.setattr(instruction_trace.shutil, "which", which)
    assert missing_tools() == ["llvm-objdump"]


# Each loop holds its one kind of instruction, and is run as often as asked for.


@pytest.mark.parametrize(("register", "size"), [WIDE, NARROW])
def test_a_body_repeats_one_instruction(register: str, size: int):
    texts = bodies(register, size)
    assert set(texts["division"].splitlines()) == {
        f"vdivps %{register}12, %{register}13, %{register}{i}" for i in range(CHAINS)
    }
    assert len(texts["slot"].splitlines()) == REPEATS
    loads = set(texts["vector_load"].splitlines())
    assert loads == {f"vmovaps {i * size}(%rcx), %{register}{i}" for i in range(CHAINS)}


def test_a_chain_waits_for_itself():
    texts = bodies(*WIDE)
    assert set(texts["add_latency"].splitlines()) == {"vaddps %zmm12, %zmm0, %zmm0"}
    assert texts["forward_latency"].splitlines()[:2] == ["vmovaps %zmm0, (%rcx)", "vmovaps (%rcx), %zmm0"]


def test_a_loop_counts_down_and_says_what_it_changes():
    text = loop("slot", "nop", "zmm")
    assert text.startswith("define void @slot(i64 %times, i64 %memory)")
    assert r"1:\0Anop\0Adecq %rdx\0Ajne 1b" in text
    assert "~{rax},~{xmm0}" in text
