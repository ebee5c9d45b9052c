"""Links to the page: every form of an experiment is read, what is none is said, no page is dead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest
from chromium import OpenTab, Tab, needs_chromium
from playwright.sync_api import expect
from web.experiments import xor

from trainlab.spec import Experiment
from trainlab.web.schema import schema
from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]

ANSWERED = "#answer[data-whole=true]"
UNREAD = "The link couldn't be read"

OpenHash = Callable[[str], Tab]


@pytest.fixture
def open_hash(open_tab: OpenTab, lab_address_of_server: str) -> OpenHash:
    return lambda text: open_tab(f"{lab_address_of_server.rstrip('/')}/#{text}")


def points(**fields: Any) -> dict[str, Any]:
    return xor(task={"name": "points", **fields})


def read(open_tab: OpenTab, experiments: list[Any]) -> list[Any]:
    """Return what the page makes of experiments."""
    page = open_tab("about:blank").page
    page.add_script_tag(content=bundle("experiment_form"))
    code = "([all, schema]) => all.map((data) => experimentInForm(data, schema))"
    return page.evaluate(code, [experiments, schema()])


LEGAL: list[dict[str, Any]] = [
    {"network": "2-3-1"},
    {"network": [2, 3, 1]},
    {"network": {"widths": "2-3-1", "bias": False}},
    {"network": {"widths": [2, 3, 1]}, "init": "xavier_uniform"},
    {"network": {"widths": [2, 3, 1]}, "init": {"name": "normal", "std": 0.5}},
    {
        "network": {"widths": [2, 3, 1]},
        "init": {"weight": ["xavier_uniform", {"name": "default"}], "bias": "uniform"},
    },
    {"network": {"widths": [2, 3, 1]}, "task": "xor", "loss": "mse", "optimizer": "adam"},
    {"network": {"widths": [2, 3, 1]}, "solved": {"within": 0.2}},
    points(inputs=[[0, 1], [1, 0]], targets=[[0], [1]]),
]


def test_every_legal_form_means_the_same_experiment_in_the_page_s_form(open_tab: OpenTab):
    for data, formed in zip(LEGAL, read(open_tab, LEGAL), strict=True):
        assert Experiment.from_dict(formed) == Experiment.from_dict(data)
        assert isinstance(formed["network"]["widths"], list)
        for part in ("task", "loss", "optimizer", "solved"):
            assert "name" in formed.get(part, {"name": ""})


def test_what_is_in_the_page_s_form_stays_as_it_is(open_tab: OpenTab):
    experiments = [network["experiment"] for network in schema()["examples"]["networks"]]
    assert list(map(json.dumps, read(open_tab, experiments))) == list(map(json.dumps, experiments))


NONE: list[Any] = [
    "xor",
    [2, 3, 1],
    {"task": "xor"},
    xor(network=None),
    xor(network=5),
    xor(network={"widths": {"x": 1}}),
    xor(network={"widths": []}),
    xor(optimizer=None),
    xor(init=3),
    xor(loss={"name": 3}),
    points(inputs=[1, 2], targets=[0, 1]),
    points(inputs=[[1, 2]]),
    points(inputs=[[1, 2], [1]], targets=[0, 1]),
    points(inputs=[["a", 2]], targets=[0]),
    points(inputs=[[1, 2]], targets=[None]),
]


def test_what_can_be_no_experiment_is_none(open_tab: OpenTab):
    assert read(open_tab, NONE) == [None] * len(NONE)


@pytest.mark.parametrize("network", ["2-3-1", [2, 3, 1]])
def test_a_legal_link_opens_and_can_be_changed(open_hash: OpenHash, network: object):
    tab = open_hash(quote(json.dumps({"a": {"task": "xor", "network": network}, "seeds": 16})))
    page = tab.page
    page.wait_for_selector(ANSWERED)
    page.get_by_role("button", name="One unit more in layer 1").click()
    expect(page.get_by_label("widths")).to_have_value("2-4-1")
    page.wait_for_selector(ANSWERED)
    assert json.loads(unquote(page.url.split("#")[1]))["a"]["network"] == {"widths": [2, 4, 1]}
    expect(page.locator(".top .status")).to_be_empty()
    assert tab.said == []


@pytest.mark.parametrize(
    "text",
    [
        quote(json.dumps({"a": xor(network=None)})),
        quote(json.dumps({"a": xor(), "b": {"x": 1}})),
        quote(json.dumps({"a": points(inputs=[[1, 2]])})),
        quote(json.dumps({"a": xor()}))[:-20],
        "%E0%A4%A",
        "[1]",
    ],
)
def test_a_damaged_link_opens_the_first_experiment_and_it_is_said(open_hash: OpenHash, text: str):
    tab = open_hash(text)
    page, status = tab.page, tab.page.locator(".top .status")
    page.wait_for_selector(ANSWERED)
    expect(status).to_contain_text(UNREAD)
    page.get_by_label("epochs", exact=True).fill("20")
    page.keyboard.press("Enter")
    expect(status).to_be_empty()
    page.wait_for_selector(ANSWERED)
    assert tab.said == []


def test_to_skip_to_the_answer_is_no_other_state(open_hash: OpenHash):
    page = open_hash(quote(json.dumps({"a": xor(epochs=20), "seeds": 16}))).page
    page.wait_for_selector(ANSWERED)
    before = page.url
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    assert page.url == before
    expect(page.get_by_label("epochs", exact=True)).to_have_value("20")
