"""Healthy trainings that use PyTorch in uncommon ways, as functions that return what they trained."""

from __future__ import annotations

import contextlib
import copy
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize

Trained = list[torch.Tensor]
STYLES: dict[str, Callable[[], Trained]] = {}
STEPS = 90


def style(training: Callable[[], Trained]) -> Callable[[], Trained]:
    """Enter a training under its name."""
    STYLES[training.__name__] = training
    return training


def data(rows: int = 256) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs of 8 features and a label each that a small network learns in a few dozen steps."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(rows, 8, generator=generator)
    return x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).long()


def batches(steps: int = STEPS, *, size: int = 32) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield shuffled mini-batches."""
    x, y = data()
    for step in range(steps):
        if step % (len(x) // size) == 0:
            order = torch.randperm(len(x))
        rows = order[step % (len(x) // size) * size :][:size]
        yield x[rows], y[rows]


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))


def train(
    model: Callable[..., torch.Tensor],
    optimizer: torch.optim.Optimizer,
    *,
    steps: int = STEPS,
    change: Callable[[torch.Tensor], torch.Tensor] = lambda x: x,
) -> None:
    for xb, yb in batches(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(change(xb)), yb).backward()
        optimizer.step()


def adam(model: nn.Module, **options: Any) -> torch.optim.Adam:
    return torch.optim.Adam(model.parameters(), lr=0.01, **options)


def weights(*modules: nn.Module) -> Trained:
    return [tensor for module in modules for tensor in module.state_dict().values()]


@style
def compiled_eager() -> Trained:
    model = network()
    train(torch.compile(model, backend="eager"), adam(model))
    return weights(model)


@style
def compiled_aot_eager() -> Trained:
    model = network()
    train(torch.compile(model, backend="aot_eager"), adam(model))
    return weights(model)


@style
def compiled_in_place() -> Trained:
    model = network()
    model.compile(backend="eager")
    train(model, adam(model))
    return weights(model)


@style
def compiled_loss_step() -> Trained:
    model = network()
    optimizer = adam(model)

    @torch.compile(backend="eager")
    def loss_of(xb: torch.Tensor, yb: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(model(xb), yb)

    for xb, yb in batches():
        optimizer.zero_grad()
        loss_of(xb, yb).backward()
        optimizer.step()
    return weights(model)


@style
def compiled_in_train_and_eval_mode() -> Trained:
    model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
    compiled = torch.compile(model, backend="eager")
    optimizer = adam(model)
    x, _ = data()
    for _ in range(6):
        compiled.train()
        train(compiled, optimizer, steps=24)
        compiled.eval()
        with torch.no_grad():
            compiled(x)
    return weights(model)


@style
def compiled_optimizer_step() -> Trained:
    model = network()
    optimizer = adam(model)

    @torch.compile(backend="aot_eager", fullgraph=False)
    def step() -> None:
        optimizer.step()

    for xb, yb in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
        step()
    return weights(model)


@style
def compiled_training_step() -> Trained:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)

    @torch.compile(backend="aot_eager")
    def step(xb: torch.Tensor, yb: torch.Tensor) -> torch.Tensor:
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    for xb, yb in batches():
        step(xb, yb)
    return weights(model)


@style
def scripted() -> Trained:
    model = torch.jit.script(network())
    train(model, adam(model))
    return weights(model)


@style
def traced() -> Trained:
    model = torch.jit.trace(network(), data()[0][:4])
    train(model, adam(model))
    return weights(model)


@style
def symbolically_traced() -> Trained:
    model = torch.fx.symbolic_trace(network())
    train(model, adam(model))
    return weights(model)


@style
def functional_call_and_grad() -> Trained:
    model = network()
    values = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def loss_of(values: dict[str, torch.Tensor], xb: torch.Tensor, yb: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(torch.func.functional_call(model, values, (xb,)), yb)

    for xb, yb in batches():
        grads = torch.func.grad(loss_of)(values, xb, yb)
        values = {name: value - 0.3 * grads[name] for name, value in values.items()}
    return list(values.values())


@style
def ensemble_by_vmap() -> Trained:
    models = [network() for _ in range(3)]
    values, buffers = torch.func.stack_module_state(models)
    base = copy.deepcopy(models[0]).to("meta")
    optimizer = torch.optim.Adam(values.values(), lr=0.01)

    def one(values: Any, buffers: Any, x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(base, (values, buffers), (x,))

    for xb, yb in batches():
        optimizer.zero_grad()
        out = torch.vmap(one, in_dims=(0, 0, None))(values, buffers, xb)
        F.cross_entropy(out.flatten(0, 1), yb.repeat(3)).backward()
        optimizer.step()
    return list(values.values())


@style
def gradients_for_each_row() -> Trained:
    model = network()
    optimizer = adam(model)

    def loss_of(values: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(torch.func.functional_call(model, values, (x[None],)), y[None])

    for xb, yb in batches():
        values = {name: parameter.detach() for name, parameter in model.named_parameters()}
        grads = torch.vmap(torch.func.grad(loss_of), in_dims=(None, 0, 0))(values, xb, yb)
        for name, parameter in model.named_parameters():
            parameter.grad = grads[name].mean(0)
        optimizer.step()
    return weights(model)


@style
def data_parallel() -> Trained:
    model = nn.DataParallel(network())
    train(model, adam(model))
    return weights(model)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """A process group of one."""
    from torch import distributed

    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        yield
    finally:
        distributed.destroy_process_group()


@style
def distributed_data_parallel() -> Trained:
    with alone():
        model = nn.parallel.DistributedDataParallel(network())
        train(model, adam(model))
        return weights(model)


@style
def fully_sharded() -> Trained:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    with alone():
        mesh = init_device_mesh("cpu", (1,))
        model = network()
        for layer in model:
            if isinstance(layer, nn.Linear):
                fully_shard(layer, mesh=mesh)
        fully_shard(model, mesh=mesh)
        train(model, adam(model))
        return [tensor.full_tensor() for tensor in weights(model)]


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        gate = torch.sigmoid(x)
        return grad * (gate + x * gate * (1 - gate))


@style
def function_of_ones_own() -> Trained:
    first, last = nn.Linear(8, 32), nn.Linear(32, 2)
    optimizer = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=0.01)
    train(lambda xb: last(Swish.apply(first(xb))), optimizer)
    return weights(first, last)


class Tagged(torch.Tensor):
    """A plain subclass."""


class Wrapped(torch.Tensor):
    """A subclass with a say in every function, which it counts."""

    calls = 0

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        Wrapped.calls += 1
        return super().__torch_function__(func, types, args, kwargs or {})


@style
def tensor_subclasses() -> Trained:
    model = network()
    train(lambda xb: model(xb.as_subclass(Tagged)), adam(model))
    return weights(model)


@style
def tensor_subclasses_with_a_say() -> Trained:
    model = network()
    optimizer = adam(model)
    for xb, yb in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(xb.as_subclass(Wrapped)), yb).backward()
        optimizer.step()
    calls, Wrapped.calls = Wrapped.calls, 0
    return [*weights(model), torch.tensor(calls)]


@style
def modes_of_ones_own() -> Trained:
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    calls: list[str] = []

    class Functions(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            calls.append("function")
            return func(*args, **(kwargs or {}))

    class Operations(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            calls.append("operation")
            return func(*args, **(kwargs or {}))

    model = network()
    optimizer = adam(model)
    for mode in (Functions(), Operations()):
        with mode:
            train(model, optimizer, steps=30)
    train(model, optimizer, steps=30)
    return [*weights(model), torch.tensor([calls.count("function"), calls.count("operation")])]


class Gate(nn.Parameter):
    """A parameter of a class of its own."""


@style
def parameter_subclass() -> Trained:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network()
            self.gate = Gate(torch.ones(8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x * self.gate)

    model = Gated()
    train(model, adam(model))
    return weights(model)


@style
def sparse_inputs() -> Trained:
    weight = (torch.randn(8, 32) * 0.3).requires_grad_()
    bias = torch.zeros(32, requires_grad=True)
    head = nn.Linear(32, 2)
    optimizer = torch.optim.Adam([weight, bias, *head.parameters()], lr=0.01)
    train(
        lambda xb: head(torch.relu(torch.sparse.mm(xb, weight) + bias)),
        optimizer,
        change=lambda xb: xb.to_sparse(),
    )
    return [weight, bias, *weights(head)]


@style
def sparse_inputs_to_a_module() -> Trained:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(8, 32) * 0.3)
            self.head = nn.Linear(32, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.relu(torch.sparse.mm(x, self.weight)))

    model = Net()
    train(model, adam(model), change=lambda xb: xb.to_sparse())
    return weights(model)


@style
def sparse_gradients() -> Trained:
    table = nn.EmbeddingBag(20, 16, sparse=True)
    head = nn.Linear(16, 2)
    optimizers = torch.optim.SparseAdam(table.parameters(), lr=0.05), adam(head)
    generator = torch.Generator().manual_seed(1)
    words = torch.randint(0, 20, (256, 5), generator=generator)
    labels = (words < 6).any(1).long()
    for _ in range(STEPS):
        rows = torch.randperm(256)[:32]
        loss = F.cross_entropy(head(table(words[rows])), labels[rows])
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    return weights(table, head)


@style
def complex_parameters() -> Trained:
    class Spectral(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.filter = nn.Parameter(torch.randn(5, dtype=torch.complex64) * 0.3 + 1)
            self.body = network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(torch.fft.irfft(torch.fft.rfft(x) * self.filter, n=8))

    model = Spectral()
    train(model, adam(model))
    return weights(model)


@style
def complex_inputs() -> Trained:
    first, last = nn.Linear(8, 16, dtype=torch.complex64), nn.Linear(16, 2)
    optimizer = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=0.01)
    train(lambda xb: last(first(xb).abs()), optimizer, change=lambda xb: torch.complex(xb, xb.roll(1, 1)))
    return weights(first, last)


@style
def bfloat16_throughout() -> Trained:
    model = network().bfloat16()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    train(model, optimizer, change=lambda xb: xb.bfloat16())
    return weights(model)


@style
def float16_network() -> Trained:
    model = network().half()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for xb, yb in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(xb.half()).float(), yb).backward()
        optimizer.step()
    return weights(model)


@style
def float64_by_default() -> Trained:
    torch.set_default_dtype(torch.float64)
    try:
        model = network()
        train(model, adam(model), change=lambda xb: xb.double())
        return weights(model)
    finally:
        torch.set_default_dtype(torch.float32)


@style
def fake_quantised() -> Trained:
    first, last = nn.Linear(8, 32), nn.Linear(32, 2)
    optimizer = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=0.01)

    def coarse(x: torch.Tensor) -> torch.Tensor:
        scale = float(x.detach().abs().max()) / 127
        return torch.fake_quantize_per_tensor_affine(x, scale, 0, -128, 127)

    train(lambda xb: last(coarse(torch.relu(F.linear(xb, coarse(first.weight), first.bias)))), optimizer)
    return weights(first, last)


@style
def quantised_tensors_in_evaluation() -> Trained:
    model = network()
    optimizer = adam(model)
    x, _ = data()
    for _ in range(3):
        train(model, optimizer, steps=30)
        with torch.no_grad():
            coarse = torch.quantize_per_tensor(model(x), 0.1, 0, torch.qint8)
            coarse.dequantize()
    return weights(model)


@style
def checkpointed() -> Trained:
    from torch.utils.checkpoint import checkpoint

    first = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1))
    last = nn.Linear(32, 2)
    optimizer = torch.optim.Adam([*first.parameters(), *last.parameters()], lr=0.01)
    train(lambda xb: last(checkpoint(first, xb, use_reentrant=False)), optimizer)
    return weights(first, last)


@style
def checkpointed_reentrant() -> Trained:
    from torch.utils.checkpoint import checkpoint

    first, middle, last = nn.Linear(8, 32), nn.Sequential(nn.ReLU(), nn.Linear(32, 32)), nn.Linear(32, 2)
    parts = nn.ModuleList([first, middle, last])
    train(lambda xb: last(checkpoint(middle, first(xb), use_reentrant=True)), adam(parts))
    return weights(parts)


@style
def checkpointed_reentrant_inside() -> Trained:
    from torch.utils.checkpoint import checkpoint

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(8, 32)
            self.block = nn.Sequential(nn.ReLU(), nn.Linear(32, 32), nn.Dropout(0.1), nn.ReLU())
            self.last = nn.Linear(32, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(checkpoint(self.block, self.first(x), use_reentrant=True))

    model = Deep()
    train(model, adam(model))
    return weights(model)


@style
def checkpointed_module() -> Trained:
    from torch.utils.checkpoint import checkpoint_sequential

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(8, 32)
            self.blocks = nn.Sequential(nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return checkpoint_sequential(self.blocks, 2, self.first(x), use_reentrant=False)

    model = Deep()
    train(model, adam(model))
    return weights(model)


@style
def saved_tensors_packed() -> Trained:
    model = network()

    def on_cpu(xb: torch.Tensor) -> torch.Tensor:
        with torch.autograd.graph.save_on_cpu():
            return model(xb)

    train(on_cpu, adam(model))
    return weights(model)


@style
def lbfgs_with_a_closure() -> Trained:
    model = network()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4, line_search_fn="strong_wolfe")
    x, y = data()
    for _ in range(15):

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y) + 1e-3 * sum(one.square().sum() for one in model.parameters())
            loss.backward()
            return loss

        optimizer.step(closure)
    return weights(model)


@style
def evaluation_in_inference_mode() -> Trained:
    model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = adam(model)
    x, y = data()
    for _ in range(5):
        model.train()
        train(model, optimizer, steps=24)
        model.eval()
        with torch.inference_mode():
            out = model(x)
            F.cross_entropy(out, y).item()
            (out.argmax(1) == y).float().mean().item()
    return weights(model)


@style
def hooks_of_ones_own() -> Trained:
    model = network()
    norms: list[float] = []
    model[0].register_forward_pre_hook(lambda module, args: (args[0] * 0.9,))
    model[0].register_forward_hook(lambda module, args, out: out + 0.01)
    model[2].register_full_backward_hook(lambda module, into, out: norms.append(float(out[0].norm())))
    model[2].register_full_backward_pre_hook(lambda module, out: (out[0] * 1.1,))
    model[0].weight.register_hook(lambda grad: grad.clamp(-1, 1))
    train(model, adam(model))
    return [*weights(model), torch.tensor(norms)]


@style
def global_hooks_of_ones_own() -> Trained:
    calls: list[str] = []
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, args, out: calls.append(type(module).__name__)
    )
    try:
        model = network()
        train(model, adam(model))
    finally:
        handle.remove()
    return [*weights(model), torch.tensor(len(calls))]


@style
def steps_inside_of_backward() -> Trained:
    model = network()
    optimizers = {one: torch.optim.Adam([one], lr=0.01) for one in model.parameters()}

    def step(parameter: torch.Tensor) -> None:
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for one in model.parameters():
        one.register_post_accumulate_grad_hook(step)
    for xb, yb in batches():
        F.cross_entropy(model(xb), yb).backward()
    return weights(model)


def _optimized(make: Callable[[Any], torch.optim.Optimizer]) -> Callable[[], Trained]:
    def training() -> Trained:
        model = network()
        train(model, make(model.parameters()))
        return weights(model)

    return training


STYLES |= {
    "foreach": _optimized(lambda some: torch.optim.AdamW(some, lr=0.01, foreach=True)),
    "fused": _optimized(lambda some: torch.optim.AdamW(some, lr=0.01, fused=True)),
    "fused_sgd": _optimized(lambda some: torch.optim.SGD(some, lr=0.1, momentum=0.9, fused=True)),
    "rate_in_a_tensor": _optimized(lambda some: torch.optim.Adam(some, lr=torch.tensor(0.01))),
    "differentiable": _optimized(lambda some: torch.optim.RMSprop(some, lr=0.003)),
    "maximised": _optimized(lambda some: Negated(torch.optim.Adam(some, lr=0.01))),
}


class Negated:
    """An optimizer around another one, as schedulers of one's own and Lookahead are."""

    def __init__(self, inner: torch.optim.Optimizer) -> None:
        self.inner = inner

    def zero_grad(self) -> None:
        self.inner.zero_grad()

    def step(self) -> None:
        self.inner.step()


