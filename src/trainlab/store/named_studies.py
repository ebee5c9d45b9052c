"""Studies, races and maps by name: what they were asked, and which experiments are theirs."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Literal

STOPPED = " (stopped)"
"""How the title of a map ends that was stopped."""
Kind = Literal["study", "race", "map"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedStudy:
    """A study that the store knows: when it was last `asked` (UTC), and its experiments' `fingerprints`.

    `networks` is the number of candidates for a race, and of points for a map.
    """

    kind: Kind
    title: str
    networks: int
    changes: int
    seeds: int
    asked: datetime
    fingerprints: frozenset[str]


def remember(
    db: sqlite3.Connection,
    kind: Kind,
    title: str,
    fingerprints: Iterable[str],
    *,
    networks: int,
    changes: int,
    seeds: int,
) -> None:
    """Record a study, or that it was asked again; with other experiments the same title is another study.

    A map that was stopped before it knew all its points has `STOPPED` behind its title; once it is finished,
    that entry goes.
    """
    members = sorted(set(fingerprints))
    digest = blake2s("\n".join(members).encode(), digest_size=16).hexdigest()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    ((key,),) = db.execute(
        """INSERT INTO studies (kind, title, digest, networks, changes, seeds, asked)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (kind, title, digest) DO UPDATE SET networks = excluded.networks,
        changes = excluded.changes, seeds = max(seeds, excluded.seeds), asked = excluded.asked
        RETURNING id""",
        (kind, title, digest, networks, changes, seeds, now),
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


def named_studies(db: sqlite3.Connection) -> list[NamedStudy]:
    """Return the studies, the one asked last first."""
    members: dict[int, set[str]] = defaultdict(set)
    for key, fingerprint in db.execute("SELECT study, fingerprint FROM study_experiments"):
        members[key].add(fingerprint)
    rows = db.execute(
        "SELECT id, kind, title, networks, changes, seeds, asked FROM studies ORDER BY asked DESC, id DESC"
    )
    return [
        NamedStudy(
            kind=kind,
            title=title,
            networks=networks,
            changes=changes,
            seeds=seeds,
            asked=datetime.fromisoformat(asked),
            fingerprints=frozenset(members[key]),
        )
        for key, kind, title, networks, changes, seeds, asked in rows
    ]
