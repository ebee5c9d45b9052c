import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.store import merge, subtract

ranges = st.lists(
    st.builds(lambda start, size: range(start, start + size), st.integers(-9, 30), st.integers(0, 9))
)


@settings(deadline=None)
@given(ranges)
def test_merge_is_the_union_in_fewest_ranges(pieces: list[range]) -> None:
    merged = merge(pieces)
    assert [seed for piece in merged for seed in piece] == sorted(
        {seed for piece in pieces for seed in piece}
    )
    assert all(before.stop < after.start for before, after in itertools.pairwise(merged))


@settings(deadline=None)
@given(st.integers(-9, 30), st.integers(0, 20), ranges)
def test_subtract_is_the_difference(start: int, size: int, held: list[range]) -> None:
    whole = range(start, start + size)
    gaps = subtract(whole, held)
    assert [seed for gap in gaps for seed in gap] == sorted(
        set(whole) - {seed for piece in held for seed in piece}
    )
    assert merge(gaps) == gaps
