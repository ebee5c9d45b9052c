"""The account of a network-step: instructions are counted, and their times added up, as by hand."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from measure import account
from measure.account import (
    PARTS,
    Account,
    Case,
    Counts,
    account_of,
    account_of_limit,
    counted,
    least_of,
    most_of,
    needed,
    page,
    read_instructions,
)
from measure.instruction_trace import REGISTERS, Modelled, Simulation, Trace, clusters
from measure.latency_chain import parsed
from measure.limit import Limit, Operations, Peaks
from measure.port_peaks import PortPeaks

PEAKS = PortPeaks(
    vector="zmm",
    clock=0.25,
    slot=0.05,
    multiply_add=0.125,
    vector_load=0.125,
    scalar_load=0.0625,
    vector_store=0.25,
    scalar_store=0.125,
    division=2.5,
    square_root=3.0,
    multiply_add_latency=1.0,
    add_latency=1.0,
    division_latency=4.0,
    square_root_latency=5.0,
    forward_latency=1.5,
)
LINES = (
    ("vmovaps (%rax), %zmm0", Modelled(micro_operations=1, latency=7, loads=True, stores=False)),
    ("vfmadd231ps (%rax), %zmm1, %zmm0", Modelled(micro_operations=2, latency=11, loads=True, stores=False)),
    ("vdivps %zmm2, %zmm0, %zmm3", Modelled(micro_operations=3, latency=18, loads=False, stores=False)),
    ("vsqrtps %zmm3, %zmm3", Modelled(micro_operations=3, latency=20, loads=False, stores=False)),
    ("vmovaps %zmm3, (%rax)", Modelled(micro_operations=2, latency=1, loads=False, stores=True)),
    ("movq (%rcx), %rdx", Modelled(micro_operations=1, latency=5, loads=True, stores=False)),
    ("movq %rdx, (%rsp)", Modelled(micro_operations=1, latency=1, loads=False, stores=True)),
    ("cmpq %rdx, %rax", Modelled(micro_operations=1, latency=1, loads=False, stores=False)),
    ("jne 0x40", Modelled(micro_operations=1, latency=1, loads=False, stores=False)),
)
MODELS = [model for _, model in LINES]
COUNTS = Counts(
    pipes=1 + 3 + 3,
    divisions=1,
    square_roots=1,
    vector_loads=2,
    scalar_loads=1,
    vector_stores=1,
    scalar_stores=1,
    # One each, three for the division and three for the root; the branch goes with its comparison.
    slots=1 + 1 + 3 + 3 + 1 + 1 + 1 + 1,
)
PLACES = dict.fromkeys(REGISTERS, 0) | {"rax": 1 << 20, "rcx": 1 << 21, "rsp": 1 << 22}
REGISTERS_BEFORE = tuple(PLACES[name] for name in REGISTERS)


def test_instructions_are_counted_by_what_they_use():
    assert counted([parsed(text) for text, _ in LINES], MODELS) == COUNTS


def test_each_part_takes_its_own_time():
    assert needed(COUNTS, PEAKS) == {
        "pipes": 7 * 0.125,
        "loads": 2 * 0.125 + 0.0625,
        "stores": 0.25 + 0.125,
        "divider": 2.5 + 3.0,
        "front end": pytest.approx(12 * 0.05),
    }


def test_the_account_of_a_trace(monkeypatch: pytest.MonkeyPatch):
    def simulate(_: object) -> Simulation:
        return Simulation(processor="made up", cycles=64.0, instructions=MODELS)

    monkeypatch.setattr(account, "simulate", simulate)
    trace = Trace(
        text=[text for text, _ in LINES],
        registers=[REGISTERS_BEFORE] * len(LINES),
        networks=2,
        steps=2,
    )
    found = account_of(trace, PEAKS)
    # From store to load 6 cycles; then a multiply-add, a division, a root: 4 + 18 + 20.
    assert found.parts["chain"] == pytest.approx(48 * 0.25 / 4)
    assert found.parts["divider"] == pytest.approx(5.5 / 4)
    assert (found.binds, found.bound) == ("chain", 3.0)
    assert found.together == pytest.approx(64 * 0.25 / 4)


def test_without_the_instructions_the_mathematics_is_left():
    operations = Operations(
        forward=1,
        activations={},
        loss=0,
        backward=0,
        slopes=0,
        gradients=0,
        update=0,
        square_roots=0,
        divisions=0,
    )
    found = account_of_limit(
        Limit(operations=operations, arithmetic_ns=4.0, activations_ns=2.0, divider_ns=9.0)
    )
    assert (found.parts["pipes"], found.parts["divider"], found.parts["loads"]) == (6.0, 9.0, None)
    assert tuple(found.parts) == PARTS
    assert (found.binds, found.bound, found.together) == ("divider", 9.0, None)


def test_a_row_says_what_binds_and_how_far_the_time_is_from_it():
    parts: dict[str, float | None] = dict.fromkeys(PARTS, 2.0)
    case = Case(
        network="2-5-4-1",
        sampling="single",
        optimizer="adam",
        account=Account(parts={**parts, "stores": 8.0, "loads": None}, together=9.0),
        limit=4.0,
        measured=10.0,
    )
    assert case.row == (
        *("single, adam", "2", "–", "8", "2", "2", "2", "stores", "9", "10", "1.25", "4", "2.50"),
    )


def test_of_rates_before_and_after_the_greater_counts():
    rates = Peaks(fma=58e9, sqrt=5.8e9, division=9.8e9, tanh=3e9, sigmoid=3e9, exp=5e9)
    assert most_of(replace(rates, tanh=1e9), replace(rates, fma=1e9)) == rates


def test_of_peaks_before_and_after_the_less_counts():
    slower = replace(PEAKS, division=9.0)
    assert least_of(slower, replace(PEAKS, slot=1.0)) == PEAKS


def test_peaks_are_said_in_cycles():
    assert PEAKS.cycles("division") == 10.0
    assert str(PEAKS).startswith("4.00 GHz; cycles an instruction (zmm): slot 0.20, multiply add 0.50")


def test_code_that_lies_apart_is_read_apart():
    assert clusters([10, 14, 20, 9000, 9004]) == [(10, 20), (9000, 9004)]


def test_a_missing_tool_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(account.platform, "system", lambda: "Linux")
    monkeypatch.setattr(account, "missing_tools", lambda: ["llvm-mca"])
    assert read_instructions([]) == ([], "llvm-mca: not installed (on Debian: apt-get install llvm)")


def test_where_instructions_cannot_be_traced_the_reason_is_said(monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object, **__: object) -> Trace:
        raise PermissionError("ptrace: Operation not permitted")

    monkeypatch.setattr(account.platform, "system", lambda: "Linux")
    monkeypatch.setattr(account, "missing_tools", list[str])
    monkeypatch.setattr(account, "trace_of", refused)
    nothing: object = None
    assert read_instructions([nothing]) == ([None], "ptrace: Operation not permitted")  # pyright: ignore[reportArgumentType]


def test_another_processor_gets_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def has_none(_: str) -> bool:
        return False

    monkeypatch.setattr(sys, "argv", ["account"])
    monkeypatch.setattr(account, "has_vectors", has_none)
    with pytest.raises(SystemExit, match="2"):
        account.main()
    assert "scripts/measure limit" in capsys.readouterr().err


# docs/account.md says what binds each case, and whether that rules out what is aimed at.


NAMES = [name for name in PortPeaks.__slots__ if name != "vector"]


def case(binds: str, ns: float, sampling: str = "single") -> Case:
    parts: dict[str, float | None] = dict.fromkeys(PARTS, 1.0)
    account = Account(parts={**parts, binds: ns}, together=9.0)
    return Case(
        network="nine-layer",
        sampling=sampling,
        optimizer="adam",
        account=account,
        limit=4.0,
        measured=12.0,
    )


def test_a_bound_beyond_the_aim_rules_it_out():
    assert case("divider", 8.0).sentence == (
        "single, adam: divider binds; the time is 1.50 × that bound. "
        "The bound is 2.00 × the limit, so 1.5 × is out of reach with these instructions."
    )


def test_a_bound_below_the_aim_does_not():
    told = "pipes bind; the time is 2.40 × that bound. The bound is 1.25 × the limit, so "
    assert case("pipes", 5.0).sentence == f"single, adam: {told}1.5 × is not ruled out."
    assert case("pipes", 5.0, "full").sentence == (
        f"full, adam: {told}1.2 × is out of reach with these instructions."
    )


def test_the_page_has_a_table_and_a_sentence_for_each_case():
    text = page([case("divider", 8.0)], PortPeaks(vector="ymm", **dict.fromkeys(NAMES, 0.5)), "A machine.")
    assert "A machine.\n\nAVX2, as there is no AVX-512, 2.00 GHz" in text
    assert "| single, adam | 1 | 1 | 1 | 8 | 1 | 1 | divider | 9 | 12 | 1.50 | 4 | 3.00 |" in text
    assert "- single, adam: divider binds" in text
