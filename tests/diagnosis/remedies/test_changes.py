"""A change from outside is the same as the edit that it stands for: weights at the end are equal."""

from __future__ import annotations

import copy
import importlib
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, default_collate

from trainlab.diagnosis.remedies.applying import CHANGES, Applied

Weights = list[torch.Tensor]


def data(columns: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 5, generator=generator)
    return x, torch.tanh(x[:, :columns]) + x[:, -1:]


def net(*, out: int = 1, last: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(1)
    layers: list[nn.Module] = [nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, out)]
    return nn.Sequential(*layers, *([] if last is None else [last]))


def loop(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    target: torch.Tensor | None = None,
    clear: bool = True,
    step: bool = True,
    after: Callable[[], object] = lambda: None,
) -> Weights:
    x, y = data()
    y = y if target is None else target
    loss = loss or nn.MSELoss()
    for rows in torch.arange(64).repeat(3).split(32):
        if clear:
            optimizer.zero_grad()
        loss(model(x[rows]), y[rows]).backward()
        after()
        if step:
            optimizer.step()
    return [parameter.detach().clone() for parameter in model.parameters()]


def sgd(model: nn.Module, **settings: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), **({"lr": 0.1} | settings))


def changed(name: str, training: Callable[[], Weights], **settings: Any) -> Weights:
    """Train with the change, which has to take hold."""
    with Applied({"changes": [{"change": name, **settings}]}) as applied:
        weights = training()
    assert applied.acted
    return weights


def equal(first: Weights, second: Weights) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def of(make: Callable[[nn.Sequential], torch.optim.Optimizer], **options: Any) -> Callable[[], Weights]:
    def training() -> Weights:
        model = net()
        return loop(model, make(model), **options)

    return training


