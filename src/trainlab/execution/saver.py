"""Finished chunks into the store: each at once, or several in one transaction where chunks are very short."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from trainlab.errors import SpecError
from trainlab.execution.plan import Chunk
from trainlab.execution.workers import Results
from trainlab.store import Store
from trainlab.tasks import fingerprint_data

SHARE = 4.0
"""After a save, the next one waits this many times as long as that one took."""
LONGEST = 0.5
"""But no finished chunk waits longer than this, in seconds."""


class Saver:
    """Keeps finished chunks until it is time to save them, and gives each that is saved to `on_saved`.

    A transaction that reaches the disk takes a third of a millisecond on a fast one and tens on a slow one,
    whatever it holds; thousands of chunks of a millisecond each would mostly wait for it. So the time between
    two saves is four times what the last one took, at most half a second: that much is lost if the process is
    killed. Chunks that take longer than that are saved one by one.
    """

    def __init__(
        self,
        store: Store,
        chunks: Iterable[Chunk],
        *,
        engine: str,
        on_saved: Callable[[Chunk, Results], None],
    ) -> None:
        self._store = store
        self._contents = {chunk.experiment.task: fingerprint_data(chunk.experiment.task) for chunk in chunks}
        self._engine = engine
        self._on_saved = on_saved
        self._waiting: list[tuple[Chunk, Results]] = []
        self._due = time.monotonic()

    def add(self, finished: Iterable[tuple[Chunk, Results]]) -> None:
        """Take finished chunks, perhaps none, and save what waits if it is time."""
        self._waiting.extend(finished)
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Save whatever waits, in one transaction."""
        saved, self._waiting = self._waiting, []
        if not saved:
            return
        self._check_data(chunk for chunk, _ in saved)
        start = time.monotonic()
        self._store.save([runs for _, results in saved for runs in results], engine=self._engine)
        end = time.monotonic()
        self._due = end + min(SHARE * (end - start), LONGEST)
        for chunk, results in saved:
            self._on_saved(chunk, results)

    def _check_data(self, chunks: Iterable[Chunk]) -> None:
        """Refuse to save runs of a data file that changed meanwhile: which data they saw can't be known."""
        for task in dict.fromkeys(chunk.experiment.task for chunk in chunks):
            if fingerprint_data(task) != self._contents[task]:
                raise SpecError(
                    f"task.path = {getattr(task, 'path', '')!r}: the file changed while networks were "
                    "trained on it; what wasn't saved yet is dropped. Run the same command again."
                )
