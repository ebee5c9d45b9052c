import torch

from trainlab.diagnosis.observed.data import MAX_FEATURES, feature_name, sampled_places


def test_narrow_rows_are_looked_at_whole_and_wide_ones_at_the_same_places():
    assert sampled_places(5) == [0, 1, 2, 3, 4]
    wide = sampled_places(1_000)
    assert wide == sampled_places(1_000)
    assert len(set(wide)) == MAX_FEATURES
    assert max(wide) < 1_000


def test_values_have_the_names_that_their_place_in_the_input_gives():
    assert feature_name(3, (32, 10)) == "feature 3"
    assert feature_name(7, (32, 4, 3)) == "feature 1 at step 2"
    assert feature_name(5, (8, 1, 2, 3)) == "the value at [0, 1, 2]"


def test_of_a_wide_row_it_is_the_place_itself():
    x = torch.arange(30 * 9).reshape(1, 30, 9)
    for place, index in enumerate(sampled_places(270)):
        step, feature = divmod(index, 9)
        assert x[0, step, feature] == index
        assert feature_name(place, (64, 30, 9)) == f"feature {feature} at step {step}"
