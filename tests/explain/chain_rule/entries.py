"""Every weight and bias of a network by name, for tests that go through all of them."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.engine.network_pass import Layer
from trainlab.explain.questions.chain_rule.example_pass import Entry


def all_entries(layers: Sequence[Layer]) -> list[Entry]:
    """Return every weight and bias, layer by layer, weights row by row, then biases."""
    found: list[Entry] = []
    for place, layer in enumerate(layers, start=1):
        units, sources = layer.weight.shape
        found += [
            Entry(layer=place, unit=unit, source=source)
            for unit in range(1, units + 1)
            for source in range(1, sources + 1)
        ]
        if layer.bias is not None:
            found += [Entry(layer=place, unit=unit, source=None) for unit in range(1, units + 1)]
    return found
