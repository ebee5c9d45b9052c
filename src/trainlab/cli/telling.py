"""Show an explanation, its answer or all of it while it is made, and write the files asked for at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trainlab.cli.output import Output, hand_over, print_rest, progress_line

if TYPE_CHECKING:
    from rich.console import Console

    from trainlab.cli.explain_options import ExplainOptions
    from trainlab.explain import Explanation, Section


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

    hand_over(
        print_answer,
        Output(option="--json", word="JSON", path=options.json, text=result.to_json),
        Output(option="--html", word="report", path=options.html, text=lambda: explanation_html(result)),
    )


def headed(title: str) -> str:
    """Return a title as what is said after it needs it: with a colon, unless it is a question."""
    return title if title.endswith("?") else f"{title}:"
