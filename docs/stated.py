"""A statement of the assignment: where it stands, what was asked, and the rule that judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from docs.explained import Explained
from docs.rules import Answer
from docs.xor_studies import Studies
from trainlab.studies import EndingsResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Everything that was computed and trained for the statements.

    `deep` says where runs of Model 3 with B and E end, at the smallest and the largest learning rate for
    which `explained` asks that of Model 2.
    """

    studies: Studies
    explained: Explained
    deep: tuple[EndingsResult, EndingsResult]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What the assignment says at a `place`, in our words, and how it was `asked`.

    `rule` makes the answer from what `read` takes out of the results: only from numbers, so that made-up ones
    can turn it. `page` is the page on it; `note` says what to know of it beside.
    """

    number: str
    said: str
    place: str
    asked: str
    rule: Callable[..., Answer]
    read: Callable[[Found], Mapping[str, Any]]
    page: str
    seeds: str = "–"
    note: str = ""

    def judge(self, found: Found) -> Answer:
        """Return how it fares."""
        return self.rule(**self.read(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One of the five questions: its page, where the assignment asks it, and the command that answers it."""

    page: str
    place: str
    command: str

    def statement(
        self,
        number: str,
        said: str,
        asked: str,
        rule: Callable[..., Answer],
        read: Callable[[Found], Mapping[str, Any]],
        seeds: str = "–",
        note: str = "",
    ) -> Statement:
        """Return a statement about it; `asked` says which part of the command's answer was used."""
        return Statement(
            number=number,
            said=said,
            place=self.place,
            asked=f"{self.command}: {asked}",
            rule=rule,
            read=read,
            page=self.page,
            seeds=seeds,
            note=note,
        )