@style
def optimizer_of_ones_own() -> Trained:
    class Plain(torch.optim.Optimizer):
        def __init__(self, parameters: Any) -> None:
            super().__init__(parameters, {"lr": 0.3})

        @torch.no_grad()
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for one in group["params"]:
                    one -= group["lr"] * one.grad

    model = network()
    train(model, Plain(model.parameters()))
    return weights(model)


@style
def scaled_and_autocast() -> Trained:
    model = network()
    optimizer = adam(model)
    scaler = torch.amp.GradScaler("cpu")
    for xb, yb in batches():
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(model(xb), yb)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        scaler.step(optimizer)
        scaler.update()
    return weights(model)


@style
def batches_made_in_a_thread() -> Trained:
    model = network()
    optimizer = adam(model)
    ready: queue.Queue[Any] = queue.Queue(maxsize=4)

    def fill() -> None:
        generator = torch.Generator().manual_seed(2)
        x, y = data()
        for _ in range(STEPS):
            rows = torch.randperm(len(x), generator=generator)[:32]
            ready.put((x[rows], y[rows]))

    threading.Thread(target=fill, daemon=True).start()
    for _ in range(STEPS):
        xb, yb = ready.get()
        optimizer.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
        optimizer.step()
    return weights(model)


@style
def two_threads_train() -> Trained:
    models = network(), network()
    x, y = data()

    def work(model: nn.Module, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        optimizer = adam(model)
        for _ in range(STEPS):
            rows = torch.randperm(len(x), generator=generator)[:32]
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()

    other = threading.Thread(target=work, args=(models[1], 2))
    other.start()
    work(models[0], 1)
    other.join()
    return weights(*models)


@style
def averaged_copies() -> Trained:
    from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

    model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
    ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.95))
    swa = AveragedModel(model)
    own = copy.deepcopy(model).requires_grad_(False)
    optimizer = adam(model)
    schedule = SWALR(optimizer, swa_lr=0.005)
    x, y = data()
    for epoch in range(6):
        model.train()
        for xb, yb in batches(24):
            optimizer.zero_grad()
            F.cross_entropy(model(xb), yb).backward()
            optimizer.step()
            ema.update_parameters(model)
            with torch.no_grad():
                for kept, now in zip(own.parameters(), model.parameters(), strict=True):
                    kept.lerp_(now, 0.1)
        if epoch > 2:
            swa.update_parameters(model)
            schedule.step()
        ema.eval()
        with torch.no_grad():
            (ema(x).argmax(1) == y).float().mean().item()
    update_bn([(x, y)], swa)
    return weights(model, ema, swa, own)