@pytest.mark.parametrize(
    ("name", "settings", "faulty", "mended"),
    [
        ("lr", {"times": 0.5}, of(lambda m: sgd(m, lr=0.2)), of(lambda m: sgd(m, lr=0.1))),
        ("weight_decay", {"times": 0.0}, of(lambda m: sgd(m, weight_decay=0.5)), of(sgd)),
        ("zero_grad", {}, of(sgd, clear=False), of(sgd)),
        ("step", {}, of(sgd, step=False), of(sgd)),
        ("step", {}, of(sgd, step=False, clear=False), of(sgd)),
        ("other_sign", {}, of(sgd, loss=lambda o, t: -F.mse_loss(o, t)), of(sgd)),
        (
            "signed_targets",
            {},
            of(sgd, loss=nn.SoftMarginLoss(), target=(data()[1] > 0).float()),
            of(sgd, loss=nn.SoftMarginLoss(), target=data()[1].sign()),
        ),
        ("equal_shapes", {}, of(sgd, target=data()[1][:, 0]), of(sgd)),
        (
            "equal_shapes",
            {},
            of(sgd, target=data()[1][:, 0], loss=lambda o, t: ((o - t) ** 2).mean()),
            of(sgd, loss=lambda o, t: ((o - t) ** 2).mean()),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_it_is_the_edit_it_stands_for(
    name: str, settings: dict[str, Any], faulty: Callable[[], Weights], mended: Callable[[], Weights]
):
    assert not equal(faulty(), mended())
    assert equal(changed(name, faulty, **settings), mended())


def test_a_schedule_is_held_at_its_highest_rate():
    def training() -> Weights:
        model = net()
        optimizer = sgd(model)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.1)
        weights = loop(model, optimizer, after=lambda: optimizer.step() or scheduler.step(), step=False)
        assert optimizer.param_groups[0]["lr"] < 1e-6
        return weights

    assert equal(changed("highest_lr", training), of(sgd)())


def test_clipping_is_that_of_pytorch():
    def clipped() -> Weights:
        model = net()
        return loop(model, sgd(model), after=lambda: nn.utils.clip_grad_norm_(model.parameters(), 0.01))

    with_hook = changed("clip", of(sgd), norm=0.01)
    for a, b in zip(with_hook, clipped(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert equal(changed("looser_clip", clipped, norm=None), of(sgd)())


def test_what_is_left_out_of_the_optimizer_is_trained():
    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(5, 8)]
            self.scale = torch.ones(8, requires_grad=True)
            self.last = nn.Linear(8, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(torch.tanh(self.layers[0](x)) * self.scale)

    model = Hidden()
    before = copy.deepcopy([model.layers[0].weight, model.scale])
    changed("all_parameters", lambda: loop(model, sgd(model)))
    assert not torch.equal(before[0], model.layers[0].weight)
    assert not torch.equal(before[1], model.scale)


def test_inputs_that_want_a_gradient_are_no_parameters():
    model = net()
    optimizer = sgd(model)
    with Applied({"changes": [{"change": "all_parameters"}]}) as applied:
        for _ in range(6):
            model(torch.randn(4, 5, requires_grad=True)).sum().backward()
            optimizer.step()
    assert applied.acted == 0


def test_frozen_layers_are_set_free():
    model = net()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)
    with Applied({"changes": [{"change": "trainable"}, {"change": "all_parameters"}]}) as applied:
        loop(model, optimizer)
    assert applied.acted == 4
    assert not torch.equal(before, model[0].weight)


@pytest.mark.parametrize(
    ("squash", "loss", "target"),
    [
        (nn.Softmax(1), nn.CrossEntropyLoss(), torch.arange(64) % 3),
        (nn.Softmax(1), lambda o, t: F.nll_loss(F.log_softmax(o, 1), t), torch.arange(64) % 3),
        (nn.Sigmoid(), nn.BCEWithLogitsLoss(), (torch.arange(192).view(64, 3) % 2).float()),
    ],
)
def test_softmax_and_sigmoid_before_the_loss_are_undone(squash: nn.Module, loss: Any, target: torch.Tensor):
    def training(last: nn.Module | None) -> Weights:
        model = net(out=3, last=last)
        return loop(model, sgd(model), loss=loss, target=target)

    assert not equal(training(squash), training(None))
    assert equal(changed("given_logits", lambda: training(squash)), training(None))


def test_also_where_its_shape_was_changed_since():
    target = (torch.arange(64) % 2).float()

    def training(last: nn.Module | None) -> Weights:
        model = net(last=last)
        loss = lambda o, t: F.binary_cross_entropy_with_logits(o.squeeze(-1), t)  # noqa: E731
        return loop(model, sgd(model), loss=loss, target=target)

    for a, b in zip(changed("given_logits", lambda: training(nn.Sigmoid())), training(None), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_raw_outputs_get_what_the_loss_expects():
    classes, halves = torch.arange(64) % 3, (torch.arange(64) % 2).float()[:, None]

    def raw(loss: Any, target: torch.Tensor, out: int) -> Callable[[], Weights]:
        def training() -> Weights:
            model = net(out=out)
            return loop(model, sgd(model), loss=loss, target=target)

        return training

    assert equal(
        changed("given_logits", raw(nn.NLLLoss(), classes, 3)),
        raw(lambda o, t: F.nll_loss(F.log_softmax(o, 1), t), classes, 3)(),
    )
    clamped = raw(lambda o, t: F.binary_cross_entropy(o.clamp(1e-6, 1 - 1e-6), t), halves, 1)
    assert equal(changed("given_logits", clamped), raw(F.binary_cross_entropy_with_logits, halves, 1)())


@pytest.mark.parametrize(
    "loss",
    [
        lambda o, t: F.cross_entropy(o, t),
        lambda o, t: F.nll_loss(F.log_softmax(o, 1), t),
        lambda o, t: F.binary_cross_entropy(torch.sigmoid(o[:, 0]).clamp(1e-6, 1 - 1e-6), (t % 2).float()),
    ],
)
def test_a_loss_that_gets_what_it_expects_is_left_alone(loss: Any):
    model = net(out=3)
    with Applied({"changes": [{"change": "given_logits"}]}) as applied:
        loop(model, sgd(model), loss=loss, target=torch.arange(64) % 3)
    assert applied.acted == 0


def test_hidden_activations_are_replaced_and_that_of_the_output_stays():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.Sigmoid(), nn.Linear(8, 1), nn.Sigmoid())
    x = torch.randn(6, 5)
    wanted = torch.sigmoid(model[2](torch.relu(model[0](x))))
    first = model(x)
    with Applied({"changes": [{"change": "replace", "which": ["sigmoid", "tanh"], "by": "relu"}]}) as applied:
        assert torch.equal(model(x), first)
        assert torch.equal(model(x), wanted)
        assert applied.acted == 1
        assert float(torch.sigmoid(torch.tensor(-1.0))) > 0
    assert torch.equal(model(x), first)


def test_relu_becomes_leaky_also_in_place():
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(inplace=True), nn.Linear(8, 1))
    x = torch.randn(6, 5)
    wanted = model[2](F.leaky_relu(model[0](x)))
    with Applied({"changes": [{"change": "replace", "which": ["relu"], "by": "leaky_relu"}]}):
        model(x)
        assert torch.equal(model(x), wanted)


def test_relu_is_put_between_layers_only_where_nothing_else_is():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.0), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    x = torch.randn(6, 5)
    wanted = model[4](torch.tanh(model[2](torch.relu(model[0](x)))))
    with Applied({"changes": [{"change": "between"}]}) as applied:
        assert torch.equal(model(x), wanted)
    assert applied.acted == 1


def test_the_outputs_activation_is_taken_off():
    def training(last: nn.Module | None) -> Weights:
        model = net(last=last)
        return loop(model, sgd(model))

    assert equal(changed("off_output", lambda: training(nn.Sigmoid())), training(None))


def test_inputs_are_standardized_in_training_and_in_evaluation():
    x = data()[0] * torch.tensor([1.0, 10, 1000, 0, 1]) + torch.tensor([0.0, 5, 4000, 3, 0])
    model = net()
    spread = x.std(0, unbiased=False)
    wanted = model((x - x.mean(0)) / torch.where(spread > 0, spread, 1.0))
    with Applied({"changes": [{"change": "inputs"}]}):
        torch.testing.assert_close(model(x), wanted, rtol=1e-4, atol=1e-4)
        with torch.no_grad():
            torch.testing.assert_close(model(x), wanted, rtol=1e-4, atol=1e-4)


def test_channels_of_pictures_are_standardized():
    x = torch.rand(16, 3, 6, 6) * torch.tensor([1.0, 50, 255]).view(1, 3, 1, 1)
    seen: list[torch.Tensor] = []
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(64, 2))
    model[0].register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    with Applied({"changes": [{"change": "inputs"}]}):
        model(x)
    torch.testing.assert_close(seen[0].mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(seen[0].std((0, 2, 3), unbiased=False), torch.ones(3), rtol=0, atol=1e-4)


@pytest.mark.parametrize("columns", [1, 2])
def test_training_on_far_targets_is_that_on_standardized_ones(columns: int):
    """All rows in each batch, so that the first batch has the mean and spread of all."""
    x, y = data(columns)
    far = 20_000 + 5_000 * y
    scaled = (far - far.mean(0)) / far.std(0, unbiased=False)

    def training(target: torch.Tensor, steps: int) -> Weights:
        model = net(out=columns)
        optimizer = sgd(model)
        for _ in range(steps):
            optimizer.zero_grad()
            F.mse_loss(model(x), target).backward()
            optimizer.step()
        return [parameter.detach().clone() for parameter in model.parameters()]

    # The first step is spent on looking.
    with_change = changed("targets", lambda: training(far, 13))
    if columns == 1:
        for a, b in zip(with_change, training(scaled, 12), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-3)
    with Applied({"changes": [{"change": "targets"}]}):
        model = net(out=columns)
        F.mse_loss(model(x), far).backward()
        assert float(F.mse_loss(model(x), far).detach()) < 10 * float(far.var())


def test_passes_are_made_in_the_mode_for_their_purpose():
    modes: list[bool] = []
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5))
    model[1].register_forward_pre_hook(lambda module, args: modes.append(module.training))
    x = data()[0]
    model.eval()
    with Applied({"changes": [{"change": "train_to_learn"}]}) as applied:
        model(x)
        with torch.no_grad():
            model(x)
        assert not model.training
    model.train()
    with Applied({"changes": [{"change": "eval_to_judge"}]}) as judged:
        model(x)
        with torch.no_grad():
            model(x)
        assert model.training
    assert modes == [True, False, True, False]
    assert applied.acted == judged.acted == 1


