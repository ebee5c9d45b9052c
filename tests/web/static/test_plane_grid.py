"""The plane of two settings: every setting is one that the server knows, and every value can be trained."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page
from web.experiments import xor

from trainlab.spec import Experiment, numeric_fields, value_of, with_values
from trainlab.web.experiment_forms import page_form
from trainlab.web.schema import schema
from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]

EXPERIMENTS = [
    xor(init={"weight": {"name": "normal", "std": 0.5}}),
    xor(
        optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.9},
        sampling={"name": "single", "steps_per_epoch": 4},
    ),
    xor(task={"name": "circles"}, init={"weight": {"name": "constant", "val": 0.0}}, noise={"std": 0.1}),
    xor(task={"name": "moons"}, schedule={"name": "step", "step_size": 30}, loss="huber"),
    xor(optimizer={"name": "adam", "lr": 0.0}, epochs=1),
]


@pytest.fixture
def page(open_tab: OpenTab) -> Page:
    tab = open_tab("about:blank")
    tab.page.add_script_tag(content=bundle("map_view"))
    return tab.page


@pytest.mark.parametrize("data", EXPERIMENTS)
@pytest.mark.parametrize("count", [5, 9])
def test_every_value_of_every_axis_is_an_experiment(page: Page, data: dict[str, Any], count: int):
    experiment = Experiment.from_dict(data)
    form = json.loads(json.dumps(page_form(experiment)))
    axes = page.evaluate(
        """([form, schema, count]) => planeSettings(form, schema).map((setting) =>
          ({ path: setting.path, value: setting.value, values: planeValues(setting, count) }))""",
        [form, schema(), count],
    )
    known = numeric_fields(experiment)
    assert "epochs" in [axis["path"] for axis in axes]
    assert "optimizer.lr" in [axis["path"] for axis in axes]
    for axis in axes:
        path, values = axis["path"], axis["values"]
        assert path in known
        assert axis["value"] == value_of(experiment, path)
        assert axis["value"] in values
        assert values == sorted(set(values))
        assert 1 < len(values) <= count
        for value in values:
            assert value_of(with_values(experiment, {path: value}), path) == value


def test_a_setting_is_put_where_the_server_reads_it(page: Page):
    form = json.loads(json.dumps(page_form(Experiment.from_dict(EXPERIMENTS[0]))))
    for path in ("init.weight.std", "optimizer.lr", "epochs"):
        moved = page.evaluate(
            "([form, path, schema]) => withSetting(form, path, 3, schema)", [form, path, schema()]
        )
        assert value_of(Experiment.from_dict(moved), path) == 3


def test_coarse_cells_come_first_and_near_ones_before_far_ones(page: Page):
    order = [tuple(cell) for cell in page.evaluate("planeOrder(5, 5, [2, 2])")]
    assert len(set(order)) == len(order) == 25
    assert order[0] == (2, 2)
    assert set(order[:9]) == {(x, y) for x in (0, 2, 4) for y in (0, 2, 4)}
    assert set(order[9:13]) == {(1, 2), (3, 2), (2, 1), (2, 3)}
