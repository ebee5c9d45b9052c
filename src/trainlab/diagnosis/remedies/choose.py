"""Which remedies are tried for a finding, in which order; or why none can be tried from outside."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from trainlab.diagnosis.remedies.remedy import Change, Remedy

Finding = dict[str, Any]
_LINE = re.compile(r"([^\s:`]+\.\w+|<[^>]+>):(\d+)")
_POLES = frozenset(
    ("log", "log2", "log10", "sqrt", "rsqrt", "pow", "__pow__", "logdet", "div", "true_divide", "__truediv__",
     "divide", "reciprocal", "__rtruediv__", "__rdiv__", "norm", "std", "acos", "asin", "exp")
)  # fmt: skip
CLIPS = ("relu", "relu6", "clamp", "clamp_min", "hardtanh", "threshold", "hardsigmoid", "tanh")
EPS = 1e-6


def remedies_for(finding: Finding) -> tuple[Remedy, ...]:
    """Return the remedies for a finding as JSON has it, best first; none if it has none."""
    chosen = _CHOSEN.get(finding["fault"], ())
    return chosen(finding) if callable(chosen) else chosen


def why_not(finding: Finding) -> str:
    """Say why no remedy can be tried from outside."""
    return _WHY_NOT.get(finding["fault"], "the place in the script isn't known well enough")


def line_of(finding: Finding) -> str | None:
    """Return the first ``file.py:12`` of a finding's place."""
    match = _LINE.search(finding["where"])
    return f"{match[1]}:{match[2]}" if match else None


def _one(words: str, name: str, *, same_loss: bool = True, narrow: str = "", **settings: Any) -> Remedy:
    given = {"narrow": narrow} if narrow else {}
    return Remedy(words=words, changes=({"change": name, **settings},), same_loss=same_loss, **given)


def _lr(times: float) -> Remedy:
    return _one(f"the learning rate × {times:g}", "lr", times=times, narrow="no optimizer steps with a rate")


def _init(scheme: str) -> Remedy:
    words = {
        "default": "PyTorch's default initialization",
        "he": "He's initialization and biases of 0",
        "xavier": "Xavier initialization and biases of 0",
        "orthogonal": "orthogonal recurrent weights",
        "biases": "biases of 0",
    }
    return _one(words[scheme], "init", scheme=scheme, narrow="no layer was found whose weights it could set")


def _activation(words: str, which: tuple[str, ...], by: str, *more: Change) -> Remedy:
    change: Change = {"change": "replace", "which": list(which), "by": by}
    return Remedy(words=words, changes=(*more, change), narrow="no such function is called in the network")


_CLIP = _one("gradients clipped to norm 1", "clip", norm=1.0, narrow="no gradient was larger")
_RELU_HE = _activation(
    "ReLU for sigmoid and tanh in hidden layers, and He's initialization",
    ("sigmoid", "tanh"),
    "relu",
    {"change": "init", "scheme": "he"},
)
_LEAKY = _activation("LeakyReLU for ReLU", ("relu",), "leaky_relu")
_ALL = _one("the parameters left out given to the optimizer", "all_parameters")
_INPUTS = _one(
    "standardized inputs", "inputs", narrow="what the network is given isn't a table or picture of floats"
)


def _mismatch(finding: Finding) -> tuple[Remedy, ...]:
    """Of what only clips logits the loss stays the same without it."""
    if finding["where"].split(" ")[0] in CLIPS:
        return (_one("no activation on the output", "off_output"),)
    return (_one("the loss given what it is made for", "given_logits", same_loss=False),)


def _cut(finding: Finding) -> tuple[Remedy, ...]:
    where, line = finding["where"], line_of(finding)
    if where.startswith("torch.no_grad()"):
        return (_one("gradients kept on inside of the network", "gradients_inside"),)
    if line is not None and where.startswith("torch.autograd.grad"):
        return (_one(f"create_graph=True at {line}", "create_graph", line=line, same_loss=False),)
    cuts = (".data", "detach()", "torch.tensor", "as_tensor")
    if line is None or not where.startswith(cuts):
        return ()
    narrow = "the tensor passes through NumPy or Python numbers there, and has no history left"
    return (_one(f"the cut at {line} undone", "no_cut", line=line, narrow=narrow),)


def _cast(finding: Finding) -> tuple[Remedy, ...]:
    line = line_of(finding)
    return (_one(f"the cast at {line} left out", "no_cast", line=line, same_loss=False),) if line else ()


def _nonfinite(finding: Finding) -> tuple[Remedy, ...]:
    if finding["where"].startswith("the input batch"):
        return (_one("0 for inputs that aren't finite", "finite_inputs"),)
    line, name = line_of(finding), finding["where"].split(" ")[0]
    pole: tuple[Remedy, ...] = ()
    if line is not None and name in _POLES:
        words = f"the input of {name.strip('_')} at {line} kept {EPS:g} away from where it isn't finite"
        pole = (_one(words, "away_from_pole", line=line, eps=EPS),)
    return (*pole, _CLIP, _lr(0.1))


