"""docs/account.md says what binds each case, and whether that rules out what is aimed at."""

from __future__ import annotations

from benchmarks.account import PARTS, Account
from benchmarks.account_page import page
from benchmarks.account_table import Case
from benchmarks.port_peaks import PortPeaks

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
