import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.maths import LINKS, LOSSES

CASES = [
    ("l1", {}),
    ("mse", {}),
    ("huber", {}),
    ("huber", {"delta": 0.3}),
    ("huber", {"delta": 25.0}),
    ("smooth_l1", {}),
    ("smooth_l1", {"beta": 0.3}),
    ("smooth_l1", {"beta": 25.0}),
    ("smooth_l1", {"beta": 0.0}),
    ("log_cosh", {}),
    ("bce_with_logits", {}),
    ("cross_entropy", {}),
    ("cross_entropy", {"label_smoothing": 0.1}),
    ("nll", {}),
    ("hinge", {}),
]
IDS = [f"{name} {' '.join(f'{k}={v}' for k, v in fields.items())}".strip() for name, fields in CASES]
CLASSES = {"bce", "bce_with_logits", "hinge"}
NUMBERS = st.floats(-100, 100).map(lambda number: round(number, 3))
ONE_HOT = {"cross_entropy", "nll"}


def arrays(shape: tuple, numbers=NUMBERS):
    count = int(np.prod(shape))
    return st.lists(numbers, min_size=count, max_size=count).map(lambda flat: np.array(flat).reshape(shape))


@st.composite
def pairs(draw, name: str):
    examples, outputs = draw(st.integers(1, 5)), draw(st.integers(2 if name in ONE_HOT else 1, 4))
    p = draw(arrays((examples, outputs)))
    if name in ONE_HOT:
        return p, np.eye(outputs)[draw(arrays((examples,), st.integers(0, outputs - 1)))]
    if name in CLASSES:
        return p, draw(arrays((examples, outputs), st.sampled_from([0.0, 1.0])))
    return p, draw(arrays((examples, outputs)))


def pytorch(name: str, p: np.ndarray, y: np.ndarray, **fields) -> tuple[float, np.ndarray]:
    prediction, target = torch.tensor(p, requires_grad=True), torch.tensor(y)
    if name == "nll":
        loss = torch.nn.NLLLoss()(prediction, target.argmax(-1))
    elif name == "hinge":
        loss = torch.relu(1 - (2 * target - 1) * prediction).mean()
    elif name == "log_cosh":
        # ln cosh d = ln(eᵈ + e⁻ᵈ) − ln 2.
        d = prediction - target
        loss = (torch.logaddexp(d, -d) - np.log(2)).mean()
    else:
        loss = getattr(torch.nn, LOSSES[name].torch_class)(**fields)(prediction, target)
    loss.backward()
    return loss.item(), prediction.grad.numpy()


def agrees(name: str, p: np.ndarray, y: np.ndarray, **fields) -> None:
    value, gradient = pytorch(name, p, y, **fields)
    # Where an output all but cancels, PyTorch keeps of the loss what is no smaller than a rounding of it.
    rounding = 1e-15 * max(1.0, float(np.abs(p).max()))
    np.testing.assert_allclose(LOSSES[name].value(p, y, **fields), value, rtol=1e-12, atol=rounding)
    np.testing.assert_allclose(LOSSES[name].gradient(p, y, **fields), gradient, rtol=1e-12, atol=1e-15)


def test_the_table_holds_the_ten_in_order_of_their_codes():
    names = "l1 mse huber smooth_l1 log_cosh bce bce_with_logits cross_entropy nll hinge"
    assert list(LOSSES) == names.split()
    assert [entry.code for entry in LOSSES.values()] == list(range(10))
    assert {name for name, entry in LOSSES.items() if entry.mean_over == "examples"} == ONE_HOT
    assert all(entry.link in LINKS for entry in LOSSES.values())
    for entry in LOSSES.values():
        assert entry.torch_class is None or hasattr(torch.nn, entry.torch_class)


@pytest.mark.parametrize(("name", "fields"), CASES, ids=IDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_value_and_gradient_are_pytorchs(name: str, fields: dict, data):
    agrees(name, *data.draw(pairs(name)), **fields)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_those_of_probabilities_are_pytorchs_at_0_and_1_too(data):
    probabilities = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 1e-300, 1e-12, 1 - 1e-12]))
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 3)))
    p = data.draw(arrays(shape, probabilities))
    agrees("bce", p, data.draw(arrays(shape, st.sampled_from([0.0, 1.0, 0.25]))))