def test_dropout_is_made_milder():
    x = torch.ones(20_000)
    with Applied({"changes": [{"change": "dropout", "most": 0.1}]}):
        assert 0.08 < float((nn.Dropout(0.9)(x) == 0).float().mean()) < 0.12
        with torch.no_grad():
            assert torch.equal(F.dropout(x, 0.5), x)


def test_group_norm_does_not_depend_on_the_batch():
    layer = nn.BatchNorm1d(8)
    x = torch.randn(4, 8)
    with Applied({"changes": [{"change": "group_norm"}]}):
        assert torch.allclose(layer(x)[:2], layer(x[:2]), atol=1e-6)


@pytest.mark.parametrize("scheme", ["default", "he", "xavier"])
def test_weights_start_anew_once_and_the_random_state_stays(scheme: str):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(400, 300), nn.ReLU(), nn.Linear(300, 2))
    for parameter in model.parameters():
        nn.init.constant_(parameter, 7.0)
    state = torch.get_rng_state()
    with Applied({"changes": [{"change": "init", "scheme": scheme}]}) as applied:
        model(torch.zeros(2, 400))
        weight = model[0].weight.clone()
        model(torch.zeros(2, 400))
    assert torch.equal(weight, model[0].weight)
    assert torch.equal(torch.get_rng_state(), state)
    assert applied.acted == 2
    wanted = {"default": (3 * 400) ** -0.5, "he": (2 / 400) ** 0.5, "xavier": (2 / 700) ** 0.5}[scheme]
    assert float(weight.std().detach()) == pytest.approx(wanted, rel=0.02)


