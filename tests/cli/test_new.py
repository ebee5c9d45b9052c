"""`trainlab new` writes studies that run, and whose changes matter; for a file of data, one that fits it."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.calling import Caller, assert_refused

from trainlab import load_study
from trainlab.spec import File

RNG = np.random.default_rng(1)
AGE, INCOME = RNG.normal(50, 12, 60), RNG.normal(3, 1, 60)
ILL = ["yes" if age > 50 else "no" for age in AGE]


def table(heading: str, row: str, separator: str = ",") -> str:
    lines = [
        row.format(age=f"{age:.1f}", income=f"{income:.2f}", ill=ill, place=place, third=place % 3)
        for place, (age, income, ill) in enumerate(zip(AGE, INCOME, ILL, strict=True), 1)
    ]
    return "\n".join([*([heading] if heading else []), *lines]).replace(";", separator) + "\n"


def task_of(path: str = "first.toml") -> File:
    task = load_study(path).baseline.task
    assert isinstance(task, File)
    return task


def test_the_first_study_fails_without_changes_and_each_change_helps(trainlab: Caller) -> None:
    assert trainlab("new", "first.toml").out == "Wrote first.toml. Run it with: trainlab study first.toml\n"
    assert load_study("first.toml").seeds == 20
    data = json.loads(trainlab("study", "first.toml", "--json", "-").out)
    solved = {(cell["network"], *cell["changes"]): cell["solved"]["k"] for cell in data["cells"]}
    for network in ("shallow", "deep"):
        assert solved[network,] <= 2
        assert solved[network, "Adam"] >= 15
        assert solved[network, "tanh"] >= 10
    readings = {
        (effect["network"], effect["change"]): effect["alone"]["reading"] for effect in data["effects"]
    }
    assert readings["shallow", "Adam"] == readings["deep", "Adam"] == "helps"


FILES = {
    "headed, target first": (
        table("ill;id;age;income", "{ill};{place};{age};{income}"),
        {"target": "ill", "ignore": ("id",), "kind": "binary"},
        "Predicting `ill` (no or yes) from `age` and `income`: 45 examples to learn from, 15 held out.\n"
        "Left out, as it numbers the rows: `id`.\n",
        "ill",
    ),
    "called so": (
        table("label;name;age;income", "{third};Ann {place};{age};{income}"),
        {"target": "label", "ignore": ("name",), "kind": "classes"},
        "Predicting `label` (0, 1 or 2) from `age` and `income`: 45 examples to learn from, 15 held out.\n"
        "It is the column that is called like a target; another is named with --target.\n"
        "Left out, as texts can't be inputs: `name`.\n"
        "Its 3 whole numbers are taken for classes; say kind = 'regression' if not.\n",
        None,
    ),
    "numbers": (
        table("age;income", "{age};{income}"),
        {"target": "income", "kind": "regression"},
        "Predicting `income` from `age`: 45 examples to learn from, 15 held out.\n"
        "It is the column that stands last; another is named with --target.\n",
        None,
    ),
    "no headings": (
        table("", "{ill};{age};{income}"),
        {"target": 0, "kind": "binary"},
        "Predicting 1 target (no or yes) from 2 inputs: 45 examples to learn from, 15 held out.\n",
        "0",
    ),
    "as Excel writes it": (
        "\ufeff" + table("größe|ill", "{age}|{ill}").replace(".", ",").replace("|", "\t"),
        {"target": "ill", "kind": "binary", "decimal": ","},
        "Predicting `ill` (no or yes) from `größe`: 45 examples to learn from, 15 held out.\n"
        "It is the column that stands last; another is named with --target.\n"
        "Read with decimal = ','.\n",
        None,
    ),
    "from Windows": (
        table("größe|ill", "{age}|{ill}").encode("cp1252"),
        {"target": "ill", "kind": "binary", "delimiter": "|", "encoding": "cp1252"},
        "Predicting `ill` (no or yes) from `größe`: 45 examples to learn from, 15 held out.\n"
        "It is the column that stands last; another is named with --target.\n"
        "Read with delimiter = '|'.\nRead with encoding = 'cp1252'.\n",
        None,
    ),
}


@pytest.mark.trains
@pytest.mark.parametrize("case", FILES)
def test_a_study_for_a_file_runs(trainlab: Caller, case: str) -> None:
    content, fields, words, target = FILES[case]
    Path("data").mkdir()
    Path("data/points.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    asked = () if target is None else ("--target", target)
    outcome = trainlab("new", "--data", "data/points.csv", *asked, "first.toml")
    assert outcome.err == ""
    assert outcome.out == words + "Wrote first.toml. Run it with: trainlab study first.toml\n"
    task = task_of()
    assert task == File(path="data/points.csv", **fields)  # type: ignore[arg-type]
    ran = trainlab("study", "first.toml", "--seeds", "2", "--json", "-")
    assert (ran.code, ran.err) == (0, "")
    data = json.loads(ran.out)
    assert len(data["cells"]) == 4
    # One draw of the held-out rows proves little, so the draft has several.
    assert data["splits"] == 20
    assert [each["seed"] for each in data["cells"][0]["splits"]] == list(range(20))
    assert "epochs = 500                    # makes about 1,000 steps, each on 32 training examples" in (
        Path("first.toml").read_text()
    )
    assert data["notes"] == []
    assert data["data"][0]["held_out"] == 15


def test_the_index_that_pandas_writes_is_left_out(trainlab: Caller) -> None:
    rows = [f"{place},{age:.1f},{ill}" for place, (age, ill) in enumerate(zip(AGE, ILL, strict=True))]
    Path("points.csv").write_text("\n".join([",age,ill", *rows]) + "\n")
    outcome = trainlab("new", "--data", "points.csv", "--target", "ill", "first.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Left out, as it numbers the rows: column 0.\n" in outcome.out
    assert task_of().ignore == (0,)


def test_the_path_is_that_from_the_study(trainlab: Caller, folder: Path) -> None:
    for name in ("studies", "data"):
        Path(name).mkdir()
    Path("data/points.csv").write_text(table("age;ill", "{age};{ill}"))
    assert trainlab("new", "--data", "data/points.csv", "studies/first.toml").code == 0
    assert 'path = "../data/points.csv"' in Path("studies/first.toml").read_text()
    assert load_study("studies/first.toml").baseline.data().held_out == 15
    assert trainlab("new", "--data", f"{folder}/data/points.csv", "studies/other.toml").code == 0
    assert f'path = "{folder}/data/points.csv"' in Path("studies/other.toml").read_text()


def test_parquet_and_npz(trainlab: Caller) -> None:
    columns = {"ill": ILL, "age": AGE, "when": ["May"] * 60, "income": INCOME}
    pq.write_table(pa.table(columns), "points.parquet")
    assert trainlab("new", "--data", "points.parquet", "--target", "ill", "first.toml").code == 0
    assert task_of() == File(path="points.parquet", target="ill", ignore=("when",), kind="binary")
    np.savez("points.npz", X=np.stack([AGE, INCOME], axis=1), ill=np.array(ILL))
    outcome = trainlab("new", "--data", "points.npz", "--target", "ill", "second.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert task_of("second.toml") == File(path="points.npz", target="ill", kind="binary")


def test_what_solved_means_beats_the_commonest_class(trainlab: Caller) -> None:
    Path("points.csv").write_text(
        "x,ill\n" + "".join(f"{place},{int(place % 10 == 0)}\n" for place in range(100))
    )
    assert trainlab("new", "--data", "points.csv", "first.toml").code == 0
    text = Path("first.toml").read_text()
    assert (
        "# Always answering the commonest class is right in 90 %: this is half way from there to 100 %."
        in text
    )
    assert 'accuracy = 0.95\non = "held_out"' in text


def test_the_guess_never_solves_however_rare_a_class_is(trainlab: Caller) -> None:
    Path("points.csv").write_text(
        "x,ill\n" + "".join(f"{place},{int(place % 200 == 0)}\n" for place in range(1000))
    )
    assert trainlab("new", "--data", "points.csv", "first.toml").code == 0
    text = Path("first.toml").read_text()
    experiment = load_study("first.toml").baseline
    most = 1 - float(experiment.data().targets.mean())
    assert most > 0.99
    assert most < experiment.solved.accuracy < 1  # type: ignore[union-attr]
    (told,) = re.findall(r"is right in ([\d.]+) %", text)

    assert float(told) == 99.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--data", "points.csv", "--target", "il", "f.toml"),
            ("--target il: points.csv has no such column; it",),
        ),
        (("--data", "points.csv", "--target", "2", "f.toml"), ("it has `ill`, `age` and `income`.",)),
        (("--target", "ill", "f.toml"), ("--target ill: names a column; give --data and its file as well.",)),
        (("--data", "none.csv", "f.toml"), ("none.csv: no such file;",)),
        (
            ("points.csv",),
            ("points.csv: a study file ends in .toml. For data of your own: trainlab new --data",),
        ),
        (("--data", "points.csv", "tiny.toml"), ("exists already",)),
        (("--data", "holes.csv", "f.toml"), ("holes.csv: line 3, column 'a' is empty. Fill it in,",)),
        (("--data", "empty.csv", "f.toml"), ("empty.csv: is empty",)),
        (("--data", "points.csv"), ("trainlab new: FILE is missing. For example: trainlab new first.toml",)),
    ],
)
def test_faults_write_nothing(trainlab: Caller, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    Path("points.csv").write_text(table("ill;age;income", "{ill};{age};{income}"))
    Path("holes.csv").write_text("a,y\n1,2\n,3\n")
    Path("empty.csv").write_text("\n")
    assert_refused(trainlab("new", *arguments), *words)
    assert not Path("f.toml").exists()
