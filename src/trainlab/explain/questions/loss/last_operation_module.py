"""What a live module's output is, read from the last operations of its autograd graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.errors import ExplainError, listing
from trainlab.maths import ACTIVATIONS, Activation

ACTIVATION_NODES = {entry.autograd_node: entry for entry in ACTIVATIONS.values() if entry.autograd_node}
LINEAR_NODES = (
    "AddmmBackward",
    "MmBackward",
    "MvBackward",
    "AddmvBackward",
    "BmmBackward",
    "BaddbmmBackward",
    "DotBackward",
    "LinearBackward",
    "ConvolutionBackward",
    "MkldnnConvolutionBackward",
    "AddBackward",
    "SubBackward",
    "MeanBackward",
    "SumBackward",
    "NativeBatchNormBackward",
    "NativeLayerNormBackward",
    "EmbeddingBackward",
)
SUMS = ("AddBackward", "SubBackward")
SHAPING_NODES = (
    "ViewBackward",
    "UnsafeViewBackward",
    "ReshapeAliasBackward",
    "SqueezeBackward",
    "UnsqueezeBackward",
    "TBackward",
    "TransposeBackward",
    "PermuteBackward",
    "SelectBackward",
    "SliceBackward",
    "CloneBackward",
    "AliasBackward",
    "ToCopyBackward",
    "ExpandBackward",
)
"""The operations that move numbers without changing them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The output `activation`, and its `node` in the graph, None if it is linear.

    `last` is the node whose numbers are then only moved: the activation's, or that of a logarithm after it.
    """

    activation: str
    node: Any = None
    last: Any = None


def last_operation(outputs: Any) -> Ending:
    """Return what the outputs end in.

    Raises:
        ExplainError: the outputs depend on no parameter, or end in an operation that isn't known.
    """
    if outputs.grad_fn is None:
        raise ExplainError(
            "module: its outputs depend on no parameter in a way that autograd can follow; return what its "
            "layers compute, without detach(), numpy() or torch.no_grad()."
        )
    node = _unshaped(outputs.grad_fn)
    kind, inner = _kind(node), _inputs(node)
    if kind == "LogBackward" and _kind(node.next_functions[0][0]) == "SoftmaxBackward":
        # log(softmax(z)) written out: another way to the same numbers.
        return Ending(activation="log_softmax", node=inner[0], last=node)
    if kind == "EluBackward" and getattr(node, "_saved_scale", 1.0) != 1.0:
        return Ending(activation="selu", node=node, last=node)
    if kind in ACTIVATION_NODES:
        _check_settings(ACTIVATION_NODES[kind], node)
        return Ending(activation=ACTIVATION_NODES[kind].name, node=node, last=node)
    # A sum of activations, such as sigmoid(z) + 1, isn't linear.
    if kind in LINEAR_NODES and not (kind in SUMS and any(_kind(each) in ACTIVATION_NODES for each in inner)):
        return Ending(activation="linear")
    known = listing(entry.name for entry in ACTIVATION_NODES.values()).replace("'", "")
    raise ExplainError(
        f"module: its outputs end in {node.name()}, after which it can't be told what they are; end in a "
        f"linear layer, {known}."
    )


def output_places(torch: Any, outputs: Any, ending: Ending) -> Any:
    """Return at which of the activation's numbers each output stands, as flat places; None if it is linear.

    Numbered outputs sent back through what only moves them arrive at the numbers that they came from.

    Raises:
        ExplainError: a number of the activation stands in several outputs; or it has numbers in none, though
            each depends on all the sums.
    """
    if ending.node is None:
        return None
    caught: list[Any] = []

    def catch(_grad_inputs: Any, grad_outputs: Any) -> None:
        caught.append(grad_outputs[0])

    handle = ending.last.register_hook(catch)
    count = outputs.numel()
    # Exact: whole numbers (up to 2⁵³ in float64), and nothing adds up or is scaled on the way.
    numbers = torch.arange(1, count + 1, dtype=outputs.dtype, device=outputs.device).reshape(outputs.shape)
    outputs.backward(numbers, retain_graph=True)
    handle.remove()
    arrived = caught[0].reshape(-1)
    found = torch.nonzero(arrived).reshape(-1)
    order = torch.argsort(arrived[found])
    if not torch.equal(arrived[found][order], numbers.reshape(-1)):
        raise ExplainError(
            f"module: numbers of its last {ending.activation} stand in several outputs; return each once."
        )
    if len(found) < len(arrived) and not ACTIVATIONS[ending.activation].elementwise:
        raise ExplainError(
            f"module: returns {count:,} of the {len(arrived):,} numbers of its last {ending.activation}, "
            "each of which depends on all the sums; return them all."
        )
    return found[order].cpu().numpy()


def _unshaped(node: Any) -> Any:
    while _kind(node) in SHAPING_NODES:
        node = node.next_functions[0][0]
    return node


def _inputs(node: Any) -> list[Any]:
    return [_unshaped(each) for each, _ in node.next_functions if each is not None]


def _check_settings(activation: Activation, node: Any) -> None:
    for name, usual in activation.autograd_settings.items():
        value = getattr(node, f"_saved_{name}", usual)
        if value != usual:
            raise ExplainError(
                f"module: its outputs end in {activation.name} with {name} = {value!r}; "
                f"the table of pairings is for torch's default, {usual!r}."
            )


def _kind(node: Any) -> str:
    """Return a node's name without the number of its overload: ``AddBackward0`` is ``AddBackward``."""
    return str(node.name()).rstrip("0123456789")
