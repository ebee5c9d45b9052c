# pyright: basic
"""The order of the data: loaders that shuffle."""

from __future__ import annotations

import inspect
from typing import Any

from torch.utils.data import DataLoader, IterableDataset

from trainlab.diagnosis.remedies.patching import Patching


def shuffle(on: Patching) -> None:
    """Make loaders with ``shuffle=True`` where nothing else settles the order."""

    def wrap(original: Any) -> Any:
        known = inspect.signature(original)

        def init(*args: Any, **kwargs: Any) -> None:
            given = known.bind(*args, **kwargs)
            free = not any(
                given.arguments.get(name) for name in ("shuffle", "sampler", "batch_sampler")
            ) and not isinstance(given.arguments["dataset"], IterableDataset)
            if free:
                given.arguments["shuffle"] = True
                on.act()
            original(*given.args, **given.kwargs)

        return init

    on.replace(DataLoader, "__init__", wrap)
