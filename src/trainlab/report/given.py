"""What a page is made of: anything else than the result it is for is refused in one line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from trainlab.errors import TrainlabError, shown


def check_given(given: object, kind: type, *, made_by: str) -> None:
    """Refuse what isn't a result of this kind; `made_by` is the function that returns one."""
    if not isinstance(given, kind):
        raise TrainlabError(
            f"result is of type {type(given).__name__}, but must be {kind.__name__}, as {made_by} returns it."
        )


def check_title(title: object) -> None:
    """Refuse a title that isn't text."""
    if not isinstance(title, str):
        raise TrainlabError(f"title = {shown(title)}: must be text.")


@contextmanager
def read_back(given: object, *, written_by: str) -> Generator[None]:
    """Turn whatever fails in a result that was read back from JSON into one line: it was altered by hand."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        if not isinstance(given, dict) or isinstance(error, TrainlabError):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise TrainlabError(f"this isn't what {written_by} wrote ({shown(reason)[1:-1]}).") from None