def test_loaded_weights_stay_and_those_in_lists_are_set():
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(3, 3)]
            self.loaded = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.loaded(self.layers[0](x))

    model = Listed()
    nn.init.zeros_(model.layers[0].weight)
    with Applied({"changes": [{"change": "init", "scheme": "xavier"}]}):
        model.loaded.load_state_dict({"weight": torch.zeros(3, 3), "bias": torch.ones(3)})
        model(torch.zeros(1, 3))
    assert model.layers[0].weight.any()
    assert not model.loaded.weight.any()


def test_recurrent_weights_start_as_rotations():
    model = nn.LSTM(3, 4)
    with Applied({"changes": [{"change": "init", "scheme": "orthogonal"}]}):
        model(torch.zeros(2, 1, 3))
    gate = model.weight_hh_l0[:4]
    torch.testing.assert_close(gate @ gate.T, torch.eye(4), rtol=0, atol=1e-5)


def test_loaders_shuffle_unless_their_order_is_settled():
    rows = TensorDataset(torch.arange(100))
    with Applied({"changes": [{"change": "shuffle"}]}) as applied:
        mixed = torch.cat([batch for (batch,) in DataLoader(rows, batch_size=10)])
        DataLoader(rows, sampler=torch.utils.data.SequentialSampler(rows))
    assert applied.acted == 1
    assert not torch.equal(mixed, torch.arange(100))
    assert torch.equal(mixed.sort().values, torch.arange(100))


def here(offset: int) -> str:
    import inspect

    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"test_changes.py:{frame.f_back.f_lineno + offset}"


def test_cuts_are_undone_at_their_line_only():
    x = torch.randn(3, requires_grad=True) * 2
    with Applied({"changes": [{"change": "no_cut", "line": here(1)}]}) as applied:
        cut = x.detach(), x.data
        other = x.detach(), x.data
    assert [one.requires_grad for one in (*cut, *other)] == [True, True, False, False]
    assert applied.acted == 2


