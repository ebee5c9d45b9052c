"""Live modules: what the graph says of the output, what targets mean, and every refusal."""

from typing import Any

import pytest
import torch
from torch import nn

from trainlab import explain
from trainlab.errors import ExplainError
from trainlab.explain.questions.loss.module import inspect_module
from trainlab.explain.subject.given import loss_of
from trainlab.spec import CrossEntropy, Huber, SmoothL1

X = torch.linspace(-1, 1, 40).reshape(10, 4)
BITS = torch.tensor([0.0, 1.0] * 5)[:, None]
CLASSES = torch.arange(10) % 3
NUMBERS = torch.linspace(-3, 4, 10)[:, None]


class Ending(nn.Module):
    """Linear, then whatever function."""

    def __init__(self, function: Any, width: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.function = nn.Linear(4, width), function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self.linear(x))


ENDINGS = [
    (lambda z: z, 1, "linear"),
    (lambda z: z + 1.0, 1, "linear"),
    (torch.sigmoid, 1, "sigmoid"),
    (lambda z: torch.sigmoid(z).squeeze(1), 1, "sigmoid"),
    (torch.tanh, 1, "tanh"),
    (torch.relu, 1, "relu"),
    (nn.LeakyReLU(), 1, "leaky_relu"),
    (nn.ELU(), 1, "elu"),
    (nn.SELU(), 1, "selu"),
    (nn.GELU(), 1, "gelu"),
    (nn.SiLU(), 1, "silu"),
    (nn.Softplus(), 1, "softplus"),
    (nn.Hardtanh(), 1, "hardtanh"),
    (torch.sin, 1, "sin"),
    (nn.Softmax(dim=1), 3, "softmax"),
    (nn.LogSoftmax(dim=1), 3, "log_softmax"),
    (lambda z: torch.log(torch.softmax(z, dim=1)), 3, "log_softmax"),
    (lambda z: torch.softmax(z, dim=1).reshape(10, 3, 1), 3, "softmax"),
]


@pytest.mark.parametrize(
    ("function", "width", "output"), ENDINGS, ids=[f"{e[2]} {i}" for i, e in enumerate(ENDINGS)]
)
def test_the_output_is_read_from_the_graph(function: Any, width: int, output: str) -> None:
    module = Ending(function, width)
    targets = torch.eye(3)[CLASSES] if width == 3 else NUMBERS
    targets = targets.reshape(module(X).shape)
    assert inspect_module(module, X, targets, "mse").pairing.output == output


def test_the_users_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    explain.loss(module, inputs=X, targets=BITS, loss="bce_with_logits")
    assert module.training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(value.grad is None and value.dtype == torch.float32 for value in module.parameters())


def test_a_sigmoid_before_logits_is_found_in_a_live_module() -> None:
    heard: list[str] = []
    found = explain.loss(
        Ending(torch.sigmoid),
        inputs=X,
        targets=BITS,
        loss=nn.BCEWithLogitsLoss(),
        on_section=lambda part: heard.append(part.name),
    )
    assert (found.pairing.task, found.pairing.verdict) == ("binary", "wrong")
    assert "between 50 and 73.1 %" in found.verdict
    assert heard == ["pairing"]
    assert (found.rates, found.outliers, found.numbers["population"]) == ((), None, [])
    assert found.points == ()
    assert "is wrong" in found._repr_html_()


def test_classes_by_number_by_row_and_by_share() -> None:
    module = Ending(lambda z: z, 3)
    by_number = inspect_module(module, X, CLASSES, nn.CrossEntropyLoss())
    by_row = inspect_module(module, X, torch.eye(3)[CLASSES], nn.CrossEntropyLoss())
    assert (by_number.pairing, by_number.pairing.verdict) == (by_row.pairing, "right")
    shares = torch.full((10, 3), 1 / 3)
    assert inspect_module(module, X, shares, "cross_entropy").pairing.task == "classes"
    assert inspect_module(module, X, shares, "mse").pairing.task == "regression"


def test_a_softmax_over_the_examples_is_wrong() -> None:
    found = explain.loss(Ending(nn.Softmax(dim=0), 3), inputs=X, targets=CLASSES, loss=nn.NLLLoss())
    assert found.pairing.verdict == "wrong"
    assert "runs over the examples" in found.pairing.reason


