"""A budget: which fully connected networks have exactly a given number of trainable parameters?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from random import Random
from typing import Literal

from trainlab.budgets.architecture import Architecture
from trainlab.budgets.checks import BIAS_RULES, check_choice, check_limits, check_whole
from trainlab.budgets.counting import check_size, counts_of
from trainlab.budgets.enumeration import draw_ranks, unrank, walk
from trainlab.budgets.rules import Rules
from trainlab.budgets.words import html_table, sentence
from trainlab.errors import BudgetError

# Inside the class, the method `list` hides the builtin.
Architectures = list[Architecture]
BiasRule = Literal["yes", "no", "any"]
_FLAGS = {"yes": (1,), "no": (0,), "any": (0, 1)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """All networks from `inputs` to `outputs` with exactly `parameters` weights and biases.

    Widths and depths are those of hidden layers; depth 0 is the linear network. With "any" each hidden layer
    may have a bias or not, and networks that differ in one bias are different networks. Raises BudgetError if
    the question is invalid, or too large to be counted.
    """

    parameters: int
    inputs: int
    outputs: int
    hidden_bias: BiasRule = "any"
    output_bias: BiasRule = "any"
    min_width: int = 1
    max_width: int | None = None
    min_depth: int = 0
    max_depth: int | None = None

    def __post_init__(self) -> None:
        for name in ("parameters", "inputs", "outputs"):
            check_whole(name, getattr(self, name), least=1)
        for name in ("hidden_bias", "output_bias"):
            check_choice(name, getattr(self, name), BIAS_RULES)
        check_limits("width", self.min_width, self.max_width, floor=1)
        check_limits("depth", self.min_depth, self.max_depth, floor=0)
        check_size(self._rules)

    @property
    def _rules(self) -> Rules:
        # No hidden layer is wider than `parameters` and no network has more of them.
        return Rules(
            parameters=self.parameters,
            inputs=self.inputs,
            outputs=self.outputs,
            hidden=_FLAGS[self.hidden_bias],
            output=_FLAGS[self.output_bias],
            narrowest=self.min_width,
            widest=self.parameters if self.max_width is None else min(self.max_width, self.parameters),
            shallowest=self.min_depth,
            deepest=self.parameters if self.max_depth is None else self.max_depth,
        )

    def count(self) -> int:
        """Return how many networks there are, exactly."""
        return counts_of(self._rules)(0, self.parameters, self.inputs)

    def list(self) -> Iterator[Architecture]:
        """Return the networks one by one, the first at once however many there are.

        In the order of `unrank`: a network before those that continue it, a wider next hidden layer before a
        narrower one, one with its bias before one without.
        """
        return walk(self._rules, counts_of(self._rules))

    def unrank(self, index: int) -> Architecture:
        """Return the network at place `index` of `list()`, without listing; 0 <= index < count()."""
        count = self.count()
        check_whole("index", index, least=0)
        if index >= count:
            raise BudgetError(
                f"index={index} is past the end: the budget has {count} networks; allowed are integers "
                "from 0 to one less: lower it."
            )
        return unrank(self._rules, counts_of(self._rules), index)

    def sample(self, n: int, *, seed: int) -> Architectures:
        """Return `n` networks drawn uniformly, the same for the same seed, in the order drawn.

        They are distinct if the budget has that many (drawn without replacement), and independent draws if it
        has fewer. Raises BudgetError if there is nothing to draw from.
        """
        check_whole("n", n, least=1)
        check_whole("seed", seed, least=0)
        count = self.count()
        if count == 0:
            raise BudgetError(
                f"parameters={self.parameters} is met by no network under these limits; allowed is a budget "
                "that some network meets: widen the limits or change parameters."
            )
        rules, counts = self._rules, counts_of(self._rules)
        return [unrank(rules, counts, index) for index in draw_ranks(count=count, n=n, random=Random(seed))]

    def to_dict(self) -> dict[str, object]:
        """Return the question and the count as plain data."""
        return {**asdict(self), "count": self.count()}

    def __str__(self) -> str:
        return sentence(self)

    def _repr_html_(self) -> str:
        return html_table(self)


def budget(
    parameters: int,
    *,
    inputs: int,
    outputs: int,
    hidden_bias: BiasRule = "any",
    output_bias: BiasRule = "any",
    min_width: int = 1,
    max_width: int | None = None,
    min_depth: int = 0,
    max_depth: int | None = None,
) -> Budget:
    """Ask which fully connected networks have exactly `parameters` trainable parameters.

    Every network counts unless an option excludes it; see Budget for the options and what it answers.

    >>> asked = budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)
    >>> asked.count()
    30
    >>> print(next(asked.list()))
    2-11-1 (no bias: output)
    """
    return Budget(
        parameters=parameters,
        inputs=inputs,
        outputs=outputs,
        hidden_bias=hidden_bias,
        output_bias=output_bias,
        min_width=min_width,
        max_width=max_width,
        min_depth=min_depth,
        max_depth=max_depth,
    )
