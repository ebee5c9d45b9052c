"""Experiments and studies that Hypothesis makes up: every part, every way of writing it."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from trainlab.spec import (
    L1,
    MSE,
    SGD,
    Accuracy,
    Adam,
    Batch,
    BCEWithLogits,
    Change,
    Clip,
    Constant,
    CosineAnnealingLR,
    Default,
    Experiment,
    FanInUniform,
    Full,
    Hinge,
    Huber,
    Init,
    KaimingNormal,
    LambdaLR,
    LecunNormal,
    Lion,
    LogCosh,
    LossBelow,
    Moons,
    MultiStepLR,
    NAdam,
    NamedNetwork,
    Network,
    Noise,
    Normal,
    NoSchedule,
    NoStopping,
    OneCycleLR,
    Orthogonal,
    Patience,
    Penalty,
    Record,
    ReduceLROnPlateau,
    RMSprop,
    Scaling,
    Single,
    Split,
    StepLR,
    Study,
    Uniform,
    Warmup,
    Within,
    XavierNormal,
    XavierUniform,
    Xor,
)
from trainlab.spec.change import flatten
from trainlab.spec.network import MAX_DROPOUT

ACTIVATIONS = st.sampled_from(["linear", "tanh", "sigmoid", "relu", "gelu", "sin", "softplus"])
FINITE = st.floats(-1e6, 1e6)
RATES = st.floats(0, 10)
SHARES = st.floats(0, 1, exclude_max=True)
DROPOUTS = st.floats(0, MAX_DROPOUT)
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
        dropout=draw(DROPOUTS | st.tuples(*[DROPOUTS] * (layers - 1))),
    )


POSITIVE = st.floats(1e-6, 10)
COUNTS = st.integers(1, 1000)
PERS = st.sampled_from(["epoch", "step"])
GAINS = st.builds(XavierNormal, gain=RATES) | st.builds(XavierUniform, gain=RATES)
PLAIN_SCHEMES = st.one_of(
    st.just(Default()),
    st.just(FanInUniform()),
    st.builds(Normal, mean=FINITE, std=RATES),
    st.builds(Constant, val=FINITE),
    st.tuples(FINITE, FINITE).map(lambda ends: Uniform(a=min(ends), b=max(ends))),
)
SCHEMES = st.one_of(
    PLAIN_SCHEMES,
    GAINS,
    st.builds(Orthogonal, gain=RATES),
    st.builds(KaimingNormal, a=RATES, mode=st.sampled_from(["fan_in", "fan_out"])),
    st.just(LecunNormal()),
)
BETAS = st.tuples(SHARES, SHARES)
OPTIMIZERS = st.one_of(
    st.builds(SGD, lr=RATES, momentum=RATES, weight_decay=RATES),
    st.builds(Adam, lr=RATES, betas=BETAS, eps=st.floats(1e-12, 1), amsgrad=st.booleans()),
    st.builds(RMSprop, lr=RATES, alpha=SHARES, centered=st.booleans()),
    st.builds(Lion, lr=RATES, betas=BETAS),
    st.builds(NAdam, momentum_decay=RATES),
)
LOSSES = st.one_of(
    st.sampled_from([L1(), MSE(), LogCosh(), BCEWithLogits(), Hinge()]),
    st.builds(Huber, delta=POSITIVE),
)
SCHEDULES = st.one_of(
    st.just(NoSchedule()),
    st.builds(StepLR, step_size=COUNTS, gamma=SHARES, per=PERS),
    st.builds(MultiStepLR, milestones=st.lists(COUNTS, max_size=3).map(lambda each: tuple(sorted(each)))),
    st.builds(CosineAnnealingLR, T_max=st.none() | COUNTS, eta_min=RATES, per=PERS),
    st.builds(OneCycleLR, max_lr=RATES, pct_start=SHARES),
    st.builds(LambdaLR, factor=st.sampled_from(["0.95 ** t", "1 / (1 + 0.1 * t)", "1 if t < 5 else 0.5"])),
    st.builds(ReduceLROnPlateau, factor=SHARES, patience=COUNTS),
)
SAMPLINGS = st.one_of(
    st.just(Full()),
    st.builds(Single, steps_per_epoch=st.none() | st.integers(1, 100)),
    st.builds(Batch, batch_size=st.integers(1, 99), replacement=st.booleans()),
)
SOLVED = st.one_of(
    st.builds(Within, within=POSITIVE),
    st.builds(Accuracy, accuracy=st.floats(0.01, 1)),
    st.builds(LossBelow, loss=FINITE),
)
STOPPINGS = st.one_of(
    st.just(NoStopping()),
    st.builds(Patience, patience=COUNTS, min_delta=RATES, every=COUNTS),
)
CLIPS = st.builds(Clip, norm=st.none() | POSITIVE) | st.builds(Clip, value=POSITIVE)


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    network, schedule = draw(networks()), draw(SCHEDULES)
    layers = network.layers
    scheme, bias = draw(SCHEMES), draw(PLAIN_SCHEMES)
    by_layer = draw(st.booleans())
    cycles = isinstance(schedule, NoSchedule) and draw(st.booleans())
    warmup = Warmup() if cycles else draw(st.builds(Warmup, total_iters=EVERY, per=PERS))
    sampling = draw(SAMPLINGS)
    epochs = draw(st.integers(1, 10_000_000 if cycles else 10_000))
    # A rise of one step has no length.
    assume(not isinstance(schedule, OneCycleLR) or schedule.pct_start * epochs != 1)
    return Experiment(
        network=network,
        task=draw(st.sampled_from([Xor(), Moons(points=20, seed=3)])),
        split=draw(st.sampled_from([Split(), Split(held_out=0.25, seed=9)])),
        scaling=Scaling(inputs=draw(st.sampled_from(["none", "standard", "minmax"]))),
        init=Init(
            weight=draw(st.tuples(*[SCHEMES] * layers)) if by_layer else scheme,
            bias=draw(st.tuples(*[PLAIN_SCHEMES] * layers)) if by_layer else bias,
        ),
        loss=draw(LOSSES),
        optimizer=draw(OPTIMIZERS),
        schedule=schedule,
        warmup=warmup,
        gradient=draw(st.sampled_from(["plain", "equalised"])),
        frozen=draw(st.sampled_from([(), (1,)])) if layers > 1 else (),
        clip=draw(CLIPS),
        penalty=draw(st.builds(Penalty, l1=RATES, l2=RATES)),
        noise=draw(st.builds(Noise, std=RATES)),
        sampling=sampling,
        redraw=0 if isinstance(sampling, Full) else draw(st.sampled_from([0, 1, 65_535])),
        epochs=epochs,
        solved=draw(SOLVED),
        stopping=draw(STOPPINGS),
        record=draw(
            st.builds(
                Record,
                loss_every=EVERY,
                gradient_every=EVERY,
                solved_every=EVERY,
                gradients=st.sampled_from(["data", "step"]),
                curves=EVERY,
                predictions=EVERY,
                parameters=st.booleans(),
            )
        ),
    )


EXPERIMENTS = experiments()

EDITS = st.sampled_from(
    [
        {"epochs": 7},
        {"optimizer": "adam"},
        {"optimizer": {"name": "sgd", "lr": 1, "momentum": 0.5}},
        {"optimizer": {"lr": 0.25}},
        {"init": {"weight": {"name": "normal", "std": 2.0}, "bias": "default"}},
        {"network": {"widths": [2, 3, 1], "bias": [True, False], "activation": ["relu", "linear"]}},
        {"sampling": "single", "record": {"loss_every": 0}, "loss": "mse"},
        {"init": {"weight": ["normal", {"name": "orthogonal", "gain": 2.0}]}, "solved": {"accuracy": 0.5}},
        {"schedule": {"name": "cosine_annealing"}, "stopping": {"patience": 5}, "clip": {"norm": 1.0}},
    ]
)


def plain(network: Network) -> bool:
    """Whether biases and dropout hold for every width that a study may edit."""
    return isinstance(network.bias, bool) and isinstance(network.dropout, float)


@st.composite
def studies(draw: st.DrawFn) -> Study:
    baseline = Experiment(network=draw(networks().filter(plain)))
    shapes = draw(st.lists(st.tuples(NAMES, st.lists(st.integers(1, 99), max_size=3)), max_size=2))
    per_layer = isinstance(baseline.network.activation, tuple)
    edited = () if per_layer else tuple(dict(shapes).items())
    changes = draw(
        st.lists(st.tuples(NAMES, EDITS.filter(lambda e: "network" not in e and "init" not in e)), max_size=3)
    )
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