def _wrong_loss(finding: Finding) -> tuple[Remedy, ...]:
    for beginning, remedy in (
        ("the sign of the loss", _one("the loss's sign turned", "other_sign", same_loss=False)),
        ("the targets of ", _one("targets of 1 and −1", "signed_targets", same_loss=False)),
    ):
        if finding["where"].startswith(beginning):
            return (remedy,)
    return ()


def _dropout(finding: Finding) -> tuple[Remedy, ...]:
    """Without dropout the training loss is another one: it was measured under the noise."""
    if "acts on the network's output" in finding["evidence"][0]:
        return (_one("no dropout", "dropout", most=0.0, same_loss=False),)
    return (_one("dropout of at most 0.1", "dropout", most=0.1, same_loss=False),)


def _looser(finding: Finding) -> tuple[Remedy, ...]:
    """Clip at the norm that the finding's own remedy has."""
    lines = [line for line in finding["remedy"]["code"].splitlines() if "clip_grad_norm_(" in line]
    match = re.search(r"([0-9][0-9.]*(?:e[+-]?[0-9]+)?)\s*\)", lines[-1]) if lines else None
    norm = float(match[1]) if match else None
    words = f"gradients clipped at {norm:g}" if norm is not None else "no clipping"
    return (_one(words, "looser_clip", norm=norm),)


_Chosen = tuple[Remedy, ...] | Callable[[Finding], tuple[Remedy, ...]]
_CHOSEN: dict[str, _Chosen] = {
    "missing_optimizer_step": (_one("optimizer.step() after each backward pass", "step"),),
    "missing_zero_grad": (_one("gradients cleared before each backward pass", "zero_grad"),),
    "detached_graph": _cut,
    "loss_broadcast": (_one("targets in the outputs' shape", "equal_shapes", same_loss=False),),
    "loss_activation_mismatch": _mismatch,
    "label_dtype": _cast,
    "params_not_in_optimizer": (_ALL,),
    "frozen_params": (
        Remedy(
            words="the frozen layers trained",
            changes=({"change": "trainable"}, {"change": "all_parameters"}),
        ),
    ),
    "eval_mode_training": (_one("train mode in passes that learn", "train_to_learn", same_loss=False),),
    "train_mode_evaluation": (_one("eval mode in passes without gradients", "eval_to_judge"),),
    "output_range_mismatch": (_one("no activation on the output", "off_output"),),
    "l1_constant_collapse": (_one("squared error", "squared", same_loss=False),),
    "wrong_loss": _wrong_loss,
    "nonfinite_values": _nonfinite,
    "float16_underflow": (_one("bfloat16 for float16", "bfloat16"),),
    "data_not_shuffled": (
        _one("loaders that shuffle", "shuffle", narrow="no DataLoader that doesn't shuffle is made"),
    ),
    "scheduler_order": (_one("no scheduler step before the first of the optimizer", "scheduler_after_step"),),
    "scheduler_kills_lr": (_one("the learning rate held at its highest", "highest_lr"),),
    "clip_too_tight": _looser,
    "weight_decay_too_high": tuple(
        _one(words, "weight_decay", times=times)
        for words, times in (("the weight decay / 100", 0.01), ("no weight decay", 0.0))
    ),
    "batchnorm_small_batch": (_one("group norm for batch-norm", "group_norm", same_loss=False),),
    "dropout_misuse": _dropout,
    "zero_init": (_init("default"),),
    "symmetric_init": (_init("default"),),
    "no_nonlinearity": (_one("ReLU between the layers", "between"),),
    "unnormalised_inputs": (_INPUTS,),
    "unnormalised_targets": (_one("standardized targets", "targets"),),
    "bad_bias_init": (_init("biases"),),
    "bad_momentum": (_one("momentum 0.9", "momentum", value=0.9),),
    "lr_too_high": (_lr(0.1), _lr(0.01)),
    "exploding_gradient": (_CLIP, _init("orthogonal"), _lr(0.1)),
    "vanishing_gradient": (_RELU_HE, _init("xavier")),
    "dead_relu": (_init("he"), _LEAKY, _lr(0.1)),
    "bad_weight_init": (_init("default"), _init("xavier")),
    "saturated_activation": (_init("xavier"), _INPUTS, _RELU_HE),
    "lr_too_low": (_lr(10), _lr(100), _lr(1000)),
    "oscillating_loss": (_lr(0.1), _lr(0.01)),
    "loss_plateau": (_lr(10), _lr(0.1), _lr(0.01), _init("default")),
}

_WHY_NOT = {
    "detached_graph": "what is cut has no history left that could be put back",
    "constant_labels": "only you know what the labels ought to be",
    "shuffled_targets": "only you know which target belongs to which input",
    "label_dtype": "the line of the cast isn't known",
    "wrong_loss": "classes need an output each, so another last layer",
    "repeated_batch": "which batch comes next is settled in the script's own loop",
    "unreachable_params": "where the layer belongs is written in the network's forward()",
    "capacity_too_small": "a wider layer needs other layers around it",
    "graph_retained": "it costs memory and time; what is learnt is the same",
    "eval_on_train": "it changes what is reported, not what is learnt",
    "overfitting": "it takes more data, or another network, not another training",
}
