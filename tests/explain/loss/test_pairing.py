"""The verdicts: what textbooks and PyTorch say, and no contradiction to what an experiment refuses."""

import doctest
import sys
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from trainlab.errors import ExplainError, SpecError
from trainlab.explain.questions.loss import pairing as judge
from trainlab.explain.questions.loss import pairing_of, pairings, rules
from trainlab.explain.questions.loss.pairing import table_section
from trainlab.explain.questions.loss.rules import LOSS_SIGNATURES
from trainlab.maths import ACTIVATIONS, LINKS, LOSSES
from trainlab.spec import Experiment

TASKS: dict[str, Any] = {
    "regression": ({"name": "curve", "points": 8}, 1, 1),
    "binary": ("xor", 2, 1),
    "classes": ({"name": "xor", "one_hot": True}, 2, 2),
}
ALL = [(kind, output, loss) for kind in TASKS for output in ACTIVATIONS for loss in LOSS_SIGNATURES]


def experiment(kind: str, output: str, loss: str) -> Experiment:
    task, inputs, outputs = TASKS[kind]
    network = {"widths": [inputs, 3, outputs], "output_activation": output}
    return Experiment.from_dict({"network": network, "task": task, "loss": loss})


@pytest.mark.parametrize(
    ("kind", "output", "loss"),
    [
        ("regression", "linear", "mse"),
        ("regression", "linear", "l1"),
        ("regression", "linear", "huber"),
        ("binary", "sigmoid", "bce"),
        ("binary", "linear", "bce_with_logits"),
        ("classes", "linear", "cross_entropy"),
        ("classes", "log_softmax", "nll"),
    ],
)
def test_the_pairs_of_the_textbooks_are_right(kind: str, output: str, loss: str) -> None:
    found = judge(kind, output, loss)
    assert (found.verdict, found.remedy) == ("right", "")


@pytest.mark.parametrize(
    ("kind", "output", "loss", "words"),
    [
        ("binary", "sigmoid", "bce_with_logits", "between 50 and 73.1 %"),
        ("binary", "tanh", "bce_with_logits", "between 26.9 and 73.1 %"),
        ("binary", "linear", "bce", "bce takes probabilities, and linear gives any number"),
        ("binary", "softmax", "mse", "softmax of a single output is always 1"),
        ("binary", "linear", "cross_entropy", "needs an output for each class"),
        ("binary", "sigmoid", "cross_entropy", "loss and gradient are 0 whatever the weights"),
        ("binary", "sigmoid", "nll", "of one output only the ones pull, and zeros count nothing"),
        ("binary", "sigmoid", "hinge", "wants −1 for class 0"),
        ("classes", "softmax", "cross_entropy", "makes at most 73.1 % for one of two classes"),
        ("classes", "softmax", "nll", "nll takes log-probabilities, and these are probabilities"),
        ("classes", "linear", "nll", "the loss falls without end"),
        ("classes", "log_softmax", "mse", "never reach a target of 1"),
        ("regression", "linear", "bce_with_logits", "takes logits of classes, and these targets are numbers"),
        ("regression", "log_softmax", "l1", "never exceeds 0"),
    ],
)
def test_the_mistakes_are_wrong_and_say_why(kind: str, output: str, loss: str, words: str) -> None:
    found = judge(kind, output, loss)
    assert found.verdict == "wrong"
    assert words in found.reason
    assert found.remedy


def test_right_only_where_the_aim_can_be_met() -> None:
    assert judge("regression", "tanh", "mse").verdict == "works"
    assert judge("regression", "tanh", "mse", targets=(-1, 1)).verdict == "works"
    found = judge("regression", "tanh", "mse", targets=(-1, 3))
    assert (found.verdict, found.remedy) == ("wrong", "linear output with mse")
    assert "targets go from −1 to 3, but tanh gives numbers from −1 to 1 only" in found.reason
    assert judge("regression", "sigmoid", "bce").verdict == "wrong"
    assert judge("regression", "sigmoid", "bce", targets=(0.1, 0.9)).verdict == "works"
    assert judge("regression", "sigmoid", "bce", targets=(0, 2)).verdict == "wrong"


@pytest.mark.parametrize(("kind", "output", "loss"), ALL)
def test_what_an_experiment_refuses_is_wrong_and_what_is_right_it_takes(
    kind: str, output: str, loss: str
) -> None:
    try:
        made = experiment(kind, output, loss)
    except SpecError:
        assert judge(kind, output, loss).verdict == "wrong"
        return
    found = pairing_of(made)
    assert (found.task, found.output, found.loss) == (kind, output, loss)
    assert found.reason.endswith(".")
    assert bool(found.remedy) == (found.verdict != "right")


def test_the_range_of_predictions_is_as_said() -> None:
    """What "wrong" claims of a bounded output: no sum gives a prediction outside of it."""
    z = np.linspace(-50, 50, 2001)[:, None]
    for output in ACTIVATIONS:
        if not ACTIVATIONS[output].elementwise or output == "linear":
            continue
        found = judge("binary", output, "bce_with_logits")
        predictions = LINKS["sigmoid"].value(ACTIVATIONS[output].value(z))
        low, high = 100 * predictions.min(), 100 * predictions.max()
        if found.verdict == "wrong":
            said = [
                float(word) for word in found.reason.removesuffix(" %.").split("between ")[1].split(" and ")
            ]
            assert (low, high) == pytest.approx(said, abs=0.6)
        else:
            assert low < 40