def test_a_loss_of_almost_nothing_is_pytorchs_to_a_rounding_of_the_output():
    agrees("bce_with_logits", np.array([[-19.5]]), np.array([[0.0]]))


@pytest.mark.parametrize("name", ["bce_with_logits", "cross_entropy", "log_cosh", "huber", "hinge"])
def test_far_outputs_neither_overflow_nor_lose_pytorchs_value(name: str):
    p = np.array([[-800.0, 800.0], [1e5, -1e5], [40.0, 40.0]])
    agrees(name, p, np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))


def test_soft_targets_are_pytorchs():
    rng = np.random.default_rng(4)
    y = rng.dirichlet(np.ones(3), size=6)
    agrees("cross_entropy", rng.normal(size=(6, 3)), y, label_smoothing=0.2)


def test_log_cosh_keeps_its_digits_near_the_target():
    d = np.array([1e-8, 1e-5, 1e-3])
    series = d**2 / 2 - d**4 / 12 + d**6 / 45
    for each, expected in zip(d, series, strict=True):
        value = LOSSES["log_cosh"].value(np.array([[each]]), np.zeros((1, 1)))
        assert value == pytest.approx(expected, rel=1e-14)


def test_nll_does_not_count_what_is_not_the_target():
    z = np.array([[-np.inf, 0.0], [-0.5, -np.inf]])
    assert LOSSES["nll"].value(z, np.array([[0.0, 1.0], [1.0, 0.0]])) == 0.25


@pytest.mark.parametrize("name", ["l1", "mse", "huber", "smooth_l1", "log_cosh"])
def test_a_prediction_that_is_right_has_no_gradient(name: str):
    p = np.array([[0.25], [1.0], [-3.0]])
    y = np.array([[0.25], [2.0], [-4.0]])
    assert LOSSES[name].gradient(p, y)[0, 0] == 0
    agrees(name, p, y)


def test_hinge_has_no_gradient_at_its_kink():
    p, y = np.array([[1.0], [-1.0], [0.999]]), np.array([[1.0], [0.0], [1.0]])
    np.testing.assert_array_equal(LOSSES["hinge"].gradient(p, y), [[0], [0], [-1 / 3]])


@pytest.mark.parametrize(("name", "fields"), [*CASES, ("bce", {})], ids=[*IDS, "bce"])
def test_gradient_is_that_of_the_value(name: str, fields: dict):
    rng = np.random.default_rng(1)
    p, y = rng.uniform(0.05, 0.95, size=(2, 4, 2))
    if name in ONE_HOT | CLASSES:
        y = np.eye(2)[[0, 1, 1, 0]]
    step = 1e-6
    for place in np.ndindex(p.shape):
        nudge = np.zeros_like(p)
        nudge[place] = step
        higher, lower = (LOSSES[name].value(p + sign * nudge, y, **fields) for sign in (1, -1))
        slope = (higher - lower) / (2 * step)
        assert LOSSES[name].gradient(p, y, **fields)[place] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_by_hand():
    p, y = np.array([[1.0], [3.0]]), np.array([[0.0], [5.0]])
    assert LOSSES["l1"].value(p, y) == 1.5
    assert LOSSES["mse"].value(p, y) == 2.5
    np.testing.assert_array_equal(LOSSES["l1"].gradient(p, y), [[0.5], [-0.5]])
    np.testing.assert_array_equal(LOSSES["mse"].gradient(p, y), [[1.0], [-2.0]])


@pytest.mark.parametrize(
    ("name", "fields"), [case for case in CASES if case[1].get("delta", 0.3) < 1], ids=str
)
def test_the_gradient_bends_where_the_entry_says_and_nowhere_else(name: str, fields: dict[str, float]):
    entry = LOSSES[name]
    step = 1e-3
    p = np.arange(-2.9995, 3, step)[:, None]
    y = np.ones_like(p)
    gradient = entry.gradient(p, y, **fields) * len(p)
    bends = np.flatnonzero(np.abs(np.diff(gradient[:, 0], 2)) > step / 4)
    sides = np.sign(np.zeros_like(p) if entry.kinks is None else entry.kinks(p, y, **fields))[:, 0]
    told = np.flatnonzero(np.diff(sides))
    # A change of sides between two points is seen in the two second differences that hold both.
    assert set(bends.tolist()) == {place for at in told.tolist() for place in (at - 1, at)}
