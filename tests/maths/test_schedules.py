import numpy as np
import pytest
import torch
from maths.torch_schedules import pytorch, recorded
from torch.optim import lr_scheduler

from trainlab.errors import SpecError
from trainlab.maths import SCHEDULES, learning_rates, momenta, warmup_factors

LR = 0.3
STEPS = 240
CYCLE = {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 17}
CASES = [
    ("constant", {}),
    ("step", {"step_size": 7}),
    ("step", {"step_size": 30, "gamma": 0.5}),
    ("multi_step", {"milestones": [3, 50, 51, 200], "gamma": 0.3}),
    ("multi_step", {"milestones": [90, 4, 90]}),
    ("exponential", {"gamma": 0.97}),
    ("exponential", {"gamma": 1.01}),
    ("cosine_annealing", {"T_max": STEPS}),
    ("cosine_annealing", {"T_max": 50, "eta_min": 0.02}),
    ("cosine_annealing_warm_restarts", {"T_0": 10}),
    ("cosine_annealing_warm_restarts", {"T_0": 1}),
    ("cosine_annealing_warm_restarts", {"T_0": 7, "T_mult": 2, "eta_min": 0.01}),
    ("cosine_annealing_warm_restarts", {"T_0": 5, "T_mult": 3}),
    ("cyclic", CYCLE),
    ("cyclic", {**CYCLE, "step_size_down": 5, "mode": "triangular2"}),
    ("cyclic", {**CYCLE, "step_size_down": 40, "mode": "exp_range", "gamma": 0.99, "max_momentum": 0.95}),
    ("cyclic", {**CYCLE, "cycle_momentum": False}),
    ("one_cycle", {"max_lr": 0.5, "total_steps": STEPS}),
    ("one_cycle", {"max_lr": 0.5, "total_steps": 300, "anneal_strategy": "linear", "pct_start": 0.1}),
    ("one_cycle", {"max_lr": 0.5, "total_steps": STEPS, "three_phase": True, "base_momentum": 0.6}),
    ("one_cycle", {"max_lr": 0.5, "total_steps": STEPS, "pct_start": 0.0, "div_factor": 4.0}),
    ("one_cycle", {"max_lr": 0.5, "total_steps": STEPS, "pct_start": 1.0, "cycle_momentum": False}),
    ("lambda", {"factor": "0.95 ** t"}),
    ("lambda", {"factor": "1 / (1 + 0.1 * t)"}),
    ("multiplicative", {"factor": "0.95 if t % 3 == 0 else 1.001"}),
]
IDS = [f"{name} {' '.join(f'{k}={v}' for k, v in fields.items())}".strip() for name, fields in CASES]


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize(("name", "fields"), CASES, ids=IDS)
def test_240_steps_are_pytorchs(name: str, fields: dict, kind: type):
    optimizer = kind([torch.zeros(1, requires_grad=True)], lr=LR)
    untouched = optimizer.defaults.get("momentum", optimizer.defaults.get("betas", (0.0,)))
    rates, cycled = recorded(optimizer, [pytorch(name, optimizer, fields)], STEPS)
    ours = learning_rates(name, lr=LR, epochs=STEPS, steps_per_epoch=1, **fields)
    # PyTorch's cosine goes from step to step and loses digits on the way: by 1e-14 of the rate at most.
    lost = 1e-14 if name == "cosine_annealing" else 0
    np.testing.assert_allclose(ours, rates, rtol=1e-12, atol=lost)
    found = momenta(name, epochs=STEPS, steps_per_epoch=1, **fields)
    if name in ("cyclic", "one_cycle") and fields.get("cycle_momentum", True):
        np.testing.assert_allclose(found, cycled, rtol=1e-12)
        assert np.ptp(found) > 0
    else:
        assert found is None
        assert set(cycled) == {np.ravel(untouched)[0]}


def test_the_table_holds_what_the_agreement_names():
    names = "constant step multi_step exponential cosine_annealing cosine_annealing_warm_restarts cyclic"
    assert list(SCHEDULES) == [*names.split(), "one_cycle", "lambda", "multiplicative", "reduce_on_plateau"]
    assert {name for name, _ in CASES} == set(SCHEDULES) - {"reduce_on_plateau"}


