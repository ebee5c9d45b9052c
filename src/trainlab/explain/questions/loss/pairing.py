"""Whether a task, an output activation and a loss belong together, and on populations whether it matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from trainlab.draw import Cell, format_number
from trainlab.engine import Runs
from trainlab.errors import ExplainError, SpecError, listing, nearest
from trainlab.explain.populations import differences_from_first, solved_share
from trainlab.explain.questions.loss.rules import LOSS_SIGNATURES, Verdict, gradient_formula, judge
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import Plain
from trainlab.spec import Accuracy, Custom, Experiment, Loss, LossBelow, Solved, Within, name_of, solved_words
from trainlab.stats import Rate, ReadEstimate, Reading, percent_words
from trainlab.tasks import Kind

MARKS = {"right": "right", "works": "works", "wrong": "WRONG"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing(Plain):
    """A kind of task, an output activation and a loss, judged.

    `verdict` is "right" (the loss is made for this output and task), "works" (it can be trained to the aim,
    with the drawback that `reason` names) or "wrong" (what is predicted can't be what is meant). `gradient`
    is what arrives at the last sum z from one term of the loss, with p the output and y the target.
    `torch_class` is the class of ``torch.nn`` (None where it has none), and `takes` what that wants to be
    fed: logits, probabilities, … `remedy` is what to use instead, empty if the pairing is right.
    """

    task: Kind
    output: str
    loss: str
    verdict: Verdict
    reason: str
    gradient: str
    torch_class: str | None
    takes: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The verdict without its reason."""
        works = "works, but isn't the one to choose" if self.remedy else "works"
        words = {"right": "is right", "works": works, "wrong": "is wrong"}
        remedy = f"; better: {self.remedy}" if self.remedy else ""
        return f"{self.loss} after {self.output} for {TASK_WORDS[self.task]} {words[self.verdict]}{remedy}."

    def __str__(self) -> str:
        return f"{self.sentence} Why: {self.reason}"


TASK_WORDS = {"regression": "a regression", "binary": "two classes", "classes": "classes, one output each"}


def pairing(
    task_kind: Kind | str, output: str, loss: str, *, targets: tuple[float, float] | None = None
) -> Pairing:
    """Judge a pairing; `targets` are the lowest and highest, where a regression's are known.

    >>> pairing("binary", "sigmoid", "bce_with_logits").verdict
    'wrong'

    Raises:
        ExplainError: a kind of task, an output activation or a loss that doesn't exist.
    """
    for argument, value, known in (
        ("task_kind", task_kind, get_args(Kind)),
        ("output", output, ACTIVATIONS),
        ("loss", loss, LOSS_SIGNATURES),
    ):
        if value not in known:
            raise ExplainError(f"{argument} = {value!r}: must be {listing(known)}.{nearest(value, known)}")
    judged, taken = judge(task_kind, output, loss, targets), LOSS_SIGNATURES[loss]
    kind: Literal["regression", "binary", "classes"] = task_kind  # type: ignore[assignment]
    return Pairing(
        task=kind,
        output=output,
        loss=loss,
        verdict=judged.verdict,
        reason=judged.reason,
        # Of a single output cross-entropy's softmax is a constant.
        gradient="0" if (kind, loss) == ("binary", "cross_entropy") else gradient_formula(output, loss),
        torch_class=taken.torch_class,
        takes=taken.outputs,
        remedy=judged.remedy,
    )


def pairing_of(experiment: Experiment) -> Pairing:
    """Return the verdict on an experiment's own task, last activation and loss."""
    data, output = experiment.data(), experiment.network.activations[-1]
    targets = (float(data.targets.min()), float(data.targets.max()))
    if isinstance(experiment.loss, Custom):
        return own_pairing(data.kind, output, experiment.loss.function, targets)
    return pairing(data.kind, output, name_of(experiment.loss), targets=targets)


def own_pairing(kind: Kind, output: str, function: str, targets: tuple[float, float]) -> Pairing:
    """Judge the output that a loss of one's own is given: whether it reaches the targets."""
    reaches = ACTIVATIONS[output].spans(*targets)
    low, high = (f"{end:.3g}".replace("-", "−") for end in targets)
    lie = "lie there" if reaches else "do not all lie there"
    reason = (
        f"the outputs are {ACTIVATIONS[output].reach}, and the targets, from {low} to {high}, {lie}; what "
        f"{function} aims at, only its author knows."
    )
    return Pairing(
        task=kind,
        output=output,
        loss=function,
        verdict="works" if reaches else "wrong",
        reason=reason,
        gradient=gradient_formula(output, function),
        torch_class=None,
        takes="what the function was written for",
        remedy="" if reaches else "an output that reaches all targets, as a linear one",
    )


def pairings(task_kind: Kind | str, *, targets: tuple[float, float] | None = None) -> tuple[Pairing, ...]:
    """Return the whole table of a kind of task: every output activation with every loss."""
    return tuple(
        pairing(task_kind, output, loss, targets=targets)
        for output in ACTIVATIONS
        for loss in LOSS_SIGNATURES
    )


# The sections on pairings of output and loss: the verdict on one, and the table of them all.


def pairing_section(found: Pairing, what: str) -> Section:
    """Say whether the pairing is right, why, what gradient arrives, and what the loss's class takes."""
    return Section(
        name="pairing",
        heading="Do output and loss fit the task?",
        text=(
            f"{what}: {found}",
            "A loss says how far outputs are from targets; its slope, through the output's activation, is "
            "what the network learns from. Below, p is the output, z the sum before it, y the target; the "
            "gradient that arrives is that of one term, before the mean is taken.",
        ),
        tables=(_pairing_table(found),),
    )


def _pairing_table(found: Pairing) -> Table:
    """Return task, output, loss, what the loss takes, what arrives, and the verdict."""
    name = "none in torch.nn" if found.torch_class is None else f"nn.{found.torch_class}"
    targets = f"; targets: {LOSS_SIGNATURES[found.loss].targets}" if found.loss in LOSS_SIGNATURES else ""
    rows: list[list[Cell]] = [
        ["task", TASK_WORDS[found.task]],
        ["output", f"{found.output}: {ACTIVATIONS[found.output].reach}"],
        ["loss", f"{found.loss} ({name})"],
        ["takes", f"{found.takes}{targets}"],
        ["arrives at the last sum z", found.gradient],
        ["pairing", found.verdict],
    ]
    return Table(title="The pairing", headers=["", "Here"], rows=rows)


SHOWN = ("linear", "tanh", "sigmoid", "relu", "softmax", "log_softmax")
"""The outputs that stand in the table of a page; JSON has all."""


def table_section(found: Pairing, targets: tuple[float, float] | None) -> Section:
    """Show the table for the kind of task, and what each loss is to be fed."""
    outputs = [*SHOWN, *([found.output] if found.output not in SHOWN else [])]
    matrix: list[list[Cell]] = [
        [loss, *(_mark(found, output, loss, targets) for output in outputs)] for loss in LOSS_SIGNATURES
    ]
    fed: list[list[Cell]] = [
        [each.name, f"nn.{each.torch_class}" if each.torch_class else "–", each.outputs, each.targets]
        for each in LOSS_SIGNATURES.values()
    ]
    return Section(
        name="table",
        heading="Which loss goes with which output",
        text=(
            f"The table for {TASK_WORDS[found.task]}; your own pairing, if it is there, is in brackets. The "
            "JSON has those of every kind of task, with all output activations, and the reason and the "
            "gradient of each pairing.",
            *_taught(found.task),
        ),
        tables=(
            Table(title="Losses by output activation", headers=["Loss", *outputs], rows=matrix),
            Table(title="What each takes", headers=["Loss", "torch", "Outputs", "Targets"], rows=fed),
        ),
    )


def _taught(kind: str) -> tuple[str, ...]:
    """Say why pairs of the assignment's table are wrong."""
    pairs = {
        "binary": [("sigmoid", "cross_entropy")],
        "classes": [("softmax", "cross_entropy"), ("softmax", "nll")],
    }
    return tuple(
        f"The assignment's table has {loss} after {output}, too, which is wrong: "
        f"{pairing(kind, output, loss).reason}"
        for output, loss in pairs.get(kind, [])
    )


def _mark(own: Pairing, output: str, loss: str, targets: tuple[float, float] | None) -> str:
    mark = MARKS[pairing(own.task, output, loss, targets=targets).verdict]
    return f"[{mark}]" if (output, loss) == (own.output, own.loss) else mark


# The experiment with other outputs and losses: what populations are trained of.


VARIANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "regression": (("linear", "mse"), ("linear", "l1"), ("linear", "huber"), ("sigmoid", "mse")),
    "binary": (
        ("linear", "bce_with_logits"),
        ("sigmoid", "bce"),
        ("sigmoid", "mse"),
        ("linear", "mse"),
        ("sigmoid", "bce_with_logits"),
    ),
    "classes": (
        ("linear", "cross_entropy"),
        ("log_softmax", "nll"),
        ("softmax", "mse"),
        ("softmax", "cross_entropy"),
        ("softmax", "nll"),
    ),
}
"""The pairs that are compared with one's own, the right ones first, and one or two of the wrong ones."""