@style
def normed_weights() -> Trained:
    model = nn.Sequential(
        parametrizations.weight_norm(nn.Linear(8, 32)), nn.ReLU(),
        parametrizations.spectral_norm(nn.Linear(32, 32)), nn.ReLU(), nn.Linear(32, 2),
    )  # fmt: skip
    train(model, adam(model))
    return weights(model)


@style
def orthogonal_weights() -> Trained:
    model = nn.Sequential(parametrizations.orthogonal(nn.Linear(8, 8)), network())
    train(model, adam(model))
    return weights(model)


class Symmetric(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.triu() + x.triu(1).T


@style
def parametrised() -> Trained:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), network())
    parametrize.register_parametrization(model[0], "weight", Symmetric())
    train(model, adam(model))
    return weights(model)


@style
def shared_layers() -> Trained:
    shared = nn.Linear(16, 16)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(16, 2))
    train(model, adam(model))
    return weights(model)


@style
def lazy_layers() -> Trained:
    model = nn.Sequential(nn.LazyLinear(32), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(2))
    optimizer = adam(model)
    train(model, optimizer)
    return weights(model)


@style
def modules_with_slots() -> Trained:
    class Slotted(nn.Module):
        __slots__ = ("scale",)

        def __init__(self) -> None:
            super().__init__()
            self.body = network()
            self.scale = 2.0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x) * self.scale

    class Trainer:
        __slots__ = ("model", "optimizer")

        def __init__(self) -> None:
            self.model = Slotted()
            self.optimizer = adam(self.model)

    trainer = Trainer()
    train(trainer.model, trainer.optimizer)
    return weights(trainer.model)


