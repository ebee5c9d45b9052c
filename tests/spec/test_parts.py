"""Parts of several kinds: written by name, by a table, or by the field that says which is meant."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from trainlab.errors import SpecError
from trainlab.spec import (
    L1,
    MSE,
    NLL,
    SGD,
    Accuracy,
    Adam,
    Batch,
    Change,
    Clip,
    CosineAnnealingLR,
    Default,
    Experiment,
    Full,
    Huber,
    Init,
    InitScheme,
    Lion,
    Loss,
    LossBelow,
    MultiStepLR,
    Network,
    NoSchedule,
    NoStopping,
    Optimizer,
    Orthogonal,
    Patience,
    Sampling,
    Schedule,
    Solved,
    StepLR,
    Stopping,
    StopSolved,
    TaskSpec,
    Uniform,
    Warmup,
    Within,
    XavierNormal,
    name_of,
    study_from_dict,
    study_from_toml,
    study_to_toml,
)

NETWORK = Network(widths=(2, 3, 1))
PLAIN = Experiment(network=NETWORK)
KINDS = {
    "task": TaskSpec,
    "loss": Loss,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "sampling": Sampling,
    "solved": Solved,
    "stopping": Stopping,
}
ALL = [(part, kind) for part, union in KINDS.items() for kind in get_args(union)]


def complete(kind: type[msgspec.Struct]) -> bool:
    return not any(field.required for field in msgspec.structs.fields(kind))


def told(make: Callable[[], Experiment]) -> str:
    """Return what SpecError says, or nothing."""
    try:
        make()
    except SpecError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("part", "kind"), ALL, ids=[f"{part} {name_of(kind)}" for part, kind in ALL])  # type: ignore[arg-type]
def test_a_name_is_short_for_the_kind_with_its_defaults(part: str, kind: Any):
    name = name_of(kind)
    if not complete(kind):
        with pytest.raises(SpecError) as error:
            Experiment(network=NETWORK, **{part: name})
        required = [field.name for field in msgspec.structs.fields(kind) if field.required]
        written = "".join(f", {field} = …" for field in required)
        assert str(error.value) == (
            f"{part} = {name!r}: needs {' and '.join(required)}; write {{name = {name!r}{written}}}."
        )
        return
    assert name_of(kind()) == name
    faults = [told(lambda: Experiment(network=NETWORK, **{part: name}))]
    faults.append(told(lambda: Experiment.from_dict({"network": "2-3-1", part: name})))
    # Some need another network or task; Python and a file are told the same.
    assert faults[0] == faults[1]
    if faults[0]:
        return
    python = Experiment(network=NETWORK, **{part: name})
    assert getattr(python, part) == kind()
    assert python == Experiment.from_dict({"network": "2-3-1", part: name})
    assert python == Experiment.from_dict({"network": "2-3-1", part: {"name": name}})


def test_names_in_python_are_held_to_the_same_list():
    with pytest.raises(SpecError) as error:
        Experiment(network=NETWORK, optimizer="adan")  # type: ignore[arg-type]
    words = "'sgd', 'adam', 'adamw', 'nadam', 'radam', 'rmsprop', 'adagrad', 'adadelta' or 'lion'"
    assert str(error.value) == f"optimizer = 'adan': must be {words}. Did you mean 'adam'?"
    with pytest.raises(
        SpecError, match=r"^weight\[1\] = 'xavier': must be 'normal', .* Did you mean 'xavier_"
    ):
        Init(weight=("normal", "xavier"))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"^optimizer = 'adan': must be"):
        Experiment.from_dict({"network": "2-3-1", "optimizer": "adan"})


def test_one_scheme_a_layer():
    init = Init(weight=["xavier_normal", Orthogonal(gain=2)], bias="uniform")  # type: ignore[arg-type]
    assert init == Init(weight=(XavierNormal(), Orthogonal(gain=2.0)), bias=Uniform())
    table = {"weight": ["xavier_normal", {"name": "orthogonal", "gain": 2}], "bias": "uniform"}
    assert Experiment.from_dict({"network": "2-3-1", "init": table}).init == init
    assert init.weights_of(2) == (XavierNormal(), Orthogonal(gain=2.0))
    assert init.biases_of(3) == (Uniform(),) * 3
    with pytest.raises(SpecError) as error:
        Experiment.from_dict({"network": "2-3-3-1", "init": table})
    assert str(error.value) == (
        "init.weight lists 2 values, but the network has 3 layers: list one per layer, or give one for all."
    )
    with pytest.raises(SpecError, match=r"^init\.weight\[1\]\.gian: unknown field; known are 'gain'"):
        Experiment.from_dict(
            {"network": "2-3-1", "init": {"weight": ["normal", {"name": "orthogonal", "gian": 2}]}}
        )


def test_a_change_may_list_schemes_too_and_comes_back():
    text = """
    [baseline]
    network = "2-3-1"
    [changes.A]
    set.init.weight = ["xavier_normal", { name = "orthogonal", gain = 2.0 }]
    set.network.dropout = [0.25]
    """
    study = study_from_toml(text)
    edited = study.experiment("2-3-1", ("A",))
    assert edited.init.weight == (XavierNormal(), Orthogonal(gain=2.0))
    assert edited.network.dropouts == (0.25,)
    assert study_from_toml(study_to_toml(study)) == study
    with pytest.raises(
        SpecError, match="must list numbers, texts, true and false, tables of these, or lists of numbers"
    ):
        study_from_dict({"baseline": {"network": "2-3-1"}, "changes": {"A": {"set": {"epochs": [["a"]]}}}})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"within": 0.2}, Within(within=0.2)),
        ({"accuracy": 0.9}, Accuracy(accuracy=0.9)),
        ({"loss": 0.01}, LossBelow(loss=0.01)),
        ("accuracy", Accuracy()),
    ],
)
def test_solved_needs_no_name_where_a_field_says_which(written: Any, meant: Any):
    assert Experiment.from_dict({"network": "2-3-1", "solved": written}).solved == meant
    for before in ("accuracy", {"loss": 0.5}, {"within": 0.3}):
        base = Experiment.from_dict({"network": "2-3-1", "solved": before})
        assert Change.from_dict("x", {"solved": written}).apply(base).solved == meant


def test_an_edit_of_the_same_kind_keeps_its_other_fields():
    base = Experiment(network=NETWORK, solved=Accuracy(on="held_out"), task="moons", split={"held_out": 0.5})  # type: ignore[arg-type]
    assert Change.from_dict("x", {"solved": {"accuracy": 0.5}}).apply(base).solved == Accuracy(
        accuracy=0.5, on="held_out"
    )
    assert Change.from_dict("x", {"solved": {"within": 0.5}}).apply(base).solved == Within(within=0.5)
    assert Change.from_dict("x", {"solved": {"on": "train"}}).apply(base).solved == Accuracy()
    assert Change.from_dict("x", {"stopping": {"patience": 3}}).apply(base).stopping == Patience(patience=3)
    with pytest.raises(SpecError, match=r"solved\.margin: unknown field"):
        Change.from_dict("x", {"solved": {"margin": 3}}).apply(base)


def test_the_defaults_of_what_is_new_change_nothing():
    assert (PLAIN.schedule, PLAIN.stopping, PLAIN.sampling) == (NoSchedule(), NoStopping(), Full())
    assert (PLAIN.warmup.total_iters, PLAIN.clip, PLAIN.noise.std) == (0, Clip(), 0)
    assert (PLAIN.penalty.l1, PLAIN.penalty.l2, PLAIN.split.held_out) == (0, 0, 0)
    assert PLAIN.network.dropouts == (0.0,)
    assert not PLAIN.scheduled
    assert not PLAIN.looks_ahead


def test_steps_of_an_epoch_of_batches():
    def steps(**fields: Any) -> int:
        task = {"name": "moons", "points": 10}
        return Experiment(
            network=NETWORK, task=msgspec.convert(task, TaskSpec), sampling=Batch(**fields)
        ).steps_per_epoch

    assert steps(batch_size=3) == 4
    assert steps(batch_size=3, drop_last=True) == 3
    assert steps(batch_size=5) == steps(batch_size=5, drop_last=True) == 2
    assert steps(batch_size=99) == 1
    assert steps(batch_size=4, replacement=True) == 3
    assert steps(batch_size=4, replacement=True, drop_last=True) == 3


def test_what_depends_on_the_length_of_the_training():
    for schedule, ahead in (
        ("cosine_annealing", True),
        ({"name": "cosine_annealing", "T_max": 5}, False),
        ({"name": "one_cycle", "max_lr": 1}, True),
        ({"name": "one_cycle", "max_lr": 1, "total_steps": 300}, False),
        ({"name": "step", "step_size": 5}, False),
        ("reduce_on_plateau", False),
    ):
        one = Experiment.from_dict({"network": "2-3-1", "schedule": schedule})
        assert one.looks_ahead is ahead
        assert one.scheduled
    assert Experiment(network=NETWORK, warmup=Warmup(total_iters=1)).scheduled


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"schedule": "cosine_annealing"}, {"schedule": {"name": "cosine_annealing", "T_max": 300}}),
        (
            {"schedule": {"name": "cosine_annealing", "per": "step"}, "sampling": "single"},
            {"schedule": {"name": "cosine_annealing", "per": "step", "T_max": 1200}, "sampling": "single"},
        ),
        (
            {"schedule": {"name": "one_cycle", "max_lr": 1}},
            {"schedule": {"name": "one_cycle", "max_lr": 1, "total_steps": 300}},
        ),
        ({"init": {"weight": "normal"}}, {"init": {"weight": ["normal", "normal"]}}),
        (
            {"network": {"widths": "2-3-1", "dropout": 0.5}},
            {"network": {"widths": "2-3-1", "dropout": [0.5]}},
        ),
        ({"sampling": {"name": "batch", "batch_size": 1, "replacement": True}}, {"sampling": "single"}),
    ],
)
def test_the_same_training_written_otherwise_has_one_fingerprint(one: Any, two: Any):
    first, second = (Experiment.from_dict({"network": "2-3-1", **fields}) for fields in (one, two))
    assert first != second
    assert first.fingerprint == second.fingerprint


def test_a_file_is_known_by_what_it_says(tmp_path: Any):
    inputs, targets = np.eye(3)[:, :2], np.array([[0.0], [1.0], [1.0]])
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", inputs=inputs, targets=targets)
    np.savez(tmp_path / "other.npz", inputs=inputs + 1, targets=targets)

    def print_of(name: str) -> str:
        task = {"name": "file", "path": str(tmp_path / f"{name}.npz")}
        return Experiment.from_dict({"network": "2-3-1", "task": task}).fingerprint

    assert print_of("one") == print_of("two") != print_of("other")


RULES: list[tuple[dict[str, Any], str]] = [
    (
        {"loss": "cross_entropy"},
        "loss = 'cross_entropy': needs two outputs or more, but the task 'xor' has one; use "
        "'bce_with_logits', or a task with one_hot = true.",
    ),
    ({"loss": "nll"}, "loss = 'nll': needs two outputs or more"),
    (
        {"loss": "bce"},
        "loss = 'bce': needs outputs that are probabilities, but the last activation is 'tanh'; set "
        "network.output_activation = 'sigmoid' or 'softmax', or use 'bce_with_logits'.",
    ),
    (
        {"loss": "hinge", "task": "curve", "network": "1-3-1"},
        "loss = 'hinge': needs targets from 0 to 1, but those of the task 'curve' go from -",
    ),
    (
        {"solved": "accuracy", "task": "curve", "network": "1-3-1"},
        "solved.accuracy = 1: the task 'curve' is a regression and has no classes. Use solved.within or "
        "solved.loss.",
    ),
    (
        {"solved": {"within": 0.1, "on": "held_out"}},
        "solved.on = 'held_out': no examples are held out; set split.held_out to their share, such as 0.2.",
    ),
    ({"stopping": {"patience": 2, "on": "held_out"}}, "stopping.on = 'held_out': no examples are held out"),
    (
        {"schedule": {"name": "reduce_on_plateau", "on": "held_out"}},
        "schedule.on = 'held_out': no examples are held out",
    ),
    (
        {"solved": {"within": 0.1, "on": "heldout"}},
        "solved.on = 'heldout': must be 'train' or 'held_out'. Did you mean 'held_out'?",
    ),
    (
        {"stopping": "solved", "record": {"solved_every": 0}},
        "stopping = 'solved': needs record.solved_every > 0, how often to look whether a run is solved.",
    ),
    (
        {"sampling": {"name": "batch", "drop_last": True}},
        "sampling.batch_size = 32: with drop_last no batch is left of 4 examples; lower batch_size or drop "
        "drop_last.",
    ),
    (
        {"optimizer": "adagrad", "schedule": {"name": "cyclic", "base_lr": 0.1, "max_lr": 1}},
        "schedule.cycle_momentum = True: the optimizer 'adagrad' has neither momentum nor betas to cycle; "
        "set cycle_momentum = false.",
    ),
    (
        {"schedule": {"name": "one_cycle", "max_lr": 1, "total_steps": 299}},
        "schedule.total_steps = 299: the training has 300, and the cycle must not end before it; raise "
        "total_steps, or leave it out.",
    ),
    (
        {"schedule": {"name": "one_cycle", "max_lr": 0.5, "pct_start": 0.1}, "epochs": 10},
        "schedule.pct_start = 0.1: of 10 epochs the rise to max_lr would begin and end with the first, where "
        "PyTorch divides by 0; set another, or 0 for no rise.",
    ),
    (
        {
            "schedule": {"name": "one_cycle", "max_lr": 1, "pct_start": 1, "total_steps": 1, "per": "step"},
            "epochs": 1,
        },
        "schedule.pct_start = 1: of 1 step the rise",
    ),
    (
        {"schedule": {"name": "one_cycle", "max_lr": 1, "div_factor": 1e-310}},
        "schedule.max_lr / div_factor = inf: must be a finite number.",
    ),
    (
        {"schedule": {"name": "one_cycle", "max_lr": 1, "final_div_factor": 1e-310}},
        "schedule.max_lr / div_factor / final_div_factor = inf: must be a finite number.",
    ),
    (
        {"schedule": {"name": "cyclic", "base_lr": 0.1, "max_lr": 1, "mode": "exp_range", "gamma": 2}},
        "schedule.gamma = 2.0: must be a finite number ≥ 0 and ≤ 1.",
    ),
    (
        {"network": {"widths": "2-3-1", "dropout": 1 - 2**-34}},
        "network.dropout = 0.9999999999417923: must be at most 1 - 2**-33 = 0.9999999998835847: a unit is "
        "kept by a word of 32 bits, and none would be. Lower it.",
    ),
    (
        {"schedule": "cosine_annealing", "epochs": 20_000_001},
        "epochs = 20,000,001: 20,000,001 steps are more than 20,000,000, the most with a schedule or warmup; "
        "lower epochs or the steps of an epoch, or use no schedule.",
    ),
    (
        {"epochs": 90_000_000, "sampling": {"name": "single", "steps_per_epoch": 100}},
        "epochs = 90,000,000: with",
    ),
    (
        {"schedule": {"name": "lambda", "factor": "1 - t"}},
        "schedule.factor = '1 - t': is -1 at t = 2; a factor of the learning rate must be a "
        "finite number ≥ 0.",
    ),
    (
        {"schedule": {"name": "lambda", "factor": "open('x')"}},
        "schedule.factor = \"open('x')\": 'open' is not a",
    ),
    ({"schedule": {"name": "exponential", "gamma": 99}}, "schedule = 'exponential': the learning rate grows"),
    (
        {"schedule": {"name": "multi_step", "milestones": [5, 2]}},
        "schedule.milestones = (5, 2): must be in ascending order.",
    ),
    (
        {"optimizer": {"name": "sgd", "nesterov": True}},
        "optimizer.nesterov = True: needs momentum > 0 and dampening 0, as in PyTorch, not momentum = 0 and "
        "dampening = 0.",
    ),
    ({"clip": {"norm": 1, "value": 2}}, "clip.norm = 1, value = 2: set only one of the two."),
    ({"clip": {"norm": 0}}, "clip.norm = 0.0: must be a finite number > 0."),
    (
        {"gradient": "equalized"},
        "gradient = 'equalized': must be 'plain' or 'equalised'. Did you mean 'equalised'?",
    ),
    ({"frozen": [3]}, "frozen = [3]: 3 is no layer of '2-3-1', whose layers are 1 and 2."),
    ({"frozen": [0, 1]}, "frozen = [0, 1]: 0 is no layer of '2-3-1', whose layers are 1 and 2."),
    ({"frozen": [2, 1]}, "frozen = [1, 2]: names all layers, so nothing would be trained; leave one out."),
    ({"frozen": 1}, "frozen = 1: must be a list."),
    ({"frozen": ["one"]}, "frozen[0] = 'one': must be a whole number."),
    (
        {"frozen": [2], "gradient": "equalised"},
        "frozen = [2]: gradient = 'equalised' scales every layer's gradient to that of the last, 2, which "
        "has none when it is frozen; leave 2 out, or set gradient = 'plain'.",
    ),
    (
        {"redraw": 1},
        "redraw = 1: nothing is drawn in this training, as every step sees all examples, without noise or "
        "dropout; leave it out, or set sampling = 'single' or 'batch'.",
    ),
    ({"redraw": -1}, "redraw = -1: must be a whole number ≥ 0 and ≤ 65,535."),
    ({"penalty": {"l1": -1}}, "penalty.l1 = -1.0: must be a finite number ≥ 0."),
    ({"noise": {"std": -1}}, "noise.std = -1.0: must be a finite number ≥ 0."),
    (
        {"init": {"bias": "orthogonal"}},
        "init.bias = 'orthogonal': needs the two dimensions of a weight matrix; a bias can be 'uniform', "
        "'normal', 'constant', 'default' or 'fan_in_uniform'.",
    ),
    (
        {"init": {"weight": {"name": "kaiming_normal", "mode": "fan"}}},
        "init.weight.mode = 'fan': must be 'fan_in' or 'fan_out'. Did you mean 'fan_in'?",
    ),
    (
        {"network": {"widths": "2-3-1", "dropout": 1}},
        "network.dropout = 1.0: must be a finite number ≥ 0 and < 1.",
    ),
    (
        {"network": {"widths": "2-3-1", "dropout": [0.1, 0.1]}},
        "network.dropout lists 2 values, but the network has 1 hidden layers: list one per hidden layer, or "
        "give one for all.",
    ),
    (
        {"network": {"widths": "2-3-1", "activation": ["softmax", "linear"]}},
        "network.activation = 'softmax': is for the last layer, not for layer 1 of 2; set "
        "output_activation = 'softmax'.",
    ),
    (
        {"network": {"widths": "2-3-1", "output_activation": "log_softmax"}},
        "network.activation = 'log_softmax': needs two outputs or more, but widths = '2-3-1' has one; use "
        "'sigmoid' for one output.",
    ),
    ({"warmup": {"start_factor": 0}}, "warmup.start_factor = 0.0: must be a finite number > 0 and ≤ 1."),
    ({"record": {"curves": -1}}, "record.curves = -1: must be a whole number ≥ 0"),
    ({"stopping": {"patience": 0}}, "stopping.patience = 0: must be a whole number ≥ 1"),
    ({"solved": "loss"}, "solved.loss: this field is required."),
]


@pytest.mark.parametrize(("fields", "message"), RULES, ids=[message[:40] for _, message in RULES])
def test_a_broken_rule_is_one_line_that_says_what_to_do(fields: dict[str, Any], message: str):
    with pytest.raises(SpecError) as error:
        Experiment.from_dict({"network": "2-3-1", **fields})
    text = str(error.value)
    assert text.isprintable()
    assert text == message if message.endswith(".") else text.startswith(message)


@pytest.mark.parametrize(
    "fields",
    [
        {"loss": "cross_entropy", "task": {"name": "xor", "one_hot": True}, "network": "2-3-2"},
        {"loss": "bce", "network": {"widths": "2-3-1", "output_activation": "sigmoid"}},
        {"solved": "accuracy", "task": "moons", "split": {"held_out": 0.5}},
        {"optimizer": "rmsprop", "schedule": {"name": "cyclic", "base_lr": 0.1, "max_lr": 1}},
        {"optimizer": "adagrad", "schedule": {"name": "one_cycle", "max_lr": 1, "cycle_momentum": False}},
        {"optimizer": {"name": "sgd", "momentum": 0.5, "nesterov": True}},
        {"network": {"widths": "2-1", "dropout": 0.5}},
        {"network": {"widths": "2-3-1", "dropout": 1 - 2**-33}},
        {"schedule": {"name": "one_cycle", "max_lr": 0.5, "pct_start": 0}, "epochs": 10},
        {"epochs": 20_000_001},
    ],
)
def test_rules_that_are_kept(fields: dict[str, Any]):
    one = Experiment.from_dict({"network": "2-3-1", **fields})
    assert Experiment.from_dict(one.to_dict()) == one


def test_kinds_are_equal_by_value_and_printable():
    assert Huber(delta=1) == Huber() != Huber(delta=2)
    assert L1() != MSE()
    assert repr(StepLR(step_size=3)) == "StepLR(step_size=3, gamma=0.1, per='epoch')"
    assert hash(MultiStepLR(milestones=[1, 2])) == hash(MultiStepLR(milestones=(1, 2)))  # type: ignore[arg-type]
    names = [name_of(kind) for union in (*KINDS.values(), InitScheme) for kind in get_args(union)]
    assert {name_of(Lion()), name_of(NLL()), name_of(Default()), name_of(StopSolved())} <= set(names)
    assert name_of(CosineAnnealingLR()) == "cosine_annealing"
    assert (name_of(SGD()), name_of(Adam())) == ("sgd", "adam")
