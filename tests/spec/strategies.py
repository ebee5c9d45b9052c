"""Experiments and studies that Hypothesis makes up: every part, every way of writing it."""

from __future__ import annotations

from hypothesis import strategies as st

from trainlab.spec import (
    SGD,
    Adam,
    Change,
    Constant,
    Default,
    Experiment,
    Full,
    Init,
    NamedNetwork,
    Network,
    Normal,
    Record,
    Single,
    Solved,
    Study,
    Uniform,
)
from trainlab.spec.change import flatten

ACTIVATIONS = st.sampled_from(["linear", "tanh", "sigmoid", "relu"])
FINITE = st.floats(-1e6, 1e6)
RATES = st.floats(0, 10)
SHARES = st.floats(0, 1, exclude_max=True)
EVERY = st.integers(0, 1000)
NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters=":+"), min_size=1, max_size=12
).filter(lambda name: name.strip() and name.isprintable() and name != "none")


@st.composite
def networks(draw: st.DrawFn) -> Network:
    widths = (2, *draw(st.lists(st.integers(1, 4096), max_size=5)), 1)
    layers = len(widths) - 1
    per_layer_bias, per_layer_activation = draw(st.booleans()), draw(st.booleans())
    return Network(
        widths=widths,
        bias=draw(st.tuples(*[st.booleans()] * layers) if per_layer_bias else st.booleans()),
        output_bias=None if per_layer_bias else draw(st.none() | st.booleans()),
        activation=draw(st.tuples(*[ACTIVATIONS] * layers) if per_layer_activation else ACTIVATIONS),
        output_activation=None if per_layer_activation else draw(st.none() | ACTIVATIONS),
    )


SCHEMES = st.one_of(
    st.just(Default()),
    st.builds(Normal, mean=FINITE, std=RATES),
    st.builds(Constant, val=FINITE),
    st.tuples(FINITE, FINITE).map(lambda ends: Uniform(a=min(ends), b=max(ends))),
)
OPTIMIZERS = st.one_of(
    st.builds(SGD, lr=RATES, momentum=RATES),
    st.builds(Adam, lr=RATES, betas=st.tuples(SHARES, SHARES), eps=st.floats(1e-12, 1)),
)
EXPERIMENTS = st.builds(
    Experiment,
    network=networks(),
    init=st.builds(Init, weight=SCHEMES, bias=SCHEMES),
    loss=st.sampled_from(["l1", "mse"]),
    optimizer=OPTIMIZERS,
    sampling=st.just(Full()) | st.builds(Single, steps_per_epoch=st.none() | st.integers(1, 100)),
    epochs=st.integers(1, 10_000_000),
    solved=st.builds(Solved, within=st.floats(1e-6, 10)),
    record=st.builds(Record, loss_every=EVERY, gradient_every=EVERY, solved_every=EVERY),
)

EDITS = st.sampled_from(
    [
        {"epochs": 7},
        {"optimizer": "adam"},
        {"optimizer": {"name": "sgd", "lr": 1, "momentum": 0.5}},
        {"optimizer": {"lr": 0.25}},
        {"init": {"weight": {"name": "normal", "std": 2.0}, "bias": "default"}},
        {"network": {"widths": [2, 3, 1], "bias": [True, False], "activation": ["relu", "linear"]}},
        {"sampling": "single", "record": {"loss_every": 0}, "loss": "mse"},
    ]
)


@st.composite
def studies(draw: st.DrawFn) -> Study:
    baseline = Experiment(network=draw(networks().filter(lambda network: isinstance(network.bias, bool))))
    shapes = draw(st.lists(st.tuples(NAMES, st.lists(st.integers(1, 99), max_size=3)), max_size=2))
    per_layer = isinstance(baseline.network.activation, tuple)
    edited = () if per_layer else tuple(dict(shapes).items())
    changes = draw(st.lists(st.tuples(NAMES, EDITS.filter(lambda e: "network" not in e)), max_size=3))
    return Study(
        baseline=baseline,
        networks=tuple(
            NamedNetwork(name=name, edits=flatten({"network": {"widths": [2, *hidden, 1]}}))
            for name, hidden in edited
        ),
        changes=tuple(
            Change.from_dict(name, edits, label=draw(st.text(max_size=9)))
            for name, edits in dict(changes).items()
        ),
        seeds=draw(st.integers(1, 10_000_000)),
        title=draw(st.text(max_size=20)),
        question=draw(st.text(max_size=20)),
    )
