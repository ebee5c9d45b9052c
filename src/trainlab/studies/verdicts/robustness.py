"""Do verdicts hold with another definition of success, another length, another arithmetic?

Solved is a threshold at the last epoch, so every verdict that counts solved runs is asked again with other
tolerances, and of runs that were solved at some time. Where a change of a study sets nothing but the epochs,
what is said of the others is asked again at each length by itself. And of cells that were trained again, in
another precision or by another engine, everything is asked anew. A verdict that turns round says nothing
without the reading, so it is mixed, and its sentence says under what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from msgspec import structs

from trainlab.draw import counted, join
from trainlab.engine import Runs
from trainlab.engine.evaluation import is_solved
from trainlab.spec import Change, Experiment, NoStopping, Study, Within
from trainlab.stats import Outcome, Side, Verdict
from trainlab.studies.cells import CellResult, looked_on_the_way, solved_ever
from trainlab.studies.effects import effects_of
from trainlab.studies.performance_measure import measure_of
from trainlab.studies.verdicts.study_verdicts import verdicts_of

# A line on how a verdict comes out from its other sides: it holds from all, or turns round from some.


AS_ASKED = "as asked"
"""The first side of a verdict that turns round on another."""
SOMETIME = "counting runs solved at some time"
OUTCOMES: tuple[Outcome, ...] = ("upheld", "refuted", "mixed")


def has_turned(verdict: Verdict) -> bool:
    """Whether a verdict is mixed because it turns round on some side."""
    return any(side.turns for side in verdict.sides)


def as_asked(verdict: Verdict) -> Outcome:
    """Return how a verdict came out as first asked, before it was called mixed for turning on some side."""
    first = verdict.sides[0] if verdict.sides else None
    return first.outcome if first is not None and first.words == AS_ASKED else verdict.outcome


def holds_everywhere(verdict: Verdict) -> bool:
    """Whether a verdict comes out the same on every other side that it was asked from."""
    return bool(verdict.sides) and all(side.outcome == verdict.outcome for side in verdict.sides)


def turned_words(verdict: Verdict) -> str:
    """Say from which sides a verdict turns round, before it is called mixed for that."""
    turned = _told([side for side in verdict.sides if side.turns])
    return f"It depends on how it is asked: {verdict.outcome} {AS_ASKED}, {turned}."


def sides_words(verdict: Verdict) -> str:
    """Say in a line how a verdict comes out on its other sides; empty if there are none."""
    sides = [side for side in verdict.sides if side.words != AS_ASKED]
    if not sides:
        return ""
    if has_turned(verdict):
        first = verdict.sides[0].outcome
        turned = [side for side in sides if side.turns]
        rest = [side for side in sides if not side.turns]
        also = [side for side in rest if side.outcome == first]
        still = [side for side in rest if side.outcome != first]
        parts = [f"Turns round: {_told(turned)}", _told([*also, *still])]
        return f"{'; '.join(part for part in parts if part)}."
    same = [side for side in sides if side.outcome == verdict.outcome]
    others = [side for side in sides if side.outcome != verdict.outcome]
    holds = "Holds" if verdict.outcome != "mixed" else "Mixed"
    if not others and len(sides) == 1:
        return f"{holds} from another side, too: {_said(sides)}."
    if not others:
        every = "both" if len(sides) == 2 else f"all {len(sides):,}"
        return f"{holds} from {every} sides: {_said(sides)}."
    if not same:
        return f"Asked in other ways: {_told(others)}."
    return f"{holds} from {len(same):,} of {counted(len(sides), 'side')}; {_told(others)}."


def held_words(verdicts: Sequence[Verdict], also: Sequence[str]) -> str:
    """Say how many verdicts hold from every side, `also` in these words, and how many turn round.

    Empty where none can be asked in other ways.
    """
    asked = [verdict for verdict in verdicts if verdict.sides]
    if not asked:
        return ""
    held, turned = sum(map(holds_everywhere, asked)), sum(map(has_turned, asked))
    rest = len(asked) - held - turned
    turn = f"{turned:,} {'turns' if turned == 1 else 'turn'} round" if turned else "none turns round"
    some = f", {rest:,} differ{'s' * (rest == 1)} on some side without turning round" if rest else ""
    come = "comes" if held == 1 else "come"
    return (
        f"Asked from every side, also {join(also)}: {held:,} of {counted(len(asked), 'verdict')} {come} out "
        f"the same, {turn}{some} (--details)."
    )


def turned_changes(verdicts: Sequence[Verdict]) -> list[str]:
    """Say from which sides each change does something else than as asked: ``C helps Model 1 at 300 epochs``.

    What it does to being solved at some time is left out: effects tell that, with their numbers.
    """
    told: list[str] = []
    for verdict in verdicts:
        if verdict.topic != "change" or not has_turned(verdict):
            continue
        network, change = verdict.about
        for outcome, does in _DOES.items():
            sides = [side for side in verdict.sides if side.turns and side.outcome == outcome]
            words = [side.words for side in sides if side.words != SOMETIME]
            if words:
                told.append(f"{change} {does} {network} {join(words)}")
    return told


_DOES: dict[Outcome, str] = {
    "upheld": "helps",
    "refuted": "doesn't help",
    "mixed": "can't be told apart from nothing for",
}


def _told(sides: Sequence[Side]) -> str:
    """Return ``upheld rounded; refuted within 0.05 and at 300 epochs``."""
    alike = {outcome: [side for side in sides if side.outcome == outcome] for outcome in OUTCOMES}
    return "; ".join(f"{outcome} {_said(some)}" for outcome, some in alike.items() if some)


def _said(sides: Sequence[Side]) -> str:
    return join([side.words for side in sides])


TOLERANCES = {0.05: "within 0.05", 0.1: "within 0.1", 0.25: "within 0.25", 0.5: "rounded"}
"""The distances from the targets at which runs count as solved, in words."""
OF_SOLVED = ("together", "change", "cause", "solved")
"""The topics that are a matter of solved runs."""
OF_ONE_CELL = ("vanishing", "predictions", "solved", "score")
"""The topics that are a matter of one cell's runs."""
TURNED: dict[Outcome, Outcome] = {"upheld": "refuted", "refuted": "upheld"}

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is said from another side: `words` say from which, `key` what of the study it is about."""

    words: str
    key: Key
    verdict: Verdict
    trained: bool = False


def from_every_side(
    study: Study,
    cells: Sequence[CellResult],
    verdicts: Sequence[Verdict],
    *,
    again: Mapping[str, Sequence[CellResult]] | None = None,
) -> tuple[Verdict, ...]:
    """Return the verdicts with how each comes out on every other side; those that turn round become mixed.

    `again` has the cells trained again, by the words that say how. What is judged by a measure has no other
    readings of solved; nor has what runs say too little of.
    """
    first = {_key(verdict): verdict for verdict in verdicts}
    sides = {key: own_sides(verdict) for key, verdict in first.items()}
    asked = [
        *_read_otherwise(study, cells),
        *_at_each_length(study, cells, first),
        *_trained_again(study, again or {}),
    ]
    for each in asked:
        if each.key in first:
            turns = turns_round(first[each.key], each.verdict, trained=each.trained)
            sides[each.key].append(Side(words=each.words, outcome=each.verdict.outcome, turns=turns))
    return tuple(mixed_if_turned(replace(verdict, sides=tuple(sides[_key(verdict)]))) for verdict in verdicts)


def mixed_if_turned(verdict: Verdict) -> Verdict:
    """Return the verdict; if it turns round on some side, mixed and with that side named."""
    if not any(side.turns for side in verdict.sides):
        return verdict
    return replace(
        verdict,
        outcome="mixed",
        sentence=f"{verdict.sentence} {turned_words(verdict)}",
        opposite=None,
        sides=(Side(words=AS_ASKED, outcome=verdict.outcome), *verdict.sides),
    )


def turns_round(verdict: Verdict, other: Verdict, *, trained: bool = False) -> bool:
    """Whether a verdict is contradicted by `other`, the same asked from another side.

    It doesn't where that says the opposite. Of runs `trained` again, which may be fewer, a decided verdict
    doesn't hold either where that leaves it open with an interval that leaves out what was estimated here: it
    is open then for more than want of seeds. What is open here can't turn round.
    """
    if verdict.outcome not in TURNED or other.outcome == verdict.outcome:
        return False
    if other.outcome == TURNED[verdict.outcome]:
        return True
    pairs = ((verdict.share, other.share), (verdict.difference, other.difference))
    return trained and any(
        here is not None and there is not None and not there.low <= here.estimate <= there.high
        for here, there in pairs
    )


def own_sides(verdict: Verdict) -> list[Side]:
    """Return the sides that a verdict was made with, and whether it turns round there.

    What is said of rounded predictions names its own reading, and stays.
    """
    stays = verdict.topic == "predictions" or verdict.outcome not in TURNED
    opposite = "" if stays else TURNED[verdict.outcome]
    return [replace(side, turns=bool(opposite) and side.outcome == opposite) for side in verdict.sides]


def _key(verdict: Verdict, *, lengths: Key = ()) -> Key:
    """Return what identifies the subject of a verdict, whatever it says and at whatever length."""
    network, *changes = verdict.about or (verdict.statement,)
    return verdict.topic, network, *(name for name in changes if name not in lengths)


def _judged(study: Study, cells: Sequence[CellResult]) -> tuple[Verdict, ...]:
    return verdicts_of(study, cells, effects_of(study, cells)[0])


def _read_otherwise(study: Study, cells: Sequence[CellResult]) -> Iterator[Asked]:
    """Yield the verdicts on the same runs under other definitions of solved."""
    if measure_of(cells) is not None:
        return
    plain = structs.replace(study, ask=())
    for words, read in _readings(cells):
        for verdict in _judged(plain, [_read(item, read) for item in cells]):
            if verdict.topic in OF_SOLVED:
                yield Asked(words=words, key=_key(verdict), verdict=verdict)


def _trained_again(study: Study, again: Mapping[str, Sequence[CellResult]]) -> Iterator[Asked]:
    """Yield the verdicts on cells that were trained again."""
    for words, cells in again.items():
        for verdict in _judged(study, cells):
            if verdict.topic != "parameters":
                yield Asked(words=words, key=_key(verdict), verdict=verdict, trained=True)


def _at_each_length(
    study: Study, cells: Sequence[CellResult], first: Mapping[Key, Verdict]
) -> Iterator[Asked]:
    """Yield the verdicts on the other changes at each length, if a change sets nothing but the epochs.

    All changes together are then all others, against the baseline of that length. A cell that was trained at
    this length anyway isn't asked again.
    """
    lengths = tuple(change.name for change in study.changes if _sets_epochs_alone(change))
    others = tuple(change for change in study.changes if change.name not in lengths)
    if not lengths or not others:
        return
    fewer = structs.replace(study, changes=others)
    keys = {_key(verdict, lengths=lengths): key for key, verdict in first.items()}
    for words, (made, some) in _by_length(cells, lengths).items():
        for verdict in _judged(fewer, some):
            key = keys.get(_key(verdict))
            if key is None or verdict.topic == "parameters":
                continue
            same_cell = {*verdict.about, *made} == set(first[key].about)
            if not (same_cell and verdict.topic in OF_ONE_CELL):
                yield Asked(words=words, key=key, verdict=verdict)


def _sets_epochs_alone(change: Change) -> bool:
    return [edit.path for edit in change.edits] == ["epochs"] and not change.then


def _by_length(cells: Sequence[CellResult], lengths: Key) -> dict[str, tuple[Key, list[CellResult]]]:
    """Return the cells by which of the `lengths` are made there, by words for it, and without these names."""
    found: dict[str, tuple[Key, list[CellResult]]] = {}
    for made in (made for size in range(len(lengths) + 1) for made in combinations(lengths, size)):
        some = [
            replace(item, cell=structs.replace(item.cell, changes=_without(item.cell.changes, lengths)))
            for item in cells
            if tuple(name for name in item.cell.changes if name in lengths) == made
        ]
        if some:
            found[_length_words([item.cell.experiment for item in some], made, lengths)] = made, some
    return found


def _without(names: Key, lengths: Key) -> Key:
    return tuple(name for name in names if name not in lengths)


def _length_words(experiments: Sequence[Experiment], made: Key, lengths: Key) -> str:
    """Return ``at 300 epochs`` if all are that long; otherwise the change that is made."""
    epochs = {each.epochs for each in experiments}
    if len(epochs) == 1 and all(each.after is None for each in experiments):
        return f"at {counted(epochs.pop(), 'epoch')}"
    return f"with {join(made)}" if made else f"without {join(lengths)}"


def _readings(cells: Sequence[CellResult]) -> Iterator[tuple[str, Callable[[Runs], Runs]]]:
    """Yield the other definitions of solved, in words, each with the function that applies it.

    Runs that stop early are left where they just met their own rule, which says nothing of a stricter one;
    and of trainings that go on only the last is read, so those of different lengths can't be compared.
    """
    experiments = [item.runs.experiment for item in cells]
    whole = all(isinstance(each.stopping, NoStopping) for each in experiments)
    alike = len({len(each.phases) for each in experiments}) == 1
    rules = {item.runs.experiment.solved for item in cells}
    kept = all(
        runs.predictions.shape[1] >= runs.experiment.data().points for item in cells for runs in item.splits
    )
    own = rules.pop() if len(rules) == 1 else None
    if kept and whole and isinstance(own, Within) and own.on == "train":
        for within, words in TOLERANCES.items():
            if within != own.within:
                yield words, _within(within)
    if alike and all(looked_on_the_way(item.splits) for item in cells):
        yield SOMETIME, lambda runs: replace(runs, solved=solved_ever(runs))


def _within(within: float) -> Callable[[Runs], Runs]:
    def read(runs: Runs) -> Runs:
        asked = structs.replace(runs.experiment, solved=Within(within=within))
        targets = runs.experiment.data().targets
        return replace(runs, solved=is_solved(asked, runs.predictions, targets, runs.loss))

    return read


def _read(item: CellResult, read: Callable[[Runs], Runs]) -> CellResult:
    return replace(item, runs=read(item.runs), further=tuple(map(read, item.further)))
