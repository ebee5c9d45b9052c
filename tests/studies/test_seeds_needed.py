"""What a study needs to tell a difference, before it is trained."""

import pytest
from studies.made_up import TINY

from trainlab import Change, Study
from trainlab.errors import SpecError, StatsError
from trainlab.stats import seeds_to_tell
from trainlab.studies import seeds_needed

ONE = Study(baseline=TINY, changes=(Change.from_dict("A", {"epochs": 60}),), seeds=1000)
THREE = Study(
    baseline=TINY,
    changes=tuple(Change.from_dict(name, {"epochs": 60 + place}) for place, name in enumerate("ABC")),
    seeds=1000,
)


def test_as_one_of_several_read_together_it_takes_more():
    alone, among = seeds_needed(ONE, 0.05), seeds_needed(THREE, 0.05)
    assert alone.together == alone.alone == among.alone == seeds_to_tell(0.05)
    assert (among.family, among.together) == (3, seeds_to_tell(0.05, level=0.05 / 3))
    assert among.together > alone.alone
    assert among.told > alone.told > 0.05


def test_says_it_in_a_sentence():
    assert seeds_needed(ONE, 0.05).sentence == (
        "To tell 5 points apart in 80 of 100 studies: 1,569 seeds. That is at the rates that need most, 47.5 "
        "and 52.5 %, with cells that are independent on a seed; nearer to 0 or 1, or where both succeed on "
        "the same seeds, fewer do. 1,000 seeds, as this study has, tell 6.3 points apart."
    )
    assert ": 1,569 seeds for one difference, 2,092 as one of 3 read together (Holm)." in (
        seeds_needed(THREE, 0.05).sentence
    )


def test_refuses_a_study_without_changes_and_what_is_no_share():
    with pytest.raises(SpecError, match="what changes do to success rates, but this study has none"):
        seeds_needed(Study(baseline=TINY), 0.05)
    with pytest.raises(StatsError, match="difference is 5, but must lie strictly between 0 and 1"):
        seeds_needed(ONE, 5)
