"""A study: experiments × changes × seeds, crossed, and the resulting cells."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import combinations
from typing import Literal

import msgspec

from trainlab.errors import SpecError, shown
from trainlab.spec.change import Change, Edit, Phase, apply_edits, go_on, tidy, unknown_name
from trainlab.spec.checks import check_number
from trainlab.spec.experiment import Experiment
from trainlab.spec.fields import convert_fields
from trainlab.spec.race import Race
from trainlab.spec.tasks import MAX_SEED

Statement = Literal["parameters", "vanishing", "predictions"]
"""What a study can be asked besides what its changes do."""

MAX_SEEDS = 10_000_000
MAX_SPLITS = 1000
MAX_CHANGES = 12
MAX_CELLS = 20_000
MAX_EXPERIMENTS = 100_000
"""The most cells, each on every split."""

SEEDS_APART = 1000
NO_CHANGE = "none"


class NamedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network of the study, as edits of the baseline's."""

    name: str
    edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        convert_fields(self)
        tidy(self, "network")
        for edit in self.edits:
            if not edit.path.startswith("network."):
                raise SpecError(
                    f"network {self.name!r}: edits {edit.path!r}; a network may edit fields of network only, "
                    "such as 'network.widths'. Make it a change."
                )


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One network with some of the changes, and the resulting experiment."""

    network: str
    changes: tuple[str, ...]
    experiment: Experiment

    @property
    def name(self) -> str:
        """How the cell is written on the command line: ``Model 1:A+B``, or ``Model 1:none``."""
        return f"{self.network}:{'+'.join(self.changes) or NO_CHANGE}"

    @property
    def words(self) -> str:
        """The cell in a sentence: ``Model 1 with A and B``, or ``Model 1``."""
        *most, last = self.changes or ("",)
        made = f"{', '.join(most)} and {last}" if most else last
        return f"{self.network} with {made}" if made else self.network


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline, named networks and named changes, each tried with and without, on the same seeds.

    `ask` names statements to judge besides what the changes do: "parameters", that all networks have equally
    many; "vanishing", that the deepest network's failures are vanishing gradients; "predictions", that each
    network's answers round to the targets, where these are few. `race` is what `trainlab.race` makes of the
    file. A study's cells depend on neither.

    With `phases` each training continues: after the one that baseline, network and changes describe, every
    phase edits it again and trains on from the current weights; so do the changes that have a `then`, in
    their order. A cell's results are those of the last of these trainings.

    `splits` is the number of draws of the held-out rows on which all of this is done: every cell on `seeds`
    seeds for each of the split seeds `split.seed`, `split.seed` + 1, and so on; `seeds_on` says which. With
    one, the findings hold for the rows of that one split.
    """

    baseline: Experiment
    networks: tuple[NamedNetwork, ...] = ()
    changes: tuple[Change, ...] = ()
    phases: tuple[Phase, ...] = ()
    seeds: int = 100
    splits: int = 1
    title: str = ""
    question: str = ""
    ask: tuple[Statement, ...] = ()
    race: Race | None = None

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("seeds", self.seeds, at_least=1, at_most=MAX_SEEDS)
        check_number("splits", self.splits, at_least=1, at_most=MAX_SPLITS)
        check_cells(len(self.networks), len(self.changes))
        cells = max(1, len(self.networks)) * 2 ** len(self.changes)
        if cells * self.splits > MAX_EXPERIMENTS:
            raise SpecError(
                f"splits = {self.splits}: {cells:,} cells on each are {cells * self.splits:,} experiments; "
                f"at most {MAX_EXPERIMENTS:,} are allowed. Split the study."
            )
        for word in self.ask:
            if self.ask.count(word) > 1:
                raise SpecError(f"ask: {word!r} is listed twice; leave one out.")
        for kind, names in (("network", self.network_names), ("change", self.change_names)):
            met = set[str]()
            for name in names:
                _check_name(kind, name)
                if name in met:
                    raise SpecError(f"{kind} {shown(name)} appears twice: names must differ.")
                met.add(name)
        cells = self.cells()
        if self.splits > 1:
            _check_splits(self.splits, cells)

    def __repr__(self) -> str:
        # The generated repr would print every field of every network and change.
        cells = len(self.network_names) * 2 ** len(self.changes)
        splits = f"{self.splits:,} splits × " if self.splits > 1 else ""
        size = f"{cells:,} cell{'s' * (cells != 1)} × {splits}{self.seeds:,} seed{'s' * (self.seeds != 1)}"
        return f"<Study {self.title or 'a study'!r}: {size}>"

    @property
    def network_names(self) -> tuple[str, ...]:
        """The networks, in order; a study without any has the baseline's, named after its widths."""
        return tuple(network.name for network in self.networks) or (self.baseline.network.label,)

    @property
    def change_names(self) -> tuple[str, ...]:
        """The changes, in order."""
        return tuple(change.name for change in self.changes)

    def experiment(self, network: str, changes: tuple[str, ...] = ()) -> Experiment:
        """Return the baseline with one of the networks and some of the changes, made in the study's order."""
        if network not in self.network_names:
            raise unknown_name("network", network, list(self.network_names))
        for name in changes:
            if name not in self.change_names:
                raise unknown_name("change", name, list(self.change_names))
        edits = next((item.edits for item in self.networks if item.name == network), ())
        made = self._changed(network, self._of_network(network, edits), changes)
        return self._gone_on(network, made, changes)

    def cells(self) -> tuple[Cell, ...]:
        """Return every network with every subset of the changes, smaller subsets first."""
        subsets = [
            subset
            for size in range(len(self.changes) + 1)
            for subset in combinations(self.change_names, size)
        ]
        edits = {item.name: item.edits for item in self.networks}
        cells: list[Cell] = []
        for network in self.network_names:
            made: dict[tuple[str, ...], Experiment] = {}
            for subset in subsets:
                # The subset without its last change came before: only that change is left to make.
                made[subset] = (
                    self._changed(network, made[subset[:-1]], subset[-1:])
                    if subset
                    else self._of_network(network, edits.get(network, ()))
                )
                experiment = self._gone_on(network, made[subset], subset)
                cells.append(Cell(network=network, changes=subset, experiment=experiment))
        return tuple(cells)

    def on_splits(self, experiment: Experiment) -> tuple[Experiment, ...]:
        """Return the experiment on each split of the study: as it is, then with the next split seeds."""
        return experiment, *(_on_split(experiment, more) for more in range(1, self.splits))

    def seeds_on(self, split: int, seeds: int) -> range:
        """Return this many seeds for one split, numbered from 0; they start at `SEEDS_APART` · split.

        Splits have different seeds, since otherwise the luck of the seeds would be the same in all.
        """
        return range(SEEDS_APART * split, SEEDS_APART * split + seeds)

    def _of_network(self, network: str, edits: tuple[Edit, ...]) -> Experiment:
        try:
            return apply_edits(self.baseline, edits)
        except SpecError as error:
            raise SpecError(f"network {shown(network)}: {error}") from None

    def _gone_on(self, network: str, experiment: Experiment, names: tuple[str, ...]) -> Experiment:
        """Return a cell's last training, after the study's phases and those of its changes."""
        try:
            for number, phase in enumerate(self.phases):
                with _placed(f"phases[{number}]"):
                    experiment = go_on(experiment, phase.edits)
            for change in self.changes:
                if change.name in names and change.then:
                    with _placed(f"change {shown(change.name)}: then"):
                        experiment = go_on(experiment, change.then)
        except SpecError as error:
            raise SpecError(f"network {shown(network)}: {error}") from None
        return experiment

    def _changed(self, network: str, experiment: Experiment, names: tuple[str, ...]) -> Experiment:
        try:
            for change in self.changes:
                if change.name in names and change.edits:
                    experiment = change.apply(experiment)
        except SpecError as error:
            raise SpecError(f"network {shown(network)}: {error}") from None
        return experiment


