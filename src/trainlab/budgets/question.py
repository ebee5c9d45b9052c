"""A question about a budget, and its answer in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from random import Random
from typing import Final, Literal

from trainlab.budgets.architecture import BIAS_RULES, Architecture, check_choice, check_limits, whole
from trainlab.budgets.counting import Rules, check_size, counts_of, draw_ranks, unrank, walk
from trainlab.errors import BudgetError

# A budget in words: one sentence for the terminal, a small table for a notebook.


NEAR: Final = 300
"""Up to this many parameters, counting is quick enough to look for the nearest number that works."""
REACH: Final = 100
"""How far to look for it."""


def sentence(budget: Budget, *, examples: int = 3) -> str:
    """Return the question, the count and the first few networks as a sentence."""
    count = budget.count()
    who = (
        f"{number_words(count)} fully connected network{_plural(count)}"
        if count
        else "No fully connected network"
    )
    have = "has" if count < 2 else "have"
    told = f"{who} from {_ends(budget)} {have} exactly {_parameters(budget)} ({'; '.join(limits(budget))})"
    if not count:
        return f"{told}. {why_none(budget)}"
    lead = "for example" if count > examples else "namely"
    return f"{told}, {lead} {', '.join(map(str, islice(budget.list(), examples)))}."


def why_none(budget: Budget) -> str:
    """Return why no network has this number of parameters, or the nearest numbers that some have."""
    least, most = _smallest(budget), _largest(budget)
    if budget.parameters < least:
        return f"The smallest under these limits has {least:,}."
    if most is not None and budget.parameters > most:
        return f"The largest under these limits has {most:,}."
    near = [number for number in (_nearest(budget, -1), _nearest(budget, +1)) if number is not None]
    if near:
        return f"The nearest numbers that some have: {' and '.join(f'{number:,}' for number in near)}."
    return "Widths and depths within these limits don't add up to it; widen them."


def _smallest(budget: Budget) -> int:
    """Return the parameters of the smallest network: the narrowest, at the depth where that is least."""
    hidden, output = (int(rule == "yes") for rule in (budget.hidden_bias, budget.output_bias))
    deepest = budget.min_depth + 1 if budget.max_depth is None else budget.max_depth
    # From one hidden layer on, another one only adds parameters.
    depths = range(budget.min_depth, min(deepest, max(budget.min_depth, 1)) + 1)
    return min(_cost(budget, depth, budget.min_width, hidden, output) for depth in depths)


def _largest(budget: Budget) -> int | None:
    """Return the parameters of the largest network; None if there is no limit to width or depth."""
    if budget.max_depth is None or (budget.max_width is None and budget.max_depth > 0):
        return None
    hidden, output = (int(rule != "no") for rule in (budget.hidden_bias, budget.output_bias))
    depths = {budget.min_depth, budget.max_depth, min(budget.max_depth, max(budget.min_depth, 1))}
    return max(_cost(budget, depth, budget.max_width or 1, hidden, output) for depth in depths)


def _cost(budget: Budget, depth: int, width: int, hidden: int, output: int) -> int:
    """Return the parameters of a network whose hidden layers are all equally wide."""
    if depth == 0:
        return (budget.inputs + output) * budget.outputs
    return (
        (budget.inputs + hidden) * width
        + (depth - 1) * (width + hidden) * width
        + (width + output) * budget.outputs
    )


def _nearest(budget: Budget, step: int) -> int | None:
    """Return the nearest number of parameters by `step` that some network has; None if none is near."""
    if budget.parameters > NEAR:
        return None
    for number in range(budget.parameters + step, budget.parameters + step * (REACH + 1), step):
        if number >= 1 and replace(budget, parameters=number).count():
            return number
    return None


def html_table(budget: Budget, *, examples: int = 10) -> str:
    """Return the count and the first few networks as an HTML table."""
    count = budget.count()
    caption = f"{_parameters(budget)}, {_ends(budget)}: {number_words(count)} network{_plural(count)}"
    rows = [f"<tr><td>{network}</td></tr>" for network in islice(budget.list(), examples)]
    if count > examples:
        rows.append(f"<tr><td>… and {number_words(count - examples)} more</td></tr>")
    head = f"<tr><th>{'; '.join(limits(budget))}</th></tr>"
    return f"<table><caption>{caption}</caption>{head}{''.join(rows)}</table>"


def limits(budget: Budget) -> list[str]:
    """Return what the question asks of biases, widths and depth, as phrases."""
    return [
        f"hidden bias {budget.hidden_bias}",
        f"output bias {budget.output_bias}",
        f"hidden widths {_range(budget.min_width, budget.max_width)}",
        f"hidden layers {_range(budget.min_depth, budget.max_depth)}",
    ]


def _range(least: int, most: int | None) -> str:
    if most is None:
        return f"≥ {least}"
    return f"{least}" if most == least else f"{least} to {most}"


def _ends(budget: Budget) -> str:
    return (
        f"{budget.inputs} input{_plural(budget.inputs)} to {budget.outputs} output{_plural(budget.outputs)}"
    )


def _parameters(budget: Budget) -> str:
    return f"{budget.parameters:,} trainable parameter{_plural(budget.parameters)}"


def _plural(number: int) -> str:
    return "" if number == 1 else "s"


def number_words(count: int) -> str:
    """Write up to 15 digits in full, more as a power of ten."""
    digits = str(count)
    if len(digits) <= 15:
        return f"{count:,}"
    return f"{digits[0]}.{digits[1:3]} × 10^{len(digits) - 1}"


# A budget: which fully connected networks have exactly a given number of trainable parameters?


# Inside the class, the method `list` hides the builtin.
Architectures = list[Architecture]
BiasRule = Literal["yes", "no", "any"]
_FLAGS = {"yes": (1,), "no": (0,), "any": (0, 1)}
_LEAST = {
    "parameters": 1,
    "inputs": 1,
    "outputs": 1,
    "min_width": 1,
    "max_width": 1,
    "min_depth": 0,
    "max_depth": 0,
}


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
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None or name not in ("max_width", "max_depth"):
                object.__setattr__(self, name, whole(name, value, least=least))
        for name in ("hidden_bias", "output_bias"):
            check_choice(name, getattr(self, name), BIAS_RULES)
        check_limits("width", self.min_width, self.max_width)
        check_limits("depth", self.min_depth, self.max_depth)
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
        index = whole("index", index, least=0)
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
        n, seed = whole("n", n, least=1), whole("seed", seed, least=0)
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
