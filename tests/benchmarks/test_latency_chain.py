"""The chain of instructions that wait for each other is as long as counted by hand."""

from __future__ import annotations

import pytest

from benchmarks.instructions import parsed
from benchmarks.latency_chain import address_of, chain_cycles, size_of, sources, whole_register, written
from benchmarks.mca import Modelled

REGISTERS = {"rax": 1 << 20, "rcx": 64, "rsp": 1 << 21}


def modelled(latency: int, *, loads: bool = False, stores: bool = False) -> Modelled:
    return Modelled(micro_operations=1, latency=latency, loads=loads, stores=stores)


def chain(*lines: tuple[str, Modelled]) -> float:
    texts, models = zip(*lines, strict=True)
    return chain_cycles([parsed(text) for text in texts], models, [REGISTERS] * len(lines), forward=6.0)


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
    assert address_of("-8(%rax)", REGISTERS) == (1 << 20) - 8
    assert address_of("0x10(%rax,%rcx,8)", REGISTERS) == (1 << 20) + 16 + 512
    assert address_of("(,%rcx,4)", REGISTERS) == 256
    assert [size_of(parsed(text)) for text in ("vmovaps (%rax), %zmm0", "vmovss (%rax), %xmm0")] == [64, 4]
    with pytest.raises(ValueError, match="%rax': not a place in memory"):
        address_of("%rax", REGISTERS)
