"""Which layers of a network collapse, linear ones with nothing between them that isn't affine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.draw import Cell, counted, format_number, join
from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.questions.neuron.linear_stack import Collapse, Difference, Linear, collapse, few_numbers
from trainlab.page.section import Section, Table
from trainlab.spec import Network


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chain:
    """Layers that follow each other, up to what ends the chain.

    `places` name the linear layers, and the batch-norms among them, in order; `linears` of them are linear.
    `passed` names what stands between and does nothing. `stack` is their weights; `parameters` how many
    numbers they hold; `stop` says what comes next.
    """

    places: tuple[str, ...]
    linears: int
    passed: tuple[str, ...]
    stop: str
    stack: tuple[Linear, ...]
    parameters: int

    @property
    def collapses(self) -> bool:
        """Whether two linear layers or more are in it."""
        return self.linears > 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Merged:
    """A chain that collapses, the layer that replaces it, and how far the two differ over the data."""

    chain: Chain
    single: Collapse
    difference: Difference

    def to_dict(self) -> dict[str, Any]:
        """Return the merger ready for JSON."""
        bias = self.single.bias
        return {
            "places": list(self.chain.places),
            "passed": list(self.chain.passed),
            "parameters_before": self.chain.parameters,
            "parameters_after": self.single.parameters_after,
            "rank_at_most": self.single.rank_at_most,
            "weight": few_numbers(self.single.weight),
            "bias": None if bias is None else few_numbers(bias),
            "difference": self.difference.absolute,
            "bound": self.difference.bound,
        }


def chains_of(network: Network, layers: Sequence[Layer]) -> tuple[Chain, ...]:
    """Return the chains of an experiment's network; dropout, as in evaluation, does nothing."""
    found: list[Chain] = []
    start = 0
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        if layer.activation == "linear" and not last:
            continue
        part = range(start, index + 1)
        dropped = [at for at in part[:-1] if network.dropouts[at] > 0]
        found.append(
            Chain(
                places=tuple(f"layer {at + 1}" for at in part),
                linears=len(part),
                passed=tuple(
                    f"dropout {format_number(network.dropouts[at])} after layer {at + 1}" for at in dropped
                ),
                stop="the output" if layer.activation == "linear" else layer.activation,
                stack=tuple((layers[at].weight, layers[at].bias) for at in part),
                parameters=sum(
                    weight.size + (0 if bias is None else bias.size)
                    for weight, bias in ((layers[at].weight, layers[at].bias) for at in part)
                ),
            )
        )
        start = index + 1
    return tuple(found)


def merged(chain: Chain, inputs: Array, outputs: Array | None = None) -> Merged:
    """Multiply a chain out; compare it at the ``inputs`` that reach it, of which it makes `outputs`."""
    single = collapse(chain.stack)
    return Merged(chain=chain, single=single, difference=single.difference(inputs, outputs))


def own_layers_section(
    chains: Sequence[Chain], found: Sequence[Merged], *, total: int, notes: Sequence[str] = ()
) -> Section:
    """Return which of the user's layers collapse, and what ends each chain."""
    rows: list[list[Cell]] = []
    pending = list(found)
    for chain in chains:
        if chain.collapses:
            one = pending.pop(0)
            shape = " × ".join(str(size) for size in one.single.weight.shape)
            difference, after = one.difference.absolute, one.single.parameters_after
            rows.append(
                [_places(chain), chain.stop, f"one layer, {shape}", chain.parameters, after, difference]
            )
        else:
            rows.append([_places(chain), chain.stop, "no", chain.parameters, None, None])
    return Section(
        name="own-layers",
        heading="Which of these layers collapse",
        text=(own_words(chains, found, total=total), *notes),
        tables=(
            Table(
                title="Layers, and what comes after them",
                headers=[
                    "layers",
                    "then",
                    "collapse into",
                    "parameters",
                    "after",
                    "largest difference",
                ],
                rows=rows,
            ),
        ),
    )


def own_words(chains: Sequence[Chain], found: Sequence[Merged], *, total: int) -> str:
    """Return in a sentence or two which layers collapse."""
    layers = sum(chain.linears for chain in chains)
    if not found:
        if layers == 1:
            return "There is one fully connected layer, and so no two that could be merged."
        # What ends a chain may be affine all the same, as a skip is: all that is known is what it was.
        stops = list(dict.fromkeys(chain.stop for chain in chains if chain.stop != "the output"))
        shown = join(stops) if len(stops) <= 6 else f"{', '.join(stops[:6])}, …"
        met = f" What stands in the way: {shown}." if stops else ""
        return f"None of its {layers} linear layers collapse: no two of them could be merged.{met}"
    words: list[str] = []
    for one in found:
        before, after = one.chain.parameters, one.single.parameters_after
        size = (
            f"{before:,} parameters become {after:,}"
            if after <= before
            else f"its {before:,} parameters would become {after:,}, since its narrowest place has "
            f"{counted(one.single.rank_at_most, 'unit')}, and the rank of the one layer is no more than that"
        )
        passed = f" (through {join(one.chain.passed)})" if one.chain.passed else ""
        words.append(
            f"{_places(one.chain)} are one linear layer{passed}: {size}; the largest difference over "
            f"{counted(one.difference.inputs, 'input')} is {format_number(one.difference.absolute)}."
        )
    return " ".join([*words, f"The whole network has {total:,} parameters."])


def _places(chain: Chain) -> str:
    names = chain.places
    return (
        join(names) if len(names) <= 4 else f"{', '.join(names[:2])}, … and {names[-1]} ({len(names)} layers)"
    )
