"""Stores with made-up runs, and a client that asks for their pages as a browser would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from execution.fake_engine import made_up
from starlette.applications import Starlette
from starlette.testclient import TestClient

from trainlab.spec import Experiment, Study, study_from_toml, study_to_dict
from trainlab.store import Store
from trainlab.web.server import routes

HOSTILE = '<script>alert(1)</script> & "quoted" \x1b[31m'
HOST = "127.0.0.1:8144"

PLAN = study_from_toml(
    """
    title = "Mine"
    seeds = 6
    [baseline]
    network = "2-2-1"
    epochs = 4
    [changes.A]
    set.optimizer.lr = 0.1
    """
)


def client(folder: Path) -> TestClient:
    """Return a client of the pages of a store's folder."""
    return TestClient(Starlette(routes=routes(folder)), base_url=f"http://{HOST}")


def save_study(
    folder: Path, there: int | Mapping[Experiment, int], *, plan: Study = PLAN, known: bool = True
) -> None:
    """Name a study, and save so many runs of each cell; without `known`, as an older trainlab did."""
    with Store.open(folder) as store:
        cells = [cell.experiment for cell in plan.cells()]
        counts = dict.fromkeys(cells, there) if isinstance(there, int) else there
        store.remember(
            "study",
            plan.title,
            [each.fingerprint for each in cells],
            networks=len(plan.network_names),
            changes=len(plan.changes),
            seeds=plan.seeds,
            question=study_to_dict(plan) if known else None,
        )
        store.save([made_up(each, range(count)) for each, count in counts.items() if count], engine="fast@1")


def age(folder: Path) -> None:
    """Let all in the store be of yesterday."""
    with Store.open(folder) as store:
        store._db.execute("UPDATE studies SET asked = '2026-01-01T00:00:00+00:00'")
        store._db.execute("UPDATE chunks SET saved = '2026-01-02T03:04:05+00:00'")
        # It has the moment, too, with a digest; without it the chunk's own counts.
        store._db.execute("DELETE FROM totals")
