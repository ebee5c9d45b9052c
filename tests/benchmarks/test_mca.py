"""What llvm-mca prints is read; instructions are put to it as its tables understand them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import mca
from benchmarks.mca import Modelled, as_modelled, missing_tools, simulation_of

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

    monkeypatch.setattr(mca.shutil, "which", which)
    assert missing_tools() == ["llvm-objdump"]
