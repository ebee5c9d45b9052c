"""The store's studies as pages: listed, told as far as they are there, down to a run; nothing is believed."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest
from execution.fake_engine import made_up
from web.pages.made_store import HOSTILE, PLAN, age, client, save_study

from trainlab.page.document import security_policy
from trainlab.spec import Experiment, NamedNetwork, study_to_dict
from trainlab.store import DamageWarning, Store
from trainlab.studies.maps.question import ask
from trainlab.studies.race import RaceQuestion
from trainlab.web.pages import store_pages

PLAIN, CHANGED = (cell.experiment for cell in PLAN.cells())


def text_of(html: str) -> str:
    """Return the words of a page, without its script and style."""
    body = re.sub(r"(?s)<(script|style)>.*?</\1>", " ", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def links_of(html: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<a href="([^"]*)"', html)]


def test_without_a_store_the_list_says_how_to_fill_it(tmp_path: Path) -> None:
    answer = client(tmp_path / "none").get("/studies")
    assert answer.status_code == 200
    assert f"Nothing in {tmp_path / 'none'} yet: 'trainlab study FILE' fills it" in text_of(answer.text)
    assert not (tmp_path / "none").exists()


def test_the_list_has_the_newest_first_and_links(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    age(tmp_path)
    save_study(tmp_path, 3, plan=msgspec.structs.replace(PLAN, title="Newer", seeds=3))
    answer = client(tmp_path).get("/studies")
    words = text_of(answer.text)
    assert "2 studies in" in words
    assert words.index("Newer") < words.index("Mine")
    assert [each for each in links_of(answer.text) if each.startswith("/studies/")] == [
        "/studies/2",
        "/studies/1",
    ]


def test_a_page_has_a_policy_that_lets_its_own_script_run_and_nothing_else(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    for path in ("/studies", "/studies/1", "/studies/9"):
        policy = client(tmp_path).get(path).headers["content-security-policy"]
        assert policy == f"{security_policy()}; frame-ancestors 'none'"


def test_a_whole_study_is_its_report_with_its_cells(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    answer = client(tmp_path).get("/studies/1")
    words = text_of(answer.text)
    assert (answer.status_code, "refresh" in answer.headers) == (200, False)
    assert "2 cells × 6 seeds = 12 runs" in words
    assert "runs trained." not in words
    assert {"/studies/1/cells/0", "/studies/1/cells/1"} <= set(links_of(answer.text))


def test_a_study_that_runs_says_how_far_it_is_and_asks_again(tmp_path: Path) -> None:
    save_study(tmp_path, {PLAIN: 6, CHANGED: 2})
    answer = client(tmp_path).get("/studies/1")
    words = text_of(answer.text)
    assert "8 of 12 runs trained. What follows is of 1 of 2 cells, on 6 seeds. It is running" in words
    assert int(answer.headers["refresh"]) >= 5


def test_a_study_that_was_stopped_says_since_when_and_is_not_asked_for_again(tmp_path: Path) -> None:
    save_study(tmp_path, {PLAIN: 6, CHANGED: 2})
    age(tmp_path)
    answer = client(tmp_path).get("/studies/1")
    assert "refresh" not in answer.headers
    assert (
        "Nothing was saved since 2026-01-02 03:04 UTC. The same command, run again, goes on from here."
        in text_of(answer.text)
    )


def test_before_the_first_run_the_page_says_so_and_asks_again(tmp_path: Path) -> None:
    save_study(tmp_path, 0)
    answer = client(tmp_path).get("/studies/1")
    assert "0 of 12 runs trained. The report comes with the first runs." in text_of(answer.text)
    assert "refresh" in answer.headers
    assert not [each for each in links_of(answer.text) if "/cells/" in each]


def test_a_report_is_made_again_only_if_something_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    real = store_pages.study_page

    def counting(*given: object) -> object:
        made.append(1)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(store_pages, "study_page", counting)
    save_study(tmp_path, 3)
    asked = client(tmp_path)
    first, second = asked.get("/studies/1").text, asked.get("/studies/1").text
    assert (first == second, len(made)) == (True, 1)
    save_study(tmp_path, 6)
    assert asked.get("/studies/1").text != first
    assert len(made) == 2


def test_so_many_runs_are_left_to_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.web.pages.study_page.MOST_RUNS", 11)
    save_study(tmp_path, 6)
    words = text_of(client(tmp_path).get("/studies/1").text)
    assert "it is made by: trainlab study study.toml --seeds 6 --html report.html" in words
    assert 'title = "Mine"' in words


def test_a_study_of_an_older_store_says_what_is_missing(tmp_path: Path) -> None:
    save_study(tmp_path, 6, known=False)
    answer = client(tmp_path).get("/studies/1")
    assert "12 runs of 2 experiments are there, but what was asked isn't kept with them" in text_of(
        answer.text
    )
    assert client(tmp_path).get("/studies/1/cells/0").status_code == 404


def test_a_cell_has_its_rate_and_a_row_a_run(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    answer = client(tmp_path).get("/studies/1/cells/1")
    words, links = text_of(answer.text), links_of(answer.text)
    # Of the made-up runs 0 is solved, 3 diverges.
    assert "16.7 % (0.9–58.2) of 6 runs solved." in words
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", answer.text)
    assert [text_of(row).split(" ")[:2] for row in rows][:4] == [
        ["0", "solved"],
        ["1", "not"],
        ["2", "not"],
        ["3", "diverged"],
    ]
    lab = [each for each in links if each.startswith("/#")]
    assert len(lab) == 6
    state = msgspec.json.decode(unquote(lab[2].removeprefix("/#")))
    assert state["seed"] == 2
    assert Experiment.from_dict(state["a"]).optimizer == CHANGED.optimizer


def test_many_runs_are_told_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.web.pages.run_pages.ROWS", 4)
    save_study(tmp_path, 6)
    first = client(tmp_path).get("/studies/1/cells/0")
    assert "Runs 1 to 4 of 6." in text_of(first.text)
    assert "/studies/1/cells/0?first=4" in links_of(first.text)
    second = client(tmp_path).get("/studies/1/cells/0?first=4")
    assert len(re.findall("/studies/1/cells/0/runs/0/", second.text)) == 2
    assert client(tmp_path).get("/studies/1/cells/0?first=-1").text == first.text


def test_of_many_pages_the_near_ones_the_first_and_the_last_have_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainlab.web.pages.run_pages.ROWS", 1)
    monkeypatch.setattr("trainlab.web.pages.run_pages.NEAR", 1)
    save_study(tmp_path, 6)
    links = links_of(client(tmp_path).get("/studies/1/cells/0?first=3").text)
    assert [each.rpartition("=")[2] for each in links if "?first=" in each] == ["0", "2", "4", "5"]


def test_a_run_says_how_it_ended_and_where_if_asked(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    asked = client(tmp_path)
    answer = asked.get("/studies/1/cells/0/runs/0/1")
    assert "Seed 1: not solved." in text_of(answer.text)
    assert "/studies/1/cells/0/runs/0/1?end=1" in links_of(answer.text)
    told = text_of(asked.get("/studies/1/cells/0/runs/0/1?end=1").text)
    assert re.search(r"Where it ended (It ended|It was still moving)", told)
    diverged = asked.get("/studies/1/cells/0/runs/0/3")
    assert "Seed 3: diverged." in text_of(diverged.text)
    assert not [each for each in links_of(diverged.text) if "end=1" in each]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/studies/2", "There is no study 2 in"),
        ("/studies/999999999999999999", "There is no study 999999999999999999 in"),
        ("/studies/1/cells/2", "There is no cell 2: there are 2."),
        ("/studies/1/cells/0/runs/1/0", "There is no split 1: there are 1."),
        ("/studies/1/cells/0/runs/0/6", "not all of 1 runs of 2-2-1 are there."),
        ("/studies/1/cells/0/runs/0/6/spike", "not all of 1 runs of 2-2-1 are there."),
        ("/studies/1/cells/0/runs/0/999999999999999999", "not all of 1 runs of 2-2-1 are there."),
    ],
)
def test_what_is_not_there_is_told_in_a_line(tmp_path: Path, path: str, words: str) -> None:
    save_study(tmp_path, 6)
    answer = client(tmp_path).get(path)
    assert answer.status_code == 404
    assert words in text_of(answer.text)


def test_words_of_the_store_are_shown_as_they_are_and_never_believed(tmp_path: Path) -> None:
    names = msgspec.structs.replace(
        PLAN, title=HOSTILE, question=HOSTILE, networks=(NamedNetwork(name="<img src=x onerror=alert(2)>"),)
    )
    save_study(tmp_path, 6, plan=names)
    for path in ("/studies", "/studies/1", "/studies/1/cells/0", "/studies/1/cells/0/runs/0/1"):
        page = client(tmp_path).get(path).text
        assert "alert(1)" in page or "alert(2)" in page
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\x1b" not in page


def test_a_data_file_that_is_gone_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    task = {"name": "file", "path": str(tmp_path / "a.csv")}
    experiment = Experiment.from_dict({"network": "2-2-1", "epochs": 4, "task": task})
    save_study(tmp_path / "store", 6, plan=msgspec.structs.replace(PLAN, baseline=experiment))
    page = client(tmp_path / "store").get("/studies/1/cells/0")
    assert page.status_code == 200
    assert not [each for each in links_of(page.text) if each.startswith("/#")]
    (tmp_path / "a.csv").unlink()
    answer = client(tmp_path / "store").get("/studies/1")
    assert answer.status_code == 409
    assert "a.csv: no such file" in text_of(answer.text)


def test_a_race_that_goes_on_has_its_candidates_and_one_that_is_over_its_report(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(PLAN, changes=(), networks=())
    toml = {**study_to_dict(plan), "race": {"optimizer.lr": [0.01, 0.1]}}
    from trainlab.spec import study_from_dict

    asked = RaceQuestion(plan=study_from_dict(toml), seeds=2, max_seeds=4)
    first, second = (each.experiment for each in asked.field().candidates)
    with Store.open(tmp_path) as store:
        store.remember(
            "race",
            asked.title,
            [first.fingerprint, second.fingerprint],
            networks=2,
            seeds=4,
            question=asked.to_dict(),
        )
        store.save([made_up(first, range(4))], engine="fast@1")
    running = client(tmp_path).get("/studies/1")
    assert "4 runs trained. Who is dropped is known at the end. It is running" in text_of(running.text)
    assert "/studies/1/cells/0" in links_of(running.text)
    with Store.open(tmp_path) as store:
        store.save([made_up(second, range(4))], engine="fast@1")
    over = client(tmp_path).get("/studies/1")
    assert "Leaderboard" in text_of(over.text)
    assert "refresh" not in over.headers
    assert "lr 0.1" in text_of(client(tmp_path).get("/studies/1/cells/1").text)


def test_a_point_of_a_map_leads_to_its_runs(tmp_path: Path) -> None:
    asked = ask(PLAN, x="lr=0.01..0.1", y="epochs=2..3", size=(2, 2), seeds=3, cell=None)
    points = [asked.at(row, column) for row in range(2) for column in range(2)]
    own = asked.experiment
    with Store.open(tmp_path) as store:
        store.remember(
            "map",
            "A plane",
            [each.fingerprint for each in points],
            networks=4,
            seeds=3,
            question={**asked.to_dict(), "every_point": False},
        )
        store.save([made_up(each, range(3)) for each in points[:3]], engine="fast@1")
    part = client(tmp_path).get("/studies/1")
    assert "9 runs trained. The map is drawn once all its points are there." in text_of(part.text)
    assert "/studies/1/cells/3" not in links_of(part.text)
    with Store.open(tmp_path) as store:
        store.save([made_up(each, range(33)) for each in (*points, own)], engine="fast@1")
    whole = client(tmp_path).get("/studies/1")
    assert "Map: where 2-2-1 learns" in text_of(whole.text)
    point = client(tmp_path).get("/studies/1/cells/3")
    assert "optimizer.lr = 0.1, epochs = 3" in text_of(point.text)
    assert "of 3 runs solved" in text_of(point.text)
    assert client(tmp_path).get("/studies/1/cells/4").status_code == 404


def test_a_page_whose_turn_does_not_come_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_pages, "PATIENCE", 0.01)
    save_study(tmp_path, 6)
    pages = store_pages.StorePages(folder=str(tmp_path))
    with pages._turn:
        answer = pages._answer(pages._list)
    assert answer.status_code == 503
    assert "Ask again in a moment." in bytes(answer.body).decode()
    assert pages._answer(pages._list).status_code == 200


@pytest.mark.parametrize("key", ["9" * 19, "9" * 5000, "1/cells/1/runs/0/" + "9" * 30])
def test_a_number_that_no_store_can_hold_has_no_page(tmp_path: Path, key: str) -> None:
    assert client(tmp_path).get(f"/studies/{key}").status_code == 404


def test_the_longest_number_is_looked_for(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    found = client(tmp_path).get(f"/studies/{'9' * 18}")
    assert (found.status_code, "No such page" in found.text) == (404, True)


def test_damaged_runs_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    with Store.open(tmp_path) as store:
        store._db.execute("UPDATE runs SET loss = 7 WHERE experiment = 1 AND seed = 3")
    answer = client(tmp_path).get("/studies/1")
    words = text_of(answer.text)
    assert answer.status_code == 200
    assert "is damaged: seeds 0 to 5 of 2-2-1, 4 epochs (engine 'fast'): they aren't what was saved" in words
    assert "6 of 12 runs trained. What follows is of 1 of 2 cells, on 6 seeds." in words


def test_a_damaged_entry_is_left_out_of_the_list_and_it_is_said(tmp_path: Path) -> None:
    save_study(tmp_path, 6)
    with Store.open(tmp_path) as store:
        store._db.execute("UPDATE experiments SET experiment = '{' WHERE id = 1")
    with pytest.warns(DamageWarning, match="the record of experiment"):
        words = text_of(client(tmp_path).get("/studies").text)
    assert "is damaged: the record of experiment" in words
    assert "Mine" in words


@pytest.mark.parametrize("kind", ["study", "race", "map"])
def test_a_question_that_was_altered_is_refused_in_a_line(tmp_path: Path, kind: str) -> None:
    save_study(tmp_path, 6)
    for question in ("{}", '{"title": 5}', '{"every_point": 1}'):
        with Store.open(tmp_path) as store:
            store._db.execute("UPDATE studies SET question = ?, kind = ?", (question, kind))
        for path in ("/studies/1", "/studies/1/cells/0"):
            assert client(tmp_path).get(path).status_code == 409
