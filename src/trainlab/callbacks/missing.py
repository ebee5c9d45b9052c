"""The error for a library that isn't installed, in one line."""

from __future__ import annotations

from trainlab.errors import MissingPackageError


def missing(error: ModuleNotFoundError, library: str, *, extra: str) -> ImportError:
    """Return what to raise instead of `error`: itself, unless the library or PyTorch is missing.

    Args:
        library: the name under which it is imported; or its parent package.
        extra: the extra of trainlab that installs it, and the name of the module that needs it.
    """
    lacking = (error.name or "").partition(".")[0]
    if lacking not in (library, "torch"):
        return error
    return MissingPackageError(
        f"trainlab.callbacks.{extra}: needs {lacking}, which isn't installed. "
        f"pip install 'trainlab[{extra}]'",
        name=lacking,
    )
