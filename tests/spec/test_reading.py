"""Study files and examples by name; errors begin with the file."""

from pathlib import Path

import pytest
from studies.made_up import study_of

from trainlab import load_study, study
from trainlab.errors import SpecError
from trainlab.spec import EXAMPLES, example_path, study_to_toml


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
