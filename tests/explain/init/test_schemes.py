"""Laws, samples and names of schemes: against torch.nn.init, SciPy and many draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from explain.init.schemes import FAN_IN, FAN_OUT, compare
from scipy import stats

from trainlab.errors import ExplainError
from trainlab.explain.questions.init.draws import (
    check_words,
    default_section,
    drawn_layers,
    example_section,
    sample_facts,
)
from trainlab.explain.questions.init.schemes import (
    NAMED,
    Law,
    all_schemes,
    draw_weights,
    find_schemes,
    label_of,
    law_of,
    remembered_draws,
    schemes_section,
)
from trainlab.spec import Constant, KaimingUniform, Normal

# An honest z lies beyond this with probability 6e-5.
FAR = 4.0


@pytest.mark.parametrize("name", sorted(NAMED))
def test_draws_are_those_of_theory_ours_and_torchs(name: str) -> None:
    found = compare(name, 100_000)
    for sample in (found.ours, found.torch):
        assert sample.n == 100_000
        assert all(abs(z) < FAR for z in (sample.mean_z, sample.std_z) if z is not None)
        assert sample.mean == pytest.approx(found.law.mean, abs=5 * found.law.std / 300 + 1e-12)
        assert sample.std == pytest.approx(found.law.std, rel=0.02, abs=1e-9)
    # torch's are in float32, and end a rounding beyond the bound.
    assert found.ours.inside
    assert max(-found.torch.least, found.torch.most) <= found.law.bounds[1] * (1 + 1e-6)
    if found.law.shape == "uniform":
        assert found.ours.most > found.law.mean + 0.999 * found.law.reach


def test_a_wrong_law_is_found_out() -> None:
    drawn = draw_weights(NAMED["he_normal"], seeds=range(10), layer=0, fan_in=FAN_IN, fan_out=FAN_OUT)
    sample = sample_facts(drawn, law_of(NAMED["lecun_normal"], FAN_IN, FAN_OUT))
    assert sample.std_z is not None
    assert sample.std_z > FAR
    uniform = draw_weights(NAMED["xavier"], seeds=range(10), layer=0, fan_in=FAN_IN, fan_out=FAN_OUT)
    narrow = sample_facts(uniform, law_of(NAMED["xavier"], 2 * FAN_IN, FAN_OUT))
    assert not narrow.inside


def test_the_uniform_interval_covers_and_z_is_standard() -> None:
    law = law_of(NAMED["default"], 10, 100)
    samples = [
        sample_facts(each, law)
        for each in draw_weights(NAMED["default"], seeds=range(2000), layer=0, fan_in=10, fan_out=10)
    ]
    covered = [low <= law.std <= high for s in samples for low, high in [s.std_interval or (0.0, 0.0)]]
    assert 0.93 < np.mean(covered) < 0.97
    assert np.std([s.std_z for s in samples]) == pytest.approx(1.0, abs=0.06)
    assert np.std([s.mean_z for s in samples]) == pytest.approx(1.0, abs=0.06)


def test_the_normal_interval_is_that_of_chi_squared() -> None:
    law = Law(shape="normal", mean=0.0, std=2.0)
    drawn = 2.0 * np.random.default_rng(0).normal(size=50)
    sample = sample_facts(drawn, law)
    statistic = 49 * drawn.var(ddof=1)
    expected = [math.sqrt(statistic / stats.chi2.ppf(p, 49)) for p in (0.975, 0.025)]
    assert sample.std_interval == pytest.approx(expected, rel=1e-10)
    assert sample.std_z == pytest.approx(stats.norm.ppf(stats.chi2.cdf(statistic / 4.0, 49)), rel=1e-9)


def test_torchs_layers_stay_within_the_bound() -> None:
    before = torch.random.get_rng_state()
    layers = drawn_layers()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert [layer.fan_in for layer in layers] == [10, 15, 75, 18]
    for layer in layers:
        assert layer.same_as_kaiming
        assert 0.99 * layer.bound < layer.most_weight <= layer.bound * (1 + 1e-6)
        assert 0.9 * layer.bound < layer.most_bias <= layer.bound * (1 + 1e-6)
        assert layer.sample.std_z is not None
        assert abs(layer.sample.std_z) < FAR
        gain = torch.nn.init.calculate_gain("leaky_relu", math.sqrt(5))
        assert layer.bound == pytest.approx(gain * math.sqrt(3) / math.sqrt(layer.fan_in), rel=1e-14)


def test_without_torch_the_arithmetic_stays_and_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.explain.questions.init.draws.torch_or_none", lambda: None)
    part, layers = default_section()
    assert layers == []
    assert "torch isn't installed" in part.text[-1]
    assert "1/√10 = 0.3162" in part.code
    assert "gain  = √(2 / (1 + a²)) = √(2 / (1 + 5)) = √(1/3) = 0.5774" in part.code


def test_the_worked_example_of_the_assignment() -> None:
    _, samples = example_section(all_schemes())
    assert samples["xavier"].law.bounds == pytest.approx((-(10**-0.5), 10**-0.5))
    assert samples["he_normal"].law.std == pytest.approx(math.sqrt(2 / 10))
    assert samples["xavier_uniform"].law.bounds[1] == pytest.approx(math.sqrt(6 / 110))
    assert all(sample.n == 1000 and sample.inside for sample in samples.values())


def test_drawing_once_is_drawing_the_same() -> None:
    kept, options = remembered_draws(), {"seeds": range(3), "layer": 1, "fan_in": 4, "fan_out": 5}
    for name, scheme in NAMED.items():
        a, b = (draw_weights(scheme, **options, draw=draw) for draw in (kept, kept))  # type: ignore[arg-type]
        np.testing.assert_array_equal(a, draw_weights(scheme, **options), err_msg=name)  # type: ignore[arg-type]
        np.testing.assert_array_equal(a, b)


def test_names_aliases_and_settings() -> None:
    names = ["He-Normal", "kaiming_normal", "normal(std=0.5)", "normalised_xavier", "normal( std = 1 )"]
    assert [each.label for each in find_schemes(names)] == [
        "he_normal",
        "normal(std=0.5)",
        "xavier_uniform",
        "normal",
    ]
    (chosen,) = find_schemes([Constant(val=2.0)])
    assert chosen.label == "constant(val=2)"
    assert label_of(KaimingUniform(mode="fan_out")) == "he_uniform(mode=fan_out)"
    assert find_schemes("he_uniform(mode=fan_out)")[0].init == KaimingUniform(mode="fan_out")
    for scheme in [*NAMED.values(), Normal(std=0.3), KaimingUniform(nonlinearity="tanh")]:
        assert find_schemes([label_of(scheme)])[0].init == scheme


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("he_norml", r"scheme = 'he_norml': must be 'zero', .* or 'default', .* Did you mean 'he_normal'\?"),
        ("normal(sd=1)", r"scheme = 'normal\(sd=1\)': has no setting 'sd'; it has 'mean' or 'std'\."),
        ("default(std=1)", r"has no setting 'std'; it has none\."),
        ("normal(std=x)", r"std = 'x' is not a number\."),
        ("normal(std=-1)", r"scheme = 'normal\(std=-1\)': std = -1\.0: must be a finite number ≥ 0\."),
        ("normal(std=nan)", r"must be a finite number"),
        ("", r"scheme = '': must be"),
        (3, r"scheme = '3': must be"),
    ],
)
def test_what_is_no_scheme(given: str, message: str) -> None:
    with pytest.raises(ExplainError, match=message):
        find_schemes([given])


def test_the_table_has_every_scheme_and_fans() -> None:
    part = schemes_section(all_schemes(), [(10, 100), (2, 2)])
    assert [row[0] for row in part.tables[1].rows] == list(NAMED)
    assert part.tables[1].headers == ("Scheme", "10 → 100", "2 → 2")
    numbers = dict(zip(NAMED, part.tables[1].rows, strict=True))
    assert numbers["default"][1] == "U(±0.3162)"
    assert numbers["he_normal"][2] == "N(0, 1²)"
    assert numbers["uniform"][1] == "U(0, 1)"


def test_what_is_said_of_torchs_layers_is_what_they_are() -> None:
    layers = drawn_layers()
    words = check_words(layers)
    errors = [abs(each.sample.std_z or 0) for each in layers]
    assert "no weight or bias lies outside the bound" in words
    assert f"within {max(errors):.2g} standard errors of theory, and" in words
    assert "gives the same weights to the bit" in words
    first, *others = layers
    assert f"{first.name} has values outside the bound" in check_words(
        [replace(first, most_bias=1.001 * first.bound), *others]
    )
    assert f"{first.name} has values outside the bound" in check_words(
        [replace(first, most_weight=1.001 * first.bound), *others]
    )
    far = check_words([replace(first, sample=replace(first.sample, std_z=-5.0)), *others])
    assert f"within 5 standard errors of theory, too far for chance in {first.name}, and" in far
    other = check_words([*layers[:-1], replace(layers[-1], same_as_kaiming=False)])
    assert other.endswith(f"gives other weights in {layers[-1].name}.")
