"""``trainlab explain``: five questions, a command each; what all ask for, and how answers are told."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from cyclopts import Parameter

from trainlab.cli.options import (
    DEFAULT_STORE,
    Cell,
    Details,
    Engine,
    File,
    Folder,
    Html,
    Json,
    Runs,
    UsageError,
    Workers,
    Yes,
    check_cell,
    check_range,
    number,
    shortened,
)
from trainlab.cli.output import Files, print_rest, progress_line
from trainlab.cli.study import check_options
from trainlab.explain.options import MOST_SEEDS, SEEDS, Part, check_parts

if TYPE_CHECKING:
    from rich.console import Console

    from trainlab.explain import Explanation, Section

# What the five commands ask for alike, and check before anything runs.


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainOptions:
    """Which sections are made, how populations are trained, and where the result goes."""

    only: Annotated[
        str | None,
        Parameter(
            help="Only these sections, as NAME,NAME: quicker, but without an answer. A wrong name lists "
            "all there are."
        ),
    ] = None
    seeds: Annotated[int, number("Seeds of each population, 0, 1, 2, …", alias="-n")] = SEEDS
    engine: Engine = "auto"
    details: Details = False
    json: Json = None
    html: Html = None
    store: Folder = DEFAULT_STORE
    workers: Workers = None
    yes: Yes = False

    @property
    def files(self) -> Files:
        """Where the result goes."""
        return Files(json=self.json, html=self.html)

    @property
    def populations(self) -> dict[str, Any]:
        """How populations are trained, as the five functions take it."""
        return {"seeds": self.seeds, "engine": self.engine, "store": self.store, "workers": self.workers}


def check_question(
    file: str | None, options: ExplainOptions, *, cell: str | None, parts: Sequence[Part[Any]]
) -> tuple[str, ...]:
    """Return the sections asked for; refuse wrong options, and files that can't be read or written."""
    check_range("--seeds", options.seeds, least=1, most=MOST_SEEDS)
    runs = Runs(workers=options.workers)
    check_options(file, seeds=None, engine=options.engine, runs=runs, files=options.files)
    check_cell(cell)
    if options.only is None:
        return ()
    names = [name.strip() for name in options.only.split(",")]
    return check_parts(parts, names, option="--only")


def read_numbers(option: str, text: str) -> list[float]:
    """Read finite numbers joined by commas."""
    numbers: list[float] = []
    for word in text.split(","):
        try:
            value = float("no number" if "_" in word else word)
        except ValueError:
            raise UsageError(
                f"{option} {shortened(text)!r}: {shortened(word)!r} is not a number; write numbers joined by "
                "commas, as 0,1."
            ) from None
        if not math.isfinite(value):
            raise UsageError(
                f"{option} {shortened(text)!r}: {word.strip()} is not a finite number; give a finite one."
            )
        numbers.append(value)
    return numbers


# An explanation told: its answer, or all of it while it is made; the files asked for at its end.


def tell(
    explain: Callable[..., Explanation], options: ExplainOptions, *, parts: Sequence[str], **asked: Any
) -> None:
    """Call `explain` and print its short answer; with details, or of some parts, its sections as they come.

    Then write the files asked for.
    """
    from rich.text import Text

    from trainlab.draw.terminal import Terminal
    from trainlab.report import explanation_html

    shown = (options.details or bool(parts)) and options.json != "-"
    with progress_line(yes=options.yes) as show:

        def on_section(part: Section) -> None:
            nonlocal shown
            show.hide()
            if shown:
                try:
                    Terminal().print(part)
                    sys.stdout.flush()
                except (BrokenPipeError, SystemExit):
                    # Whoever read has gone, as with `| head`, and rich would end here; the files are to come.
                    shown = False

        result = explain(**asked, **options.populations, parts=parts, on_section=on_section, on_progress=show)

    def print_answer(console: Console) -> None:
        if parts:
            return
        if options.details:
            console.print(Text(f"{headed(result.title)} {result.verdict}", style="bold"))
            return
        headings = " · ".join(part.heading for part in result.sections)
        console.print(Text(result.title, style="bold underline"), result.answer, sep="\n")
        console.print()
        print_rest(f"More with --details: {headings}. With --html FILE: a page with pictures.", console)

    options.files.hand_over(print_answer, json=result.to_json, html=lambda: explanation_html(result))


def headed(title: str) -> str:
    """Return a title as what is said after it needs it: with a colon, unless it is a question."""
    return title if title.endswith("?") else f"{title}:"


# The five questions; each command imports what answers it when it is called.


USUAL: Final = ExplainOptions()
DEFAULT, RATES = "xor44", "1e-5..10"
"""What the functions take, too; importing them takes a third of a second, which help would wait for."""


