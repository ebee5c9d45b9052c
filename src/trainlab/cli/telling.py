"""Show an explanation while it is made, section by section, and write the files asked for at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trainlab.cli.options import UsageError
from trainlab.cli.output import Output, check_distinct, check_writable, hand_over
from trainlab.cli.progress import progress_line

if TYPE_CHECKING:
    from trainlab.explain import Explanation, Section


def check_files(*, json: str | None, html: str | None, **inputs: str | None) -> None:
    """Refuse, before any work, files that can't be written, or that are one and the same as an input."""
    check_writable("--json", json)
    check_writable("--html", html)
    if html == "-":
        raise UsageError("--html -: the report is a page; give the name of a file, as in --html report.html.")
    check_distinct({**{name.upper(): path for name, path in inputs.items()}, "--json": json, "--html": html})


def tell(explain: Callable[..., Explanation], *, json: str | None, html: str | None, **options: Any) -> None:
    """Call `explain` with `options`, print its sections as they come and its answer last, write the files."""
    from rich.console import Console
    from rich.text import Text

    from trainlab.report import explanation_html

    shown = json != "-"
    with progress_line() as show:

        def on_section(part: Section) -> None:
            show.hide()
            if shown:
                Console().print(part)
                sys.stdout.flush()

        result = explain(**options, on_section=on_section, on_progress=show)
    hand_over(
        lambda console: console.print(Text(f"{result.title}: {result.verdict}", style="bold")),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
        Output(option="--html", word="report", path=html, text=lambda: explanation_html(result)),
    )