@pytest.mark.parametrize("name", ["cosine_annealing", "one_cycle"])
@pytest.mark.parametrize("per", ["epoch", "step"])
def test_left_out_lengths_are_the_whole_training(name: str, per: str):
    fields = {"max_lr": 0.5} if name == "one_cycle" else {}
    total = "total_steps" if name == "one_cycle" else "T_max"
    ours = learning_rates(name, lr=LR, epochs=20, steps_per_epoch=3, per=per, **fields)
    length = 20 if per == "epoch" else 60
    same = learning_rates(name, lr=LR, epochs=20, steps_per_epoch=3, per=per, **fields, **{total: length})
    np.testing.assert_array_equal(ours, same)
    assert ours.shape == (60,)


def test_an_epochs_rate_holds_for_all_its_steps_and_a_steps_rate_does_not():
    by_epoch = learning_rates("step", lr=1.0, epochs=4, steps_per_epoch=3, step_size=2, gamma=0.5)
    np.testing.assert_array_equal(by_epoch, [1] * 6 + [0.5] * 6)
    by_step = learning_rates("step", lr=1.0, epochs=4, steps_per_epoch=3, per="step", step_size=4, gamma=0.5)
    np.testing.assert_array_equal(by_step, [1] * 4 + [0.5] * 4 + [0.25] * 4)
    cycled = momenta("cyclic", epochs=2, steps_per_epoch=3, base_lr=0.1, max_lr=1.0, step_size_up=1)
    np.testing.assert_allclose(cycled, [0.9] * 3 + [0.8] * 3, rtol=1e-15)


@pytest.mark.parametrize(("total_iters", "start_factor"), [(5, 1 / 3), (1, 0.1), (100, 1e-3), (300, 0.5)])
def test_warm_up_is_pytorchs_linear(total_iters: int, start_factor: float):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    linear = lr_scheduler.LinearLR(optimizer, start_factor=start_factor, total_iters=total_iters)
    rates, _ = recorded(optimizer, [linear], STEPS)
    warmup = {"total_iters": total_iters, "start_factor": start_factor}
    ours = learning_rates("constant", lr=LR, epochs=STEPS, steps_per_epoch=1, warmup=warmup)
    np.testing.assert_allclose(ours, rates, rtol=1e-12)
    factors = warmup_factors(epochs=STEPS, steps_per_epoch=1, **warmup)
    np.testing.assert_allclose(factors * LR, ours, rtol=1e-15)
    plateau = learning_rates("reduce_on_plateau", lr=LR, epochs=STEPS, steps_per_epoch=1, warmup=warmup)
    np.testing.assert_array_equal(plateau, ours)


def test_warm_up_multiplies_a_schedule_as_pytorchs_chained_ones_do():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    parts = [
        lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=20),
        lr_scheduler.ExponentialLR(optimizer, gamma=0.98),
    ]
    rates, _ = recorded(optimizer, parts, STEPS)
    warmup = {"total_iters": 20, "start_factor": 0.25, "per": "step"}
    ours = learning_rates(
        "exponential", lr=LR, epochs=60, steps_per_epoch=4, per="step", warmup=warmup, gamma=0.98
    )
    np.testing.assert_allclose(ours, rates, rtol=1e-12)
    by_epoch = warmup_factors(epochs=3, steps_per_epoch=2, total_iters=2, start_factor=0.5)
    np.testing.assert_array_equal(by_epoch, [0.5, 0.5, 0.75, 0.75, 1, 1])


def test_a_rise_of_no_length_starts_at_the_peak():
    ours = learning_rates("one_cycle", lr=LR, epochs=10, steps_per_epoch=1, max_lr=0.5, pct_start=0.1)
    assert ours[0] == 0.5
    assert np.all(np.diff(ours) < 0)


def test_a_cycle_shorter_than_the_training_is_refused():
    with pytest.raises(SpecError, match=r"^total_steps = 10: must be at least 20, .* leave it out\.$"):
        learning_rates("one_cycle", lr=LR, epochs=20, steps_per_epoch=3, max_lr=1.0, total_steps=10)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("exponential", {"gamma": 2.0}),
        ("multiplicative", {"factor": "10"}),
        ("step", {"step_size": 1, "gamma": 9.0}),
    ],
)
def test_a_rate_that_overflows_is_refused(name: str, fields: dict):
    with pytest.raises(SpecError, match=f"^schedule = '{name}': the learning rate grows beyond every number"):
        learning_rates(name, lr=LR, epochs=2000, steps_per_epoch=1, **fields)


@pytest.mark.parametrize(("name", "fields"), CASES, ids=IDS)
def test_a_training_of_no_epochs_has_no_rates(name: str, fields: dict):
    assert learning_rates(name, lr=LR, epochs=0, steps_per_epoch=3, **fields).shape == (0,)