def neuron_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Cell = None,
    layer: Annotated[int, number("The layer, from 1, the first after the inputs.")] = 1,
    unit: Annotated[int, number("The unit of that layer, from 1.")] = 1,
    point: Annotated[
        int | None, number("The data point, from 1; the first that isn't all zeros if left out.")
    ] = None,
    input_: Annotated[
        str | None,
        Parameter(
            name="--input",
            help="An input of your own instead of a data point: numbers joined by commas, as in 0,1.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    seed: Annotated[int, number("The seed whose weights are looked at.")] = 0,
    trained: Annotated[
        bool, Parameter(help="Weights after that seed's training, or as drawn.", negative="--initial")
    ] = True,
    options: ExplainOptions = USUAL,
) -> None:
    """Take one neuron apart: its sum, its activation, its line; then collapse stacks without activations."""
    from trainlab.explain.questions.neuron.question import PARTS, neuron

    parts = check_question(file, options, cell=cell, parts=PARTS)
    own = None if input_ is None else read_numbers("--input", input_)
    asked = {"layer": layer, "unit": unit, "point": point, "input": own, "seed": seed, "trained": trained}
    tell(neuron, options, parts=parts, source=file, cell=cell, **asked)


def learning_rate_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Annotated[
        str | None,
        Parameter(
            help="The cell of a study, as 'Model 1:A+B'; if left out its first network without "
            "changes, and of xor44 'Model 2:B+E'."
        ),
    ] = None,
    rates: Annotated[
        str, Parameter(help="The rates to try, as LOW..HIGH; ':25' behind it says how many.")
    ] = RATES,
    schedule: Annotated[
        list[str] | None,
        Parameter(
            help="A schedule to draw and compare with a constant rate: 'step', "
            "'step:step_size=30,gamma=0.1', 'warmup:total_iters=20+one_cycle'. May be given again; "
            "eleven if left out.",
            negative="",
        ),
    ] = None,
    options: ExplainOptions = USUAL,
) -> None:
    """Show what the learning rate does: one step, stability, a grid of rates, a range test, schedules."""
    from trainlab.explain.questions.learning_rate.question import PARTS, learning_rate

    parts = check_question(file, options, cell=cell, parts=PARTS)
    tell(learning_rate, options, parts=parts, source=file, cell=cell, rates=rates, schedules=schedule)


def init_command(
    file: Annotated[
        str,
        Parameter(
            help="An experiment or study file (TOML), or an example by name; of xor44, Model 3 with changes "
            "A and B unless --cell says otherwise."
        ),
    ] = DEFAULT,
    /,
    *,
    cell: Cell = None,
    scheme: Annotated[
        list[str] | None,
        Parameter(
            help="Show and train only these schemes, as he_normal or 'normal(std=0.5)'; can be repeated.",
            negative="",
        ),
    ] = None,
    activation: Annotated[
        str | None, Parameter(help="Of the stack that signals go through; the experiment's if left out.")
    ] = None,
    depth: Annotated[int, number("Layers of that stack.")] = 10,
    width: Annotated[int, number("Units of each of them.")] = 64,
    options: ExplainOptions = USUAL,
) -> None:
    """Show what each scheme draws, what it does to a deep stack, and from which start networks learn."""
    from trainlab.explain.questions.init.question import PARTS, init

    parts = check_question(file, options, cell=cell, parts=PARTS)
    asked = {"schemes": scheme, "activation": activation, "depth": depth, "width": width}
    tell(init, options, parts=parts, source=file, cell=cell, **asked)


def loss_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Cell = None,
    loss: Annotated[
        list[str] | None,
        Parameter(help="Draw and compare these losses, as 'mse', not the usual ones.", negative=""),
    ] = None,
    options: ExplainOptions = USUAL,
) -> None:
    """Say whether output and loss fit the task, and show losses, their slopes, and what outliers do."""
    from trainlab.explain.questions.loss.question import PARTS
    from trainlab.explain.questions.loss.question import loss as explain_loss

    parts = check_question(file, options, cell=cell, parts=PARTS)
    tell(explain_loss, options, parts=parts, source=file, cell=cell, loss=loss)


def chain_rule_command(
    file: Annotated[
        str | None,
        Parameter(
            help="An experiment or study file (TOML), or an example by name; without it 4-3-2-1, "
            "which learns XOR of its four inputs."
        ),
    ] = None,
    /,
    *,
    cell: Cell = None,
    network: Annotated[
        str | None, Parameter(help="Other widths, from inputs to outputs, as 2-8-8-1.")
    ] = None,
    weight: Annotated[
        str | None,
        Parameter(
            help="w2[1,3] is the weight of layer 2 to its unit 1 from unit 3 before it, b2[1] a bias; or "
            "w2.1.3 and b2.1, which need no quotes. Everything counts from 1."
        ),
    ] = None,
    point: Annotated[int | None, number("The number of a training example, from 1.")] = None,
    own_input: Annotated[
        str | None,
        Parameter(
            name="--input",
            help="A point of your own: its inputs, as 1,2,3,4; with --target. Without FILE and --network the "
            "network has as many inputs.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    target: Annotated[
        str | None, Parameter(help="Its target, as 1; several joined by commas.", allow_leading_hyphen=True)
    ] = None,
    seed: Annotated[int, number("The seed of the initial weights.")] = 0,
    paths: Annotated[
        Literal["auto", "all"],
        Parameter(help="'auto' lists the 50 largest paths, 'all' every one, up to 100,000."),
    ] = "auto",
    options: ExplainOptions = USUAL,
) -> None:
    """Multiply out every path from a weight to the loss; then the backward pass, depth, and downhill."""
    from trainlab.explain.questions.chain_rule.question import PARTS, chain_rule

    parts = check_question(file, options, cell=cell, parts=PARTS)
    if (own_input is None) != (target is None):
        given, missing = ("--input", "--target") if target is None else ("--target", "--input")
        raise UsageError(f"{given}: is given without {missing}; give both, or neither and a --point.")
    asked = {
        "cell": cell,
        "network": network,
        "weight": weight,
        "point": point,
        "inputs": None if own_input is None else read_numbers("--input", own_input),
        "targets": None if target is None else read_numbers("--target", target),
        "seed": seed,
        "paths": paths,
        **({} if file is None else {"source": file}),
    }
    tell(chain_rule, options, parts=parts, **asked)
