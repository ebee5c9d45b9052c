"""Each loop holds its one kind of instruction, and is run as often as asked for."""

from __future__ import annotations

import pytest

from benchmarks.port_peaks import CHAINS, NARROW, REPEATS, WIDE, bodies, loop


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