BEST = {"bce": "sigmoid", "nll": "log_softmax"}
"""The output that a loss is made for, where it isn't linear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """An experiment with another output and loss, and the verdict on that pairing."""

    experiment: Experiment
    pairing: Pairing

    @property
    def label(self) -> str:
        """Output and loss."""
        return f"{self.pairing.output} + {self.pairing.loss}"


def variants_of(experiment: Experiment, named: Sequence[str]) -> tuple[list[Variant], list[str]]:
    """Return the experiment, then with the usual pairs, or with the losses `named`, each once.

    A pair that no experiment can have, such as cross_entropy with one output, is left out; why, is returned
    for those that were `named`.
    """
    own = pairing_of(experiment)
    pairs: Sequence[tuple[str, str]] = VARIANTS[own.task]
    if named:
        pairs = [pair for loss in named for pair in ((own.output, loss), (BEST.get(loss, "linear"), loss))]
    solved = common_solved(experiment)
    found = [Variant(experiment=with_pair(experiment, own.output, experiment.loss, solved), pairing=own)]
    refused: list[str] = []
    for output, loss in dict.fromkeys(pairs):
        if (output, loss) == (own.output, own.loss):
            continue
        try:
            changed = with_pair(experiment, output, loss, solved)
        except SpecError as error:
            refused += [f"{output} + {loss} can't be trained: {error}"] if named else []
            continue
        found.append(Variant(experiment=changed, pairing=pairing_of(changed)))
    return found, refused


def with_pair(experiment: Experiment, output: str, loss: str | Loss, solved: Solved) -> Experiment:
    """Return the experiment with another output activation, loss and rule of what is solved."""
    network = experiment.network
    # Every layer written out: a list of activations has no room for an output's own.
    changed = msgspec.structs.replace(
        network, activation=(*network.activations[:-1], output), output_activation=None
    )
    return msgspec.structs.replace(experiment, network=changed, loss=loss, solved=solved)


def common_solved(experiment: Experiment) -> Solved:
    """Return the rule of what is solved; where that is said of the loss, one that all losses share."""
    if not isinstance(experiment.solved, LossBelow):
        return experiment.solved
    on = experiment.solved.on
    return Within(on=on) if experiment.data().kind == "regression" else Accuracy(on=on)


def named_losses(losses: Sequence[str]) -> tuple[str, ...]:
    """Return the names asked for, each once; raise ExplainError at one that doesn't exist."""
    for name in losses:
        pairing("binary", "linear", name)
    return tuple(dict.fromkeys(losses))


