"""What a race asks: who races, on how many seeds, within which budget of runs; checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from trainlab.budgets import Budget
from trainlab.draw import counted
from trainlab.errors import SpecError
from trainlab.spec import Experiment, Study, named_cell, study_from_dict, study_to_dict
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS
from trainlab.studies.races.candidates import Field, networks_field, study_field


@dataclass(frozen=True, kw_only=True, slots=True)
class RaceQuestion:
    """A race as it was asked; the fields are those of `race`.

    Raises SpecError for numbers that no race can have; `field` says whether there is such a race.
    """

    plan: Study
    networks: Budget | None = None
    draw: int | None = None
    draw_seed: int = 0
    cell: str | None = None
    seeds: int
    max_seeds: int
    budget_seeds: int | None = None

    def __post_init__(self) -> None:
        check_number("seeds", self.seeds, at_least=1, at_most=MAX_SEEDS)
        check_number("max_seeds", self.max_seeds, at_least=self.seeds, at_most=MAX_SEEDS)
        if self.budget_seeds is not None:
            check_number("budget_seeds", self.budget_seeds, at_least=1)
        if self.draw is not None:
            check_number("draw", self.draw, at_least=2)
        if self.networks is None and self.draw is not None:
            raise SpecError(
                f"draw = {self.draw}: draws networks of a budget; what [race] lists races as a whole."
            )

    def field(self) -> Field:
        """Return the candidates; raise SpecError if they can't race, or not within `budget_seeds`."""
        field = (
            study_field(self.plan, self.cell)
            if self.networks is None
            else networks_field(
                named_cell(self.plan, self.cell).experiment,
                self.networks,
                draw=self.draw,
                seed=self.draw_seed,
            )
        )
        needed = len(field.candidates) * self.seeds
        if self.budget_seeds is not None and self.budget_seeds < needed:
            raise SpecError(
                f"budget_seeds = {self.budget_seeds:,}: the first round alone takes {needed:,} runs "
                f"({len(field.candidates):,} {field.noun}s × {self.seeds:,} seeds). Raise it, or lower seeds."
            )
        return field

    @property
    def title(self) -> str:
        """What the race is called: a file's title speaks of the networks in it, not of a budget's."""
        if self.networks is not None:
            return f"Networks with exactly {counted(self.networks.parameters, 'parameter')}"
        return self.plan.title or "A race"

    def base(self, field: Field) -> Experiment:
        """Return the experiment that the candidates vary."""
        if self.cell is None or self.networks:
            return named_cell(self.plan, self.cell).experiment
        return field.candidates[0].experiment

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which `from_dict` makes an equal question."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        networks = None if self.networks is None else asdict(self.networks)
        return {**plain, "plan": study_to_dict(self.plan), "networks": networks}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RaceQuestion:
        """Read a question from plain data."""
        networks, plain = data["networks"], {**data}
        del plain["networks"], plain["plan"]
        return cls(
            plan=study_from_dict(data["plan"]),
            networks=None if networks is None else Budget(**networks),
            **plain,
        )