def test_what_a_loss_aims_at_minimises_it() -> None:
    """The best output for one input with the targets 0, 0, 1: mean for mse, median for l1, share for bce."""
    y = np.array([[0.0], [0.0], [1.0]])
    for loss, best in (("mse", 1 / 3), ("l1", 0.0), ("bce_with_logits", np.log(0.5))):
        found = minimize(
            lambda at, loss=loss: LOSSES[loss].value(np.full_like(y, at[0]), y), [0.3], method="Nelder-Mead"
        )
        assert found.x[0] == pytest.approx(best, abs=1e-3)


def test_torch_refuses_or_agrees_with_what_each_class_takes() -> None:
    z = torch.tensor([[0.3], [-2.0]], dtype=torch.float64)
    y = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    for name, entry in LOSS_SIGNATURES.items():
        assert entry.torch_class is None or hasattr(torch.nn, entry.torch_class), name
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        torch.nn.BCELoss()(z, y)
    same = torch.nn.BCELoss()(torch.sigmoid(z), y)
    assert torch.nn.BCEWithLogitsLoss()(z, y).item() == pytest.approx(same.item(), rel=1e-12)
    logits, classes = torch.tensor([[0.1, 2.0, -1.0]], dtype=torch.float64), torch.tensor([1])
    log_probabilities = torch.log_softmax(logits, dim=1)
    same = torch.nn.NLLLoss()(log_probabilities, classes)
    assert torch.nn.CrossEntropyLoss()(logits, classes).item() == pytest.approx(same.item(), rel=1e-12)
    assert torch.nn.CrossEntropyLoss()(log_probabilities, classes).item() == pytest.approx(
        same.item(), rel=1e-12
    )


@pytest.mark.parametrize("output", ["sigmoid", "linear", "tanh"])
def test_of_a_single_output_cross_entropy_has_no_gradient_and_nll_only_that_of_ones(output: str) -> None:
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]], dtype=torch.float64)
    z = torch.tensor([[0.3], [-2.0], [5.0], [40.0]], dtype=torch.float64, requires_grad=True)
    p = {"sigmoid": torch.sigmoid, "linear": lambda x: x, "tanh": torch.tanh}[output](z)
    loss = torch.nn.CrossEntropyLoss()(p, y)
    (gradient,) = torch.autograd.grad(loss, z, retain_graph=True)
    assert loss.item() == 0.0
    assert not gradient.any()
    assert judge("binary", output, "cross_entropy").gradient == "0"
    (gradient,) = torch.autograd.grad(-(y * p).sum() / len(y), z)
    assert gradient[0] == gradient[3] == 0
    assert gradient[1] < 0


def test_the_section_says_why_the_pairs_of_the_assignment_are_wrong() -> None:
    told = {
        kind: " ".join(table_section(judge(kind, output, loss), None).text)
        for kind, output, loss in (
            ("binary", "sigmoid", "bce"),
            ("classes", "linear", "cross_entropy"),
            ("regression", "linear", "mse"),
        )
    }
    assert "cross_entropy after sigmoid, too, which is wrong: cross_entropy needs an output" in told["binary"]
    assert "cross_entropy after softmax, too, which is wrong: the loss has its own softmax" in told["classes"]
    assert "nll after softmax, too, which is wrong" in told["classes"]
    assert "wrong" not in told["regression"]


def test_the_whole_table() -> None:
    assert len(pairings("classes")) == len(ACTIVATIONS) * len(LOSS_SIGNATURES)
    assert {each.verdict for kind in TASKS for each in pairings(kind)} == {"right", "works", "wrong"}
    rights = [(each.output, each.loss) for each in pairings("classes") if each.verdict == "right"]
    assert rights == [("linear", "cross_entropy"), ("log_softmax", "nll")]


def test_words_that_dont_exist_are_refused_with_the_nearest() -> None:
    for arguments, message in (
        (("two", "tanh", "mse"), "task_kind = 'two': must be 'regression', 'binary' or 'classes'."),
        (("binary", "sigmod", "mse"), "Did you mean 'sigmoid'?"),
        (("binary", "tanh", "crossentropy"), "Did you mean 'cross_entropy'?"),
    ):
        with pytest.raises(ExplainError) as error:
            judge(*arguments)
        assert message in str(error.value)


def test_a_record_is_plain_data_and_a_sentence() -> None:
    found = judge("binary", "sigmoid", "mse")
    assert found.to_dict()["gradient"] == "2·(p − y)·p·(1 − p)"
    assert found.to_dict()["torch_class"] == "MSELoss"
    assert str(found).startswith(
        "mse after sigmoid for two classes works, but isn't the one to choose; better: "
    )


def test_examples_in_docstrings() -> None:
    for module in (sys.modules[judge.__module__], rules):
        result = doctest.testmod(module)
        assert result.attempted > 0
        assert result.failed == 0
