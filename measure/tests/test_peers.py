"""The race is fair: from the same weights, every peer takes the same steps as trainlab, to rounding."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from msgspec.structs import replace

from measure import peers_jax, peers_sklearn, peers_torch
from measure.limit import workload
from measure.timed_work import FULL, QUICK, Job, Work, lay_out, missing, trainlab_job
from trainlab.engine.reference import ReferenceEngine
from trainlab.spec import Experiment

pytestmark = pytest.mark.slow  # numba compiles, and so do JAX and torch.compile
NETWORKS, STEPS = 6, 12
PEERS = (
    peers_torch.eager,
    peers_torch.stacked,
    peers_jax.vmapped,
    peers_jax.by_layer,
    peers_jax.by_unit,
)
WORKS = list(product(("sgd", "adam"), ("single", "full")))


def truth(experiment: Experiment) -> np.ndarray:
    """The reference engine's parameters after the steps, in float64."""
    whole = experiment.at_epochs(STEPS // experiment.steps_per_epoch)
    return ReferenceEngine(dtype="float64").train(whole, range(NETWORKS))[0].parameters


@pytest.mark.parametrize(("optimizer", "sampling"), WORKS)
def test_all_end_with_the_same_weights(
    small: Callable[[str, str], Experiment], optimizer: str, sampling: str
):
    experiment = small(optimizer, sampling)
    wanted = truth(experiment)
    work = lay_out(experiment, networks=NETWORKS, steps=STEPS)
    assert np.abs(wanted - work.parameters).max() > 0.05
    jobs = {peer.__name__: peer(work) for peer in PEERS}
    jobs["trainlab"] = trainlab_job(experiment, networks=NETWORKS, steps=STEPS, threads=1)
    for name, job in jobs.items():
        seconds, parameters = job()
        assert seconds > 0
        # The eager loop trains one network.
        expected = wanted[: len(parameters)]
        np.testing.assert_allclose(parameters, expected, atol=2e-5, err_msg=name)


def test_so_they_do_on_the_deep_network():
    experiment = replace(workload("nine-layer", "adam", "single"), loss="mse")
    wanted = truth(experiment)
    work = lay_out(experiment, networks=NETWORKS, steps=STEPS)
    for peer in PEERS:
        parameters = peer(work)()[1]
        np.testing.assert_allclose(parameters, wanted[: len(parameters)], atol=1e-4, err_msg=peer.__name__)


def test_another_loss_is_refused(small: Callable[[str, str], Experiment], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("measure.timed_work.LOSSES", ("l1",))
    with pytest.raises(ValueError, match=r"loss = 'mse': the peers have only l1"):
        lay_out(small("sgd", "full"), networks=1, steps=1)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.__name__)
def test_a_job_starts_from_the_beginning_every_time(
    small: Callable[[str, str], Experiment], peer: Callable[[Work], Job]
):
    job = peer(lay_out(small("adam", "single"), networks=2, steps=4))
    np.testing.assert_array_equal(job()[1], job()[1])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_scikit_learn_does_the_work_that_it_says(small: Callable[[str, str], Experiment], optimizer: str):
    torch = peers_torch.torch
    work = lay_out(small(optimizer, "full"), networks=1, steps=20)
    assert peers_sklearn.can_do(work)
    seconds, trained = peers_sklearn.train(work, seed=3)
    assert seconds > 0
    # The same start: a fit of no length leaves the initial weights.
    at_start = peers_sklearn.classifier(work, seed=3).set_params(learning_rate_init=1e-30, max_iter=1)
    inputs, labels = work.inputs, work.targets[:, 0]
    with pytest.warns(UserWarning, match="reached"):
        at_start.fit(inputs, labels)
    module = torch.nn.Sequential()
    for weight, bias in zip(at_start.coefs_, at_start.intercepts_, strict=True):
        linear = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(weight.T).double(), torch.tensor(bias).double()
        module.extend([linear, torch.nn.Tanh()])
    module = module[:-1]
    settings = {"sgd": {"momentum": 0.9}, "adam": {}}[optimizer]
    torch_class = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer]
    steps = torch_class(module.parameters(), lr=0.02, **settings)
    criterion = torch.nn.BCEWithLogitsLoss()
    losses: list[float] = []
    for _ in range(20):
        steps.zero_grad()
        loss = criterion(module(torch.tensor(inputs).double()), torch.tensor(work.targets).double())
        loss.backward()
        steps.step()
        losses.append(float(loss.detach()))
    np.testing.assert_allclose(trained.loss_curve_, losses, rtol=1e-4)


def test_a_peer_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    assert missing(FULL) == {}
    monkeypatch.setattr("measure.timed_work.find_spec", lambda name: None if name == "jax" else object())
    assert missing(QUICK) == {"jax": "jax"}
