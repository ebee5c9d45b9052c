"""How runs are trained and where they are kept: settings that go through many functions, handed on as one."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """The options that `trainlab.study` and all other public functions that train have under these names."""

    engine: str = "auto"
    store: Store | str | os.PathLike[str] | None = None
    workers: int | None = None
    on: str | None = None
    fresh: bool = False
    on_progress: Callable[..., None] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The same by name, as the public functions take them."""
        return {name: getattr(self, name) for name in RunSettings.__slots__}

    def opened(self) -> AbstractContextManager[Store | None]:
        """Return the store for a ``with``: opened, unless there is none, or it is open, and stays so."""
        from trainlab.store import Store

        if self.store is None or isinstance(self.store, Store):
            return nullcontext(self.store)
        return Store.open(self.store)

    def training(self, **others: Any) -> dict[str, Any]:
        """Return all but `fresh`, as `train_all` takes them, with `others` in their place."""
        return {name: value for name, value in self.options.items() if name != "fresh"} | others
