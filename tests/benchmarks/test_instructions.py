"""Which part of the core an instruction keeps busy is told from its text."""

from __future__ import annotations

import pytest

from benchmarks.instructions import Instruction, parsed


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
