"""Show an explanation while it is made, section by section, and write the files asked for at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trainlab.cli.output import Output, hand_over
from trainlab.cli.progress import progress_line

if TYPE_CHECKING:
    from trainlab.explain import Explanation, Section


def tell(explain: Callable[..., Explanation], *, json: str | None, html: str | None, **options: Any) -> None:
    """Call `explain` with `options`, print its sections as they come and its answer last, write the files."""
    from rich.console import Console
    from rich.text import Text

    from trainlab.report import explanation_html

    shown = json != "-"
    with progress_line() as show:

        def on_section(part: Section) -> None:
            nonlocal shown
            show.hide()
            if shown:
                try:
                    Console().print(part)
                    sys.stdout.flush()
                except (BrokenPipeError, SystemExit):
                    # Whoever read has gone, as with `| head`, and rich would end here; the files are to come.
                    shown = False

        result = explain(**options, on_section=on_section, on_progress=show)
    hand_over(
        lambda console: console.print(Text(f"{headed(result.title)} {result.verdict}", style="bold")),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
        Output(option="--html", word="report", path=html, text=lambda: explanation_html(result)),
    )


def headed(title: str) -> str:
    """Return a title as what is said after it needs it: with a colon, unless it is a question."""
    return title if title.endswith("?") else f"{title}:"
