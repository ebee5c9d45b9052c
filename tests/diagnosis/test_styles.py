"""Uncommon ways to use PyTorch: the same weights to the bit, no finding, and no stumbling of the probe."""

from __future__ import annotations

import pytest
import torch
from diagnosis.styles import STEPS, STYLES, adam, network, train, weights
from diagnosis.watched import faults

from trainlab.diagnosis import watch

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{words}")
    for words in (
        "`torch.jit", "torch.quantize_per_tensor", "The PyTorch API of nested tensors",
        "Sparse CSR", "The .grad attribute of a Tensor",
    )
]  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", STYLES)
def test_a_style(name: str):
    training = STYLES[name]
    torch.manual_seed(0)
    plain = training()
    state = torch.get_rng_state()
    torch.manual_seed(0)
    with watch() as watched:
        heard = training()
    assert torch.equal(torch.get_rng_state(), state)
    assert bits(heard) == bits(plain)
    assert watched.report.troubles == ()
    assert faults(watched.report) == []
    assert torch._C._len_torch_function_stack() == 0


def bits(tensors: list[torch.Tensor]) -> list[bytes]:
    return [
        bytes(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
        if tensor.dim()
        else tensor.detach().reshape(1).view(torch.uint8).numpy().tobytes()
        for tensor in tensors
    ]


@pytest.mark.parametrize("name", ["compiled_eager", "compiled_optimizer_step", "compiled_training_step"])
def test_compiled_code_is_counted_and_told(name: str):
    torch.manual_seed(0)
    with watch() as watched:
        STYLES[name]()
    report = watched.report
    assert report.card["steps"] == STEPS
    assert report.card["backward_passes"] == (0 if name == "compiled_training_step" else STEPS)
    assert report.looked_at["compiled_calls"] == STEPS
    assert "Of 90 calls of compiled code only what goes in and comes out" in " ".join(str(report).split())
    if name == "compiled_eager":
        assert report.card["models"][0]["name"] == "Sequential"


def test_a_network_compiled_before_anyone_listened_is_none_the_worse():
    def trained(*, listening: bool) -> list[bytes]:
        torch.manual_seed(0)
        model = network()
        compiled, optimizer = torch.compile(model, backend="eager"), adam(model)
        train(compiled, optimizer, steps=3)
        if listening:
            with watch() as watched:
                train(compiled, optimizer)
            assert watched.report.troubles == ()
            assert watched.report.card["steps"] == STEPS
        else:
            train(compiled, optimizer)
        return bits(weights(model))

    assert trained(listening=True) == trained(listening=False)


def test_torch_is_left_as_it_was():
    before = torch.compile
    with watch():
        assert torch.compile is not before
    assert torch.compile is before