def test_settings_of_a_loss() -> None:
    assert loss_of(torch, nn.HuberLoss(delta=0.5)) == Huber(delta=0.5)
    assert loss_of(torch, nn.SmoothL1Loss(beta=0.0)) == SmoothL1(beta=0.0)
    assert loss_of(torch, nn.CrossEntropyLoss(label_smoothing=0.1)) == CrossEntropy(label_smoothing=0.1)
    assert loss_of(torch, Huber(delta=3.0)) == Huber(delta=3.0)
    assert loss_of(torch, nn.functional.huber_loss) == Huber()


NOT_FINITE = torch.full((10, 4), float("nan"))


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (Ending(torch.exp), {}, "outputs end in ExpBackward0, after which it can't be told what they are"),
        (Ending(lambda z: torch.sigmoid(z) + 1), {}, "outputs end in AddBackward0, after which it can't be"),
        (Ending(nn.ReLU6()), {}, "end in hardtanh with min_val = 0.0; the table of pairings is for torch's"),
        (
            Ending(lambda z: torch.softmax(z, dim=1)[:, :1], 3),
            {},
            "module: returns 10 of the 30 numbers of its last softmax, each of which depends on all the sums",
        ),
        (
            Ending(lambda z: z.detach()),
            {},
            "outputs depend on no parameter in a way that autograd can follow",
        ),
        (
            Ending(lambda z: z.detach().numpy()),
            {},
            "module: its forward returns a ndarray, not a tensor",
        ),
        (Ending(lambda z: z.sum()), {}, "module: returns the shape () for 10 examples"),
        (Ending(lambda z: z / 0), {}, "module: its outputs aren't all finite"),
        (nn.Linear(5, 1), {}, "module: its forward pass fails on inputs of shape (10, 4) ("),
        (nn.Linear(4, 1), {"inputs": NOT_FINITE}, "inputs[0, 0]: is nan, not a finite number"),
        (nn.Linear(4, 1), {"targets": NUMBERS / 0}, "targets[0, 0]: is -inf, not a finite number"),
        (
            nn.Linear(4, 1),
            {"targets": NUMBERS[:3]},
            "targets: of shape (3, 1), but the module's outputs",
        ),
        (
            nn.Linear(4, 1),
            {"targets": X},
            "targets: of shape (10, 4), but the module's outputs",
        ),
        (nn.Linear(4, 3), {"targets": CLASSES + 1, "loss": "nll"}, "targets: class 3 of example 2, but the"),
        (nn.Linear(4, 3), {"targets": NUMBERS}, "targets: of shape (10, 1), but the module's outputs are of"),
        (
            nn.Linear(4, 3),
            {"targets": NUMBERS, "loss": "cross_entropy"},
            "give targets of that shape, or whole numbers of classes, one for each example; of other shapes",
        ),
        (nn.Linear(4, 3), {"targets": CLASSES}, "targets: of shape (10,), but the module's outputs are of"),
        (nn.Linear(4, 1), {"loss": "bce"}, "targets: go from -3 to 4, but bce takes targets from 0 to 1"),
        (nn.Linear(4, 1), {"loss": "msee"}, "loss = 'msee': must be 'l1', 'mse'"),
        (nn.Linear(4, 1), {"loss": nn.KLDivLoss()}, "loss: nn.KLDivLoss is none of those known: nn.L1Loss"),
        (nn.Linear(4, 1), {"loss": torch.dist}, "loss = 'dist': must be the name of a loss, a loss of"),
        (
            nn.Linear(4, 1),
            {"loss": nn.HuberLoss(delta=-1.0)},
            "loss: delta = -1.0: must be a finite number > 0",
        ),
        (
            nn.Linear(4, 1),
            {"loss": None},
            "loss = None: a torch module is asked with its loss",
        ),
        (
            nn.Linear(4, 1),
            {"inputs": None},
            "inputs = None: a torch module is asked with a batch",
        ),
        (
            nn.Linear(4, 1),
            {"inputs": [[1], [2, 3]]},
            "inputs: must be numbers in an array or a tensor",
        ),
        (nn.Linear(4, 1), {"inputs": 3.0}, "inputs: has the shape (); give a row for each example."),
    ],
)
def test_wrong_use_is_one_clear_line(module: Any, options: dict[str, Any], message: str) -> None:
    given = {"inputs": X, "targets": NUMBERS, "loss": "mse", **options}
    with pytest.raises(ExplainError) as error:
        explain.loss(module, **given)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