@style
def functions_over_dictionaries() -> Trained:
    values = {
        "w1": (torch.randn(8, 32) * 0.4).requires_grad_(),
        "b1": torch.zeros(32, requires_grad=True),
        "w2": (torch.randn(32, 2) * 0.2).requires_grad_(),
        "b2": torch.zeros(2, requires_grad=True),
    }
    for xb, yb in batches():
        hidden = torch.relu(xb @ values["w1"] + values["b1"])
        loss = F.cross_entropy(hidden @ values["w2"] + values["b2"], yb)
        grads = torch.autograd.grad(loss, list(values.values()))
        with torch.no_grad():
            for value, grad in zip(values.values(), grads, strict=True):
                value -= 0.3 * grad
    return list(values.values())


@style
def gradients_of_gradients() -> Trained:
    model = network()
    optimizer = adam(model)
    for xb, yb in batches():
        inner = F.cross_entropy(model(xb[:16]), yb[:16])
        grads = torch.autograd.grad(inner, list(model.parameters()), create_graph=True)
        moved = {
            name: one - 0.1 * grad for (name, one), grad in zip(model.named_parameters(), grads, strict=True)
        }
        outer = F.cross_entropy(torch.func.functional_call(model, moved, (xb[16:],)), yb[16:])
        optimizer.zero_grad()
        outer.backward()
        optimizer.step()
    return weights(model)


