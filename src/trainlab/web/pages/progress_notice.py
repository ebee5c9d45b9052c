"""How much of a study is there, and whether more is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trainlab.draw.svg import Html
from trainlab.page.document import paragraph
from trainlab.page.html import joined
from trainlab.store import NamedStudy
from trainlab.studies.stored import HeldRuns

RUNNING = timedelta(minutes=2)
"""If something was saved since, a study that isn't whole is taken to be running: chunks take seconds."""

LEAST_WAIT = 5
"""Seconds until a page of a running study is asked for again, or longer if it took long to make."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many runs are there of how many, None where that isn't known before the end; when the last came.

    `damage` says which runs were left out, since they aren't what was saved.
    """

    trained: int
    due: int | None
    whole: bool
    last: datetime
    damage: tuple[str, ...] = ()

    @classmethod
    def of(cls, named: NamedStudy, held: HeldRuns, *, trained: int, due: int | None, whole: bool) -> Progress:
        """Return the progress of what is held of a study."""
        last = named.asked if held.last_saved is None else max(named.asked, held.last_saved)
        return cls(trained=trained, due=due, whole=whole, last=last, damage=held.damage)

    @property
    def running(self) -> bool:
        """Whether runs are being added, as far as the store tells."""
        return not self.whole and datetime.now(UTC) - self.last < RUNNING

    def notice(self, what: str) -> Html:
        """Return what stands above all, `what` the page is made of included; of a whole one only damage."""
        damage = joined(*(paragraph(damage_words(each), kind="question") for each in self.damage))
        if self.whole:
            return damage
        of = f" of {self.due:,}" if self.due is not None else ""
        words = f"{self.trained:,}{of} runs trained."
        state = (
            "It is running, and this page follows."
            if self.running
            else f"Nothing was saved since {self.last:%Y-%m-%d %H:%M} UTC. The same command, run again, goes "
            "on from here."
        )
        return joined(damage, paragraph(words, kind="question"), paragraph(f"{what} {state}"))


def damage_words(found: str) -> str:
    """Return what is damaged, and what to do about it."""
    return f"{found}. It is left out here; the command that trained it does so again."