def test_gradients_stay_on_inside_of_a_network():
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(5, 4), nn.Linear(4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                x = self.first(x)
            return self.last(x)

    model = Cut()
    with Applied({"changes": [{"change": "gradients_inside"}]}):
        model(data()[0]).sum().backward()
        with torch.no_grad():
            assert not model(data()[0]).requires_grad
    assert model.first.weight.grad is not None


@pytest.mark.parametrize(
    ("call", "bad"),
    [
        (lambda x: torch.log(x), 0.0), (lambda x: x.sqrt(), 0.0), (lambda x: 1 / x, 0.0),
        (lambda x: x / x, 0.0), (lambda x: torch.acos(x), 1.0), (lambda x: torch.exp(x), 200.0),
        (lambda x: x**-0.5, 0.0),
    ],
)  # fmt: skip
def test_a_pole_is_kept_away_from(call: Any, bad: float):
    line = f"test_changes.py:{call.__code__.co_firstlineno}"
    for kept in (True, False):
        x = torch.tensor([bad], requires_grad=True)
        with Applied(
            {"changes": [{"change": "away_from_pole", "line": line, "eps": 1e-6}]}
            if kept
            else {"changes": []}
        ):
            out = call(x)
            out.sum().backward()
        assert x.grad is not None
        assert bool(torch.isfinite(out).all() and torch.isfinite(x.grad).all()) is kept


def test_what_is_not_finite_becomes_zero():
    model = nn.Linear(2, 1)
    with Applied({"changes": [{"change": "finite_inputs"}]}):
        assert torch.equal(model(torch.tensor([[float("nan"), 1.0]])), model(torch.tensor([[0.0, 1.0]])))


SETTINGS: dict[str, dict[str, Any]] = {
    "away_from_pole": {"line": "x.py:1", "eps": 1e-6}, "clip": {"norm": 1.0}, "dropout": {"most": 0.1},
    "few_rows": {"rows": 8},
    "init": {"scheme": "he"}, "looser_clip": {"norm": None}, "lr": {"times": 0.1},
    "no_cut": {"line": "x.py:1"}, "create_graph": {"line": "x.py:1"},
    "own_backward": {"function": "Own"}, "weaker_terms": {"times": 0.01}, "weight_decay": {"times": 0.0},
    "replace": {"which": ["relu"], "by": "leaky_relu"},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_afterwards_nothing_is_left(name: str):
    importlib.import_module("torch._dynamo")  # the first optimizer imports it, and it changes `torch`
    owners = (torch, torch.Tensor, torch.autograd, F, nn.Module, torch.optim.Optimizer, nn.utils, DataLoader)
    before = [dict(vars(owner)) for owner in owners]
    with Applied({"changes": [{"change": name, **SETTINGS.get(name, {})}]}):
        model = net()
        weights = loop(model, sgd(model))
    assert all(bool(torch.isfinite(one).all()) for one in weights)
    for owner, was in zip(owners, before, strict=True):
        now = dict(vars(owner))
        assert {key for key in now | was if now.get(key) is not was.get(key)} <= {"__annotations_cache__"}
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks


Both = namedtuple("Both", ("x", "y"))
FORMS: dict[str, Callable[[list[Any]], Any]] = {
    "a pair": default_collate,
    "a dictionary": lambda rows: dict(zip("xy", default_collate(rows), strict=True)),
    "a named tuple": lambda rows: Both(*default_collate(rows)),
    "one tensor": lambda rows: torch.stack([torch.stack(row) for row in rows]),
}


def columns(batch: Any) -> list[torch.Tensor]:
    if isinstance(batch, torch.Tensor):
        return list(batch.T)
    return list(batch.values()) if isinstance(batch, dict) else list(batch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_first_rows_again_and_again_in_the_batchs_own_form(form: Callable[[list[Any]], Any]):
    rows = TensorDataset(torch.arange(10), torch.arange(10) + 100)
    with Applied({"changes": [{"change": "few_rows", "rows": 3}]}) as applied:
        batches = list(DataLoader(rows, batch_size=4, collate_fn=form))
    assert applied.acted == 3
    assert [type(batch) for batch in batches] == [type(form([rows[0]]))] * 3
    for batch, places in zip(batches, ([0, 1, 2, 0], [0, 1, 2, 0], [0, 1]), strict=True):
        x, y = columns(batch)
        assert x.tolist() == places
        assert y.tolist() == [place + 100 for place in places]


def seen_by_hand(step: Callable[[nn.Module, torch.Tensor, torch.Tensor], object]) -> tuple[int, list[Any]]:
    """What a loss without loaders is given in three steps of four rows, of which two are to be learnt."""
    model, met, original = nn.Linear(1, 1), list[Any](), nn.functional.mse_loss

    def mse_loss(output: torch.Tensor, target: torch.Tensor, **_: object) -> torch.Tensor:
        met.append(target.flatten().tolist())
        return original(output, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.functional, "mse_loss", mse_loss)
        with Applied({"changes": [{"change": "few_rows", "rows": 2}]}) as applied:
            for start in range(0, 12, 4):
                x = torch.arange(start, start + 4.0)[:, None]
                step(model, x, x)
    return applied.acted, met


def test_a_network_and_its_loss_get_the_first_rows_where_no_loader_gives_them():
    given: list[Any] = []

    def step(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
        handle = model.register_forward_pre_hook(lambda _, args: given.append(args[0].flatten().tolist()))
        nn.MSELoss()(model(x), y)
        handle.remove()
        with torch.no_grad():
            model(x)  # as an evaluation does

    assert seen_by_hand(step) == (3, [[0, 1, 0, 1]] * 3)
    assert given[:3] == [[0, 1, 0, 1]] * 3


@pytest.mark.parametrize(
    "step",
    [
        lambda model, x, y: nn.MSELoss()(model(x), model(y)),  # two calls a step
        lambda model, x, y: [nn.MSELoss()(out, y) for out in [model(x)] * 2],
        lambda model, x, y: nn.MSELoss()(model(x).T, y.T),  # not as many rows
    ],
    ids=["two networks", "two losses", "another axis"],
)
def test_where_networks_and_losses_dont_come_in_turn_it_gives_up(step: Callable[..., object]):
    acted, met = seen_by_hand(step)
    assert acted <= 1
    assert met[-1] != [0, 1, 0, 1]


def test_batches_whose_tensors_differ_in_length_stay():
    lengths = [torch.zeros(3, 2), torch.zeros(4)]
    with Applied({"changes": [{"change": "few_rows", "rows": 2}]}) as applied:
        (batch,) = DataLoader([0], collate_fn=lambda _: lengths)
    assert batch is lengths
    assert applied.acted == 0
