"""The file of finished runs: gone on from, or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from diagnosis.seeds.made import run

from trainlab.diagnosis.seeds.question import KeptRuns, RunsHeader
from trainlab.errors import DiagnosisError

HEADER = RunsHeader(script="abc", arguments=("--x",), metric="acc")


def kept(path: Path, header: RunsHeader = HEADER) -> KeptRuns:
    return KeptRuns(path=str(path), header=header)


def test_what_is_added_is_read_again(tmp_path: Path):
    file = tmp_path / "runs.jsonl"
    assert kept(file).read() == []
    kept(file).add([run(None), run(1, value=0.5)])
    kept(file).add([run(2)])
    assert kept(file).read() == [run(None), run(1, value=0.5), run(2)]


def test_a_line_that_was_cut_off_is_lost_and_no_other(tmp_path: Path):
    file = tmp_path / "runs.jsonl"
    kept(file).read()
    kept(file).add([run(1), run(2)])
    file.write_bytes(file.read_bytes()[:-20])
    assert kept(file).read() == [run(1)]
    kept(file).add([run(3)])
    assert kept(file).read() == [run(1), run(3)]


def test_what_is_no_earlier_save_is_refused_unread(tmp_path: Path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(10**12)  # zeros that take no place, and no memory
    with pytest.raises(DiagnosisError, match="isn't a file of runs that trainlab seeds wrote"):
        kept(large).read()
    with pytest.raises(DiagnosisError, match=r"--save /dev/zero: is a device or a pipe; give the name"):
        kept(Path("/dev/zero")).read()
    with pytest.raises(DiagnosisError, match="is a folder"):
        kept(tmp_path).read()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            RunsHeader(script="abd", arguments=("--x",), metric="acc"),
            "another script, or of this one before it was",
        ),
        (RunsHeader(script="abc", arguments=(), metric="acc"), "the script with other arguments\\. Give"),
        (RunsHeader(script="abc", arguments=("--x",), metric=""), "another metric: acc"),
    ],
)
def test_runs_of_something_else_are_refused(tmp_path: Path, header: RunsHeader, words: str):
    file = tmp_path / "runs.jsonl"
    kept(file).read()
    with pytest.raises(DiagnosisError, match=words):
        kept(file, header).read()


def test_arguments_are_told_apart_and_not_kept_unless_asked_for(tmp_path: Path):
    secret, others = (
        replace(HEADER, arguments=("--token", "s3cr3t")),
        replace(HEADER, arguments=("--token", "x")),
    )
    sealed, plain, none = (str(tmp_path / name) for name in ("sealed", "plain", "none"))
    for path, keeps in ((sealed, False), (plain, True)):
        file = KeptRuns(path=path, header=secret, keep_arguments=keeps)
        assert file.read() == []
        file.add([run(1)])
        # Whether they are kept is no difference between runs.
        assert all(
            KeptRuns(path=path, header=secret, keep_arguments=also).read() == [run(1)]
            for also in (True, False)
        )
        assert ("s3cr3t" in Path(path).read_text(encoding="utf-8")) is keeps
        with pytest.raises(
            DiagnosisError, match="the script with other arguments" + (": --token s3cr3t" * keeps)
        ):
            KeptRuns(path=path, header=others).read()
    KeptRuns(path=none, header=replace(HEADER, arguments=())).read()
    with pytest.raises(DiagnosisError, match="the script with other arguments: none"):
        KeptRuns(path=none, header=secret).read()


def test_a_file_of_something_else_is_refused(tmp_path: Path):
    file = tmp_path / "notes.txt"
    file.write_text("hello\n", encoding="utf-8")
    with pytest.raises(DiagnosisError, match="isn't a file of runs"):
        kept(file).read()
    assert file.read_text(encoding="utf-8") == "hello\n"


def test_without_a_file_nothing_is_kept():
    nothing = KeptRuns(path=None, header=HEADER)
    nothing.add([run(1)])
    assert nothing.read() == []
