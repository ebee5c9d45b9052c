"""What the terminal has of a result."""

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console


def printed_by(
    show: Callable[..., None], result: object, width: int = 80, *, details: bool = True, **settings: Any
) -> str:
    """Return what `show` prints on a console of this width, with other `settings` of rich's."""
    out = io.StringIO()
    show(result, console=Console(file=out, width=width, **settings), details=details)
    return out.getvalue()