@style
def device_set_by_default() -> Trained:
    torch.set_default_device("cpu")
    try:
        model = network()
        train(model, adam(model))
        return weights(model)
    finally:
        torch.set_default_device(None)


@style
def anomalies_looked_for() -> Trained:
    model = network()
    with torch.autograd.set_detect_anomaly(True, check_nan=True):
        train(model, adam(model), steps=70)
    return weights(model)


@style
def forward_called_by_name() -> Trained:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(8, 32), nn.Linear(32, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(torch.relu(self.first(x)))

    model = Net()
    train(model.forward, adam(model))
    return weights(model)


@style
def meta_device_first() -> Trained:
    with torch.device("meta"):
        model = network()
    model.to_empty(device="cpu")
    for layer in (model[0], model[2]):
        layer.reset_parameters()
    train(model, adam(model))
    return weights(model)


@style
def counted_flops() -> Trained:
    from torch.utils.flop_counter import FlopCounterMode

    model = network()
    optimizer = adam(model)
    with FlopCounterMode(display=False):
        train(model, optimizer, steps=5)
    train(model, optimizer)
    return weights(model)


@style
def attention_with_masks() -> Trained:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(12, 16, padding_idx=0)
            layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
            self.body = nn.TransformerEncoder(layer, 1)
            self.head = nn.Linear(16, 2)

        def forward(self, words: torch.Tensor) -> torch.Tensor:
            out = self.body(self.table(words), src_key_padding_mask=words == 0)
            return self.head(out[:, 0])

    generator = torch.Generator().manual_seed(1)
    words = torch.randint(1, 12, (256, 6), generator=generator)
    words[:, 4:] *= torch.randint(0, 2, (256, 1), generator=generator)
    labels = (words == 3).any(1).long()
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(4):
        model.train()
        for rows in torch.randperm(256).split(16):
            optimizer.zero_grad()
            F.cross_entropy(model(words[rows]), labels[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            (model(words).argmax(1) == labels).float().mean().item()
    return weights(model)


@style
def packed_sequences() -> Trained:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(2, 16, batch_first=True)
            self.head = nn.Linear(16, 2)

        def forward(self, packed: Any) -> torch.Tensor:
            _, last = self.rnn(packed)
            return self.head(last[-1])

    model = Reader()
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(2, 6, (256,), generator=generator)
    x = torch.randn(256, 6, 2, generator=generator)
    y = (x[:, 0, 0] + x[:, 1, 1] > 0).long()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(10):
        for rows in torch.randperm(256).split(32):
            packed = nn.utils.rnn.pack_padded_sequence(
                x[rows], lengths[rows], batch_first=True, enforce_sorted=False
            )
            optimizer.zero_grad()
            F.cross_entropy(model(packed), y[rows]).backward()
            optimizer.step()
    return weights(model)
