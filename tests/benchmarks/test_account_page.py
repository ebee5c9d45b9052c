"""docs/account.md says what binds each case, and how near the limit its instructions can come."""

from __future__ import annotations

from benchmarks.account import PARTS, Account
from benchmarks.account_page import page, sentence
from benchmarks.account_table import Case
from benchmarks.port_peaks import PortPeaks

NAMES = [name for name in PortPeaks.__slots__ if name != "vector"]


def case(binds: str, ns: float) -> Case:
    parts: dict[str, float | None] = dict.fromkeys(PARTS, 1.0)
    account = Account(parts={**parts, binds: ns}, together=9.0)
    return Case(network="nine-layer", name="single, adam", account=account, limit=4.0, measured=12.0)


def test_a_bound_above_the_limit_is_said():
    assert sentence(case("divider", 8.0)) == (
        "single, adam: divider binds, the time is 1.50 × that bound. "
        "With these instructions the limit can't be neared beyond 2.00 ×."
    )
    assert sentence(case("pipes", 4.0)) == "single, adam: pipes bind, the time is 3.00 × that bound."


def test_the_page_has_a_table_and_a_sentence_for_each_case():
    text = page([case("divider", 8.0)], PortPeaks(vector="ymm", **dict.fromkeys(NAMES, 0.5)), "A machine.")
    assert "A machine.\n\nAVX2, as there is no AVX-512, 2.00 GHz" in text
    assert "| single, adam | 1 | 1 | 1 | 8 | 1 | 1 | divider | 9 | 12 | 1.50 | 4 | 3.00 |" in text
    assert "- single, adam: divider binds" in text
