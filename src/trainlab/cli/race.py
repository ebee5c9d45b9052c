"""``trainlab race 44 FILE``, ``race 5..13 FILE`` or ``race FILE``: which candidate learns best?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, TypedDict, cast

from cyclopts import Parameter

from trainlab.budgets import BiasRule, Budget, budget
from trainlab.cli.options import Details, Engine, Runs, UsageError, check_range, flag, number, shortened
from trainlab.cli.output import Files, trained
from trainlab.cli.study import check_options
from trainlab.spec import any_study, named_cell
from trainlab.spec.race import MAX_CANDIDATES
from trainlab.spec.study import MAX_SEEDS
from trainlab.studies import BudgetProgress, RaceProgress, SmallestResult, race, smallest_budget
from trainlab.studies.smallest import SHARE

# Options of ``trainlab race``: which networks race and how; ranges and shares as they are written.


MAX_RUNS = 1_000_000_000_000
MOST_BUDGETS = 1000
_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%|(0\.[0-9]{1,8})")


class Limits(TypedDict, total=False):
    """The limits on networks that are given; `budget` checks them."""

    hidden_bias: BiasRule
    output_bias: BiasRule
    min_width: int
    max_width: int
    min_depth: int
    max_depth: int


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Networks:
    """Which networks race, if a number of parameters is given."""

    inputs: Annotated[int | None, number("Inputs of the networks; the file's task says how many.")] = None
    outputs: Annotated[int | None, number("Outputs, likewise.")] = None
    hidden_bias: Annotated[
        str | None, Parameter(help="'yes', 'no', or 'any' (each hidden layer by itself).")
    ] = None
    output_bias: Annotated[str | None, Parameter(help="'yes', 'no' or 'any'.")] = None
    min_width: Annotated[int | None, number("Narrowest hidden layer.")] = None
    max_width: Annotated[int | None, number("Widest hidden layer.")] = None
    min_depth: Annotated[int | None, number("Fewest hidden layers.")] = None
    max_depth: Annotated[int | None, number("Most hidden layers.")] = None
    draw: Annotated[int | None, number("Draw this many of the networks; all race if left out.")] = None
    draw_seed: Annotated[int, number("The seed of the draw.")] = 0

    def limits(self) -> Limits:
        """Return the limits that are given, by their names."""
        given = {name: getattr(self, name) for name in Limits.__annotations__}
        return cast("Limits", {name: limit for name, limit in given.items() if limit is not None})

    def check_none_given(self) -> None:
        """Refuse options on which networks race, if no number of parameters is given."""
        if self.inputs is not None or self.outputs is not None or self.limits():
            raise UsageError(
                "--inputs, --outputs, --hidden-bias, --output-bias, --min-width and so on: say which "
                "networks race; give their number of parameters, as in: race 44 FILE"
            )

    def budgets(self, path: str, cell: str | None, numbers: range) -> list[Budget]:
        """Return the networks of each number of parameters; inputs and outputs default to the task's."""
        inputs, outputs = self.inputs, self.outputs
        if inputs is None or outputs is None:
            data = named_cell(any_study(path), cell).experiment.data()
            inputs = data.features if inputs is None else inputs
            outputs = data.outputs if outputs is None else outputs
        limits = self.limits()
        return [budget(number, inputs=inputs, outputs=outputs, **limits) for number in numbers]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How they race: in which cell of a study, on how many seeds, and, for a range, until when."""

    cell: Annotated[
        str | None,
        Parameter(help="The study's cell that gives everything else, as in 'Model 1:A+B' or ':A+B'."),
    ] = None
    seeds: Annotated[int, number("Seeds for each network in the first round.", alias="-n")] = 32
    max_seeds: Annotated[int, number("The most seeds for each network.")] = 4096
    budget_seeds: Annotated[
        int | None, number("The most runs in all: one network on one seed is one run.")
    ] = None
    until: Annotated[
        str | None,
        Parameter(help="With a range: the share of seeds that a network has to solve, 95% if left out."),
    ] = None
    every_budget: Annotated[
        bool, flag("With a range: race all numbers of parameters, not only up to the first that is enough.")
    ] = False


def check_kind(what: str, numbers: range | None, networks: Networks, rules: Rules) -> None:
    """Refuse options for ranges without a range, and the other way round."""
    if numbers is None and (rules.until is not None or rules.every_budget):
        raise UsageError(
            "--until, --every-budget: need a range of parameters; give one, as in: race 5..13 FILE"
        )
    if numbers is not None and (networks.draw is not None or rules.budget_seeds is not None):
        raise UsageError(
            f"--draw, --budget-seeds: in a range all networks race until each number is decided; leave these "
            f"out of race {what}, or end the range sooner."
        )


def check_numbers(networks: Networks, rules: Rules) -> None:
    """Refuse impossible numbers of seeds, runs and networks."""
    check_range("--max-seeds", rules.max_seeds, least=1, most=MAX_SEEDS)
    if rules.max_seeds < rules.seeds:
        raise UsageError(
            f"--max-seeds {rules.max_seeds}: is less than the {rules.seeds:,} seeds of the first round; "
            "raise it, or lower --seeds."
        )
    check_range("--budget-seeds", rules.budget_seeds, least=1, most=MAX_RUNS)
    check_range("--draw", networks.draw, least=2, most=MAX_CANDIDATES)


def read_range(text: str) -> range | None:
    """Return 5 to 13 for ``5..13``, None for what is no range; raise UsageError for an impossible one."""
    match = _RANGE.fullmatch(text)
    if match is None:
        if ".." in text and re.fullmatch(r"[0-9.,+-]+", text):
            raise UsageError(
                f"race {shortened(text)}: a range of parameters is written as in: race 5..13 FILE"
            )
        return None
    least, most = int(match[1]), int(match[2])
    if not 1 <= least < most or most - least >= MOST_BUDGETS:
        raise UsageError(
            f"race {text}: must rise from 1 or more, over at most {MOST_BUDGETS:,} numbers of parameters, "
            "as in: race 5..13 FILE"
        )
    return range(least, most + 1)


def read_share(text: str) -> float:
    """Return 0.95 for ``95%``, ``95 %`` or ``0.95``."""
    match = _SHARE.fullmatch(text.strip())
    share = 0.0 if match is None else float(match[1]) / 100 if match[1] else float(match[2])
    if not 0.0 < share < 1.0:
        raise UsageError(
            f"--until {shortened(text)}: must be a share of the seeds between 0 and 100 %, as in 95%."
        )
    return share


def race_command(
    what: Annotated[
        str,
        Parameter(
            help="The exact number of parameters of the networks that race, followed by FILE; or a range, as "
            "5..13, to find the fewest that are enough; or FILE alone, whose [race] table says what races.",
        ),
    ],
    file: Annotated[
        str | None, Parameter(help="A study or experiment file (TOML), or an example by name.")
    ] = None,
    /,
    *,
    networks: Networks = Networks(),
    rules: Rules = Rules(),
    engine: Engine = "auto",
    files: Files = Files(),
    runs: Runs = Runs(),
    details: Details = False,
) -> None:
    """Race many candidates: all get a few seeds, those shown to be worse are dropped, the rest get more."""
    numbers = read_range(what)
    parameters, path = (None, _file_of(what, file)) if numbers else _what(what, file)
    check_kind(what, numbers, networks, rules)
    if parameters is None and networks.draw is not None:
        raise UsageError("--draw: draws networks; give their number of parameters first, as in: race 44 FILE")
    check_options(path, seeds=rules.seeds, engine=engine, runs=runs, files=files)
    check_numbers(networks, rules)
    if numbers:
        found = _find_smallest(path, numbers, networks=networks, rules=rules, engine=engine, runs=runs)
        from trainlab.report import print_smallest, smallest_html

        files.deliver(found, print_smallest, smallest_html, details=details)
        return
    racing: Budget | None = None
    if parameters is None:
        networks.check_none_given()
    else:
        (racing,) = networks.budgets(path, rules.cell, range(parameters, parameters + 1))
    result = trained(
        race,
        path,
        networks=racing,
        draw=networks.draw,
        draw_seed=networks.draw_seed,
        cell=rules.cell,
        seeds=rules.seeds,
        max_seeds=rules.max_seeds,
        budget_seeds=rules.budget_seeds,
        engine=engine,
        runs=runs,
        words=_round_words,
    )
    from trainlab.report import print_race, race_html

    files.deliver(result, print_race, race_html, details=details)


def _what(what: str, file: str | None) -> tuple[int | None, str]:
    """Return the number of parameters, None if not given, and the file."""
    if file is None:
        if re.fullmatch(r"[0-9]+", what):
            raise UsageError(
                f"race {shortened(what)}: give a study file as well, as in: race {shortened(what)} xor44"
            )
        return None, what
    if not re.fullmatch(r"[0-9]{1,100}", what):
        raise UsageError(f"race {shortened(what)}: must be a whole number of parameters, as in: race 44 FILE")
    return int(what), file


def _file_of(what: str, file: str | None) -> str:
    if file is None:
        raise UsageError(f"race {what}: give a study file as well, as in: race {what} xor44")
    return file


def _find_smallest(
    path: str, numbers: range, *, networks: Networks, rules: Rules, engine: str, runs: Runs
) -> SmallestResult:
    """Find the smallest sufficient budget among these numbers of parameters."""
    share = SHARE if rules.until is None else read_share(rules.until)
    budgets = networks.budgets(path, rules.cell, numbers)
    return trained(
        smallest_budget,
        path,
        budgets=budgets,
        share=share,
        every_budget=rules.every_budget,
        cell=rules.cell,
        seeds=rules.seeds,
        max_seeds=rules.max_seeds,
        engine=engine,
        runs=runs,
        words=_budget_words,
    )


def _round_words(progress: RaceProgress) -> str:
    return f"round {progress.round} of {progress.rounds} at most, {progress.candidates:,} in the race: "


def _budget_words(progress: BudgetProgress) -> str:
    return (
        f"{progress.parameters:,} parameters ({progress.place:,} of {progress.budgets:,} at most), "
        f"{progress.candidates:,} in the race: "
    )
