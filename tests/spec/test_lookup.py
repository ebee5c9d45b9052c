"""Study files and examples by name; errors begin with the file."""

from pathlib import Path

import pytest
from studies.made_up import study_of

from trainlab import load_study, study
from trainlab.errors import SpecError
from trainlab.spec import EXAMPLES, any_study, example_path, study_to_toml


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_there_by_name(name: str):
    assert example_path(name).is_file()
    assert load_study(name) == load_study(example_path(name))


def test_the_assignment_is_96_cells():
    assert len(load_study("xor44").cells()) == 96


def test_a_file_is_read_by_its_path(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(study_to_toml(study_of("A")), encoding="utf-8")
    assert load_study(path) == load_study(str(path)) == study_of("A")


def test_a_file_of_an_examples_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "xor44").write_text(study_to_toml(study_of("A")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_study("xor44") == study_of("A")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        ("", "is empty"),
        ("[baseline\n", "not valid TOML"),
        ('[baseline]\nnetwork = "2-3-1"\nepoch = 3\n', "Did you mean 'epochs'?"),
        ('[baseline]\nnetwork = "2-3-1"\nepochs = 0\n', "epochs = 0"),
        ('[baseline]\nnetwork = "2-3-1"\n[changes.A]\nset.networks.widths = "2-1"\n', "change 'A'"),
        ("seeds = 3\n", "baseline"),
    ],
)
def test_errors_begin_with_the_file(content: str | None, says: str, tmp_path: Path):
    path = tmp_path / "bad.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    for load in (load_study, study):
        with pytest.raises(SpecError) as caught:
            load(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert message.count(str(path)) == 1
        assert says in message
        assert "\n" not in message


def test_a_folder_is_not_a_study(tmp_path: Path):
    with pytest.raises(SpecError, match="is a folder"):
        load_study(tmp_path)


DATA = '{ name = "file", path = "points.csv" }'
BESIDE = f"""
[baseline]
network = "2-3-1"
task = {DATA}
[changes.A]
set.task.path = "more.csv"
[changes.B]
set.task = {DATA}
[race]
"task.path" = ["points.csv", "more.csv"]
task = [{DATA}]
"""


def test_paths_start_at_the_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And not at the working folder, where a file of that name is another one."""
    for folder in ("studies", "."):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in ("points.csv", "more.csv"):
            (tmp_path / folder / name).write_text(f"a,b,y\n1,2,{3 if folder == '.' else 4}\n")
    text = BESIDE.replace(f"task = [{DATA}]\n", "")
    (tmp_path / "studies" / "first.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    plan = load_study("studies/first.toml")
    assert plan.baseline.data().targets.tolist() == [[4]]
    assert [cell.experiment.task.path for cell in plan.cells()] == [  # type: ignore[union-attr]
        f"studies/{name}.csv" for name in ("points", "more", "points", "points")
    ]
    assert plan.race is not None
    raced = [made.task.path for _, made in plan.race.variants(plan.baseline)]  # type: ignore[union-attr]
    assert raced == ["studies/points.csv", "studies/more.csv"]
    assert any_study("studies/first.toml") == plan
    monkeypatch.chdir(tmp_path / "studies")
    assert load_study("first.toml").baseline.task.path == "points.csv"  # type: ignore[union-attr]
    (tmp_path / "first.toml").write_text(text.replace('"points.csv"', f"'{tmp_path}/points.csv'"))
    absolute = load_study("../first.toml").baseline
    assert absolute.data().targets.tolist() == [[3]]


def test_a_race_of_whole_tasks_starts_there_as_well(tmp_path: Path):
    (tmp_path / "points.csv").write_text("a,b,y\n1,2,3\n")
    path = tmp_path / "first.toml"
    path.write_text(f'[baseline]\nnetwork = "2-3-1"\ntask = {DATA}\n[race]\ntask = [{DATA}]\n')
    race = load_study(path).race
    assert race is not None
    ((_, raced),) = race.variants(load_study(path).baseline)
    assert raced.task.path == str(tmp_path / "points.csv")  # type: ignore[union-attr]


def test_a_file_elsewhere_is_hinted_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("studies").mkdir()
    Path("points.csv").write_text("a,b,y\n1,2,3\n")
    Path("studies/first.toml").write_text(f'[baseline]\nnetwork = "2-3-1"\ntask = {DATA}\n')
    with pytest.raises(SpecError) as caught:
        load_study("studies/first.toml")
    assert str(caught.value) == (
        "studies/first.toml: studies/points.csv: no such file; a path in a study file starts at "
        "that "
        "file's folder, in Python at the working directory. There is a points.csv in the working directory."
    )