# The section on whether the pairing matters: how often others solve the task, on the same seeds.


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRate(Plain):
    """How often a pairing solved the task, and the difference to one's own on the same seeds.

    `difference` is None for one's own pairing.
    """

    output: str
    loss: str
    verdict: str
    solved: Rate
    diverged: int
    difference: ReadEstimate | None = None

    @property
    def reading(self) -> Reading | None:
        """How the difference reads, None for one's own pairing."""
        return None if self.difference is None else self.difference.reading

    @property
    def label(self) -> str:
        """Output and loss."""
        return f"{self.output} + {self.loss}"


def pair_rates(variants: Sequence[Variant], population: Sequence[Runs]) -> tuple[PairRate, ...]:
    """Return the rate of each variant, the first one's own; differences to it are read together (Holm)."""
    read = differences_from_first(population)
    return tuple(
        PairRate(
            output=variant.pairing.output,
            loss=variant.pairing.loss,
            verdict=variant.pairing.verdict,
            solved=solved_share(runs),
            diverged=int(runs.diverged.sum()),
            difference=read.get(place),
        )
        for place, (variant, runs) in enumerate(zip(variants, population, strict=True))
    )


def population_section(
    variants: Sequence[Variant], rates: Sequence[PairRate], asked: object, refused: Sequence[str]
) -> Section:
    """Show the rates beside the verdicts on the pairings; `asked` is the experiment's own rule of solved."""
    first, n = variants[0].experiment, rates[0].solved.n
    solved = solved_words(first.solved)
    read = "" if variants[0].pairing.task == "regression" else ", of logits after their sigmoid or softmax"
    said = (
        "The experiment defines solved by its own loss, which is no measure for other losses; here a run is "
        f"solved {solved}."
        if isinstance(asked, LossBelow)
        else f"A run is solved {solved}{read}."
    )
    return Section(
        name="population",
        heading="Does the pairing matter?",
        text=paragraphs(
            f"{first.network.label} with other outputs and losses, {n:,} seeds each, the same weights at the "
            f"start and the same samples. {said}",
            f"The learning rate stays {format_number(first.optimizer.lr)} for all. Plain SGD takes larger "
            "steps under a loss with larger slopes, so a difference may come from their size as well as from "
            "their shape.",
            refused,
        ),
        tables=(
            Table(
                title=f"Solved, of {n:,} seeds, and the difference to yours",
                headers=[
                    "Output + loss",
                    "Pairing",
                    "Solved",
                    "Share",
                    "95 % interval",
                    "Diverged",
                    "Points",
                ],
                rows=[_row(each) for each in rates],
            ),
        ),
    )


