"""A budget's question in numbers: what counting, listing and sampling share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a network must satisfy. `Budget` makes it, after its checks.

    A network is built from the inputs on. A *state* is (level, remaining, width): hidden layers placed so
    far, parameters still to spend, width of the last layer placed. The state (0, parameters, inputs) is
    the start; a hidden layer of width v on one of width u costs (u + bias) · v.
    """

    parameters: int
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    """Bias flags a hidden layer may have: (0,), (1,) or (0, 1)."""
    output: tuple[int, ...]
    """Bias flags the output layer may have."""
    narrowest: int
    widest: int
    shallowest: int
    deepest: int

    @property
    def least_output_biases(self) -> int:
        """Biases the output layer has in any case."""
        return self.outputs * self.output[0]

    def closing_bias(self, level: int, remaining: int, width: int) -> bool | None:
        """Return the output layer's bias flag if that layer uses up exactly `remaining`, None if it can't.

        There is never more than one: with a bias it costs `outputs` parameters more.
        """
        if self.shallowest <= level <= self.deepest:
            for bias in self.output:
                if remaining == (width + bias) * self.outputs:
                    return bool(bias)
        return None

    def widest_next(self, remaining: int, fan_in: int) -> int:
        """Return the greatest width of a next hidden layer after which a network can still be finished.

        `fan_in` counts the layer's bias as one more input; 0 is for a layer that is already paid for. A wide
        layer is followed by the output layer or, cheaper if there are many outputs, by a narrow layer.
        """
        left = remaining - self.least_output_biases
        w, bias = self.narrowest, self.hidden[0]
        finish = left // (fan_in + self.outputs)
        bottleneck = (left - (self.outputs + bias) * w) // (fan_in + w)
        return min(self.widest, max(finish, bottleneck))

    def cheapest(self, depth: int) -> int:
        """Return the least cost of `depth` >= 1 hidden layers: all narrow, biased only if they must be."""
        w, bias = self.narrowest, self.hidden[0]
        return (self.inputs + bias) * w + (depth - 1) * (w + bias) * w

    def least_to_finish(self, layers: int) -> int:
        """Return the least cost of `layers` more hidden layers and the output layer after a hidden layer."""
        w, bias = self.narrowest, self.hidden[0]
        return layers * (w + bias) * w + w * self.outputs + self.least_output_biases

    def affordable_depth(self) -> int:
        """Return the greatest depth that the parameters can pay for, `deepest` or not."""
        spare = self.parameters - self.cheapest(1) - self.least_to_finish(0)
        w, bias = self.narrowest, self.hidden[0]
        return 0 if spare < 0 else 1 + spare // ((w + bias) * w)

    def possible_depth(self) -> int:
        """Return the greatest depth that `deepest` and the parameters allow."""
        return min(self.deepest, self.affordable_depth())