def _on_split(experiment: Experiment, more: int) -> Experiment:
    """Return the experiment, and all that it continues, with the split seed raised by this much."""
    replaced, split, before = msgspec.structs.replace, experiment.split, experiment.after
    return replaced(
        experiment,
        split=replaced(split, seed=split.seed + more),
        after=None if before is None else _on_split(before, more),
    )


@contextmanager
def _placed(where: str) -> Generator[None]:
    """Prefix an error with the path."""
    try:
        yield
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None


def _check_splits(splits: int, cells: tuple[Cell, ...]) -> None:
    """Refuse several splits if a cell holds out no rows, or other rows than another cell."""
    first = cells[0]
    for cell in cells:
        mine = cell.experiment
        if mine.split.held_out == 0:
            raise SpecError(
                f"splits = {splits}: draws other held-out rows each time, but {cell.name} holds out none; "
                "set baseline.split.held_out, such as 0.25, or splits = 1."
            )
        if (mine.split, mine.task) != (first.experiment.split, first.experiment.task):
            raise SpecError(
                f"splits = {splits}: all cells must share their rows, but {cell.name} has another task or "
                f"split than {first.name}; leave these out of the changes, or set splits = 1."
            )
        if mine.split.seed > MAX_SEED - splits + 1:
            raise SpecError(
                f"splits = {splits}: split.seed = {mine.split.seed} leaves no room for so many "
                "seeds after it; lower it."
            )


def _check_name(kind: str, name: str) -> None:
    if not name.strip() or not name.isprintable() or any(character in name for character in ":+"):
        raise SpecError(f"{kind} {shown(name)}: a name must not be empty or contain ':', '+' or line breaks.")
    if kind == "change" and name == NO_CHANGE:
        raise SpecError(f"change {name!r}: this name stands for the cell without changes; choose another.")


def check_cells(networks: int, changes: int) -> None:
    """Refuse more cells than could be listed and compared."""
    if changes > MAX_CHANGES:
        raise SpecError(
            f"changes: {changes:,} changes make 2 ** {changes} cells a network; at most {MAX_CHANGES} "
            "are allowed. Split the study."
        )
    cells = max(1, networks) * 2**changes
    if cells > MAX_CELLS:
        raise SpecError(
            f"networks × changes: {networks:,} networks with 2 ** {changes} sets of changes "
            f"are {cells:,} cells; at most {MAX_CELLS:,} are allowed. Split the study."
        )