def _row(each: PairRate) -> list[Cell]:
    share, gap = each.solved, each.difference
    interval = f"{100 * share.low:.1f} to {100 * share.high:.1f} %"
    row: list[Cell] = [each.label, each.verdict, share.k, f"{100 * share.estimate:.1f} %", interval]
    return [*row, each.diverged, "yours" if gap is None else str(gap.value).replace(" points", "")]


def population_sentence(rates: Sequence[PairRate]) -> str:
    """Return the largest shown differences in a sentence."""
    own, n = rates[0], rates[0].solved.n
    helped = [each for each in rates[1:] if each.reading == "helps"]
    hurt = [each for each in rates[1:] if each.reading == "hurts"]
    start = f"On {n:,} seeds {own.label} solved {percent_words(own.solved)}"
    parts: list[str] = []
    for found, pick in ((helped, max), (hurt, min)):
        if found:
            gaps = [(each, each.difference.value) for each in found if each.difference is not None]
            best, gap = pick(gaps, key=lambda item: item[1].estimate)
            words = "more" if found is helped else "less"
            parts.append(f"{best.label} {words}, {percent_words(best.solved)}, {gap}")
    if not parts:
        return f"{start}; no other pairing was seen to differ."
    return f"{start}; {' and '.join(parts)}."
