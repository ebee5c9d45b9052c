"""Studies, races and maps by name: what they asked, and which experiments are theirs."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, Literal

import msgspec

from trainlab.errors import shown
from trainlab.store.chunks import merge
from trainlab.store.listing import Total, totals_of

STOPPED = " (stopped)"
"""How the title of a map ends that was stopped."""
Kind = Literal["study", "race", "map"]
KINDS = ("study", "race", "map")
MOST, MOST_CHANGES = 10**12, 64
"""More networks or seeds, and more changes, each of which doubles the cells, no study has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedStudy:
    """A study that the store knows: when it was last `asked` (UTC), and its experiments' `fingerprints`.

    `networks` is the number of candidates for a race, and of points for a map. `question` is plain data from
    which it can be asked again; None if an older trainlab named it.
    """

    key: int
    kind: Kind
    title: str
    networks: int
    changes: int
    seeds: int
    asked: datetime
    fingerprints: frozenset[str]
    question: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldSeeds:
    """The seeds of an experiment whose runs by one engine are there, and when the last was saved (UTC)."""

    engine: str
    ranges: tuple[range, ...]
    last_saved: datetime


def remember(
    db: sqlite3.Connection,
    kind: Kind,
    title: str,
    fingerprints: Iterable[str],
    *,
    networks: int,
    changes: int,
    seeds: int,
    question: Mapping[str, Any] | None,
    asked: datetime | None = None,
) -> None:
    """Record a study, or that it was asked again; with other experiments the same title is another study.

    `asked` is when (UTC), now if left out; of two moments the later one stays, and what was asked then.

    A map that was stopped before it knew all its points has `STOPPED` behind its title; once it is finished,
    that entry goes.
    """
    members = sorted(set(fingerprints))
    digest = members_digest(members)
    text = None if question is None else msgspec.json.encode(question).decode()
    moment = (asked or datetime.now(UTC)).isoformat(timespec="seconds")
    ((key,),) = db.execute(
        """INSERT INTO studies (kind, title, digest, networks, changes, seeds, asked, question)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (kind, title, digest) DO UPDATE SET networks = excluded.networks,
        changes = excluded.changes, seeds = max(seeds, excluded.seeds), asked = max(asked, excluded.asked),
        question = CASE WHEN excluded.asked >= asked THEN ifnull(excluded.question, question)
            ELSE ifnull(question, excluded.question) END
        RETURNING id""",
        (kind, title, digest, networks, changes, seeds, moment, text),
    ).fetchall()
    db.executemany(
        "INSERT OR IGNORE INTO study_experiments (study, fingerprint) VALUES (?, ?)",
        ((key, each) for each in members),
    )
    if kind == "map":
        _forget_begun(db, key, title)


def _forget_begun(db: sqlite3.Connection, whole: int, title: str) -> None:
    """Delete the stopped entries of the finished map `whole`, whose experiments include all of theirs."""
    begun = db.execute(
        """SELECT id FROM studies WHERE kind = 'map' AND title = ? AND id <> ? AND NOT EXISTS (
            SELECT 1 FROM study_experiments WHERE study = studies.id AND fingerprint NOT IN (
                SELECT fingerprint FROM study_experiments WHERE study = ?))""",
        (f"{title.removesuffix(STOPPED)}{STOPPED}", whole, whole),
    ).fetchall()
    db.executemany("DELETE FROM study_experiments WHERE study = ?", begun)
    db.executemany("DELETE FROM studies WHERE id = ?", begun)


def named_studies(db: sqlite3.Connection) -> tuple[list[NamedStudy], list[str]]:
    """Return the studies, the one asked last first, and what is damaged, a line each."""
    members: dict[int, set[str]] = defaultdict(set)
    for key, fingerprint in db.execute("SELECT study, fingerprint FROM study_experiments"):
        members[key].add(str(fingerprint))
    rows = db.execute(
        "SELECT id, kind, title, digest, networks, changes, seeds, asked, question FROM studies "
        "ORDER BY asked DESC, id DESC"
    )
    found: list[NamedStudy] = []
    damaged: list[str] = []
    for key, kind, title, digest, networks, changes, seeds, asked, question in rows:
        try:
            study = NamedStudy(
                key=key,
                kind=kind,
                title=str(title),
                networks=networks,
                changes=changes,
                seeds=seeds,
                asked=datetime.fromisoformat(asked),
                fingerprints=frozenset(members[key]),
                question=None if question is None else msgspec.json.decode(question, type=dict[str, Any]),
            )
        except (TypeError, ValueError, RecursionError):
            study = None
        counts = (networks, MOST), (changes, MOST_CHANGES), (seeds, MOST)
        if (
            study is None
            or kind not in KINDS
            or not all(type(number) is int and 0 <= number <= most for number, most in counts)
        ):
            damaged.append(f"the entry of the study {shown(title)} can't be read")
        elif digest != members_digest(members[key]):
            damaged.append(f"the entry of the study {shown(title)} isn't what was saved")
        else:
            found.append(study)
    return found, damaged


def members_digest(fingerprints: Iterable[str]) -> str:
    """Return the digest that tells studies of one title apart."""
    return blake2s("\n".join(sorted(set(fingerprints))).encode(), digest_size=16).hexdigest()


def held_seeds(db: sqlite3.Connection, key: int) -> dict[str, tuple[HeldSeeds, ...]]:
    """Return which seeds are there of a study's experiments, by fingerprint: an entry for each engine."""
    members = db.execute(
        """SELECT e.id, e.fingerprint FROM study_experiments s
        JOIN experiments e ON e.fingerprint = s.fingerprint WHERE s.study = ?""",
        (key,),
    ).fetchall()
    held: dict[str, tuple[HeldSeeds, ...]] = {}
    for member, fingerprint in members:
        by_engine: dict[str, list[Total]] = defaultdict(list)
        for total in totals_of(db, member, fingerprint):
            if _is_moment(total.saved):
                by_engine[total.engine].append(total)
        entries = tuple(
            HeldSeeds(
                engine=engine,
                ranges=tuple(merge(each.seeds for each in totals)),
                last_saved=datetime.fromisoformat(max(each.saved for each in totals)),
            )
            for engine, totals in by_engine.items()
        )
        if entries:
            held[fingerprint] = entries
    return held


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
