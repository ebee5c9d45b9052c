"""Processes that a script starts: those that train are seen, and all else is as without the doctor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import forked
import pytest
from diagnosis.script.small_training import TRAIN

from trainlab.cli.options import UsageError, check_script
from trainlab.diagnosis.report.processes import with_processes
from trainlab.diagnosis.report.sections import report_sections
from trainlab.diagnosis.script import followed
from trainlab.diagnosis.script.followed import (
    MARK,
    end_processes,
    file_for_this_process,
    python_command,
    reports_beside,
    save,
)

# Real processes.


def run(folder: Path, code: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run the doctor on a script with `TRAIN`: exit code, report, what was written to stderr."""
    (folder / "train.py").write_text(TRAIN + code, encoding="utf-8")
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "-", "train.py", *arguments]
    done = forked.run(command, cwd=folder)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


FOLDS = """
from concurrent.futures import ProcessPoolExecutor
import multiprocessing

def fold(number):
    train(count=12 + number)
    if number == 2:
        raise ValueError("no such fold")
    return number

with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
    print(list(pool.map(fold, range(2))))
worker = multiprocessing.get_context("fork").Process(target=fold, args=(2,))
worker.start()
worker.join()
print(worker.exitcode)
for batch in torch.utils.data.DataLoader(torch.zeros(4, 3), num_workers=1):
    print(len(batch))
"""


@pytest.mark.process
def test_folds_in_forked_processes_are_trainings_and_print_what_they_do_alone(tmp_path: Path):
    code, report, said = run(tmp_path, FOLDS)
    assert code == 0, said
    assert [one["card"]["steps"] for one in report["trainings"]] == [12, 13, 14]
    assert report["processes"] == "The trainings ran in 2 processes that the script started."
    shown = said.splitlines()
    assert shown[:1] == ["[0, 1]"]
    assert "ValueError: no such fold" in shown
    assert shown[-5:] == ["1", *"1111"]
    assert "trainlab" not in said


ENDLESS = """
import multiprocessing
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(train, [10**9, 10**9])
"""


@pytest.mark.process
def test_so_many_steps_in_a_pool_end_all_of_it(tmp_path: Path):
    code, report, said = run(tmp_path, ENDLESS, "--steps", "30")
    assert (code, report["ended"]["how"]) == (0, "steps"), said
    assert max(one["card"]["steps"] for one in report.get("trainings", [report])) == 30


KILLED = """
import multiprocessing
if __name__ == "__main__":
    script = os.getpid()
    def work():
        train(count=40)
        os.kill(script, 9)
        train(count=10**9, pause=0.01)
    multiprocessing.get_context("fork").Process(target=work).start()
    time.sleep(60)
"""


@pytest.mark.process
def test_the_script_killed_its_process_still_tells_what_it_knows_and_ends(tmp_path: Path):
    code, report, _ = run(tmp_path, KILLED)
    assert (code, report["ended"]["how"]) == (3, "killed")
    assert report["card"]["steps"] >= 40


TOGETHER = """
import subprocess
import torch.distributed as dist
import torch.multiprocessing as mp

def main(rank, store):
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(Net(3, 1), find_unused_parameters=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(70):
        x = torch.randn(8, 3)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(main, args=(os.path.abspath("store"),), nprocs=2)
    subprocess.run([sys.executable, "alone.py", "70"], check=True)
"""


@pytest.mark.process
def test_processes_started_anew_together_and_by_a_command(tmp_path: Path):
    alone = f"{TRAIN}train(int(sys.argv[1]))\nprint(sys.argv, flush=True)\n"
    (tmp_path / "alone.py").write_text(alone, encoding="utf-8")
    code, report, said = run(tmp_path, TOGETHER)
    assert code == 0, said
    assert "['alone.py', '70']" in said
    first, second = report["trainings"]
    assert [model["class"] for model in first["card"]["models"]] == ["Net"]
    assert first["outcome"]["state"] == second["outcome"]["state"] == "learnt"
    assert first["outcome"]["reached_on"].endswith("checked after the last step")
    assert report["findings"] == []
    assert report["processes"] == "Trained in 2 processes together; this is rank 0."


# Which commands are this Python with a script.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS: list[tuple[tuple[str, ...], object]] = [
    ((sys.executable, "train.py"), ([], "train.py", [])),
    ((sys.executable, "-u", "-Wi", "train.py", "-u"), (["-u", "-Wi"], "train.py", ["-u"])),
    ((sys.executable, "-W", "error", "train.py"), (["-W", "error"], "train.py", [])),
    ((sys.executable, "-m", "train", "3"), ([], "-m", ["train", "3"])),
    ((sys.executable, "-m", "torch.distributed.run", "x"), ([], "-m", ["torch.distributed.run", "x"])),
    ((sys.executable, "-m", "pip", "install"), None),
    ((sys.executable, "-c", "train.py"), None),
    ((sys.executable, "-I", "train.py"), None),
    ((sys.executable, "other.py"), None),
    ((sys.executable, followed.__file__), None),
    ((sys.executable,), None),
    (("/usr/bin/env", "train.py"), None),
    (("python-of-another", "train.py"), None),
]


@pytest.mark.parametrize(("words", "parts"), COMMANDS)
def test_a_command(folder: Path, words: tuple[str, ...], parts: object):
    assert python_command(words, None, os.environ) == parts
    assert python_command(words, str(folder), {**os.environ, "PYTHONPATH": "elsewhere"}) is None


# Several reports as one.


def test_files_come_in_the_order_in_which_processes_begin_and_none_after_the_doctors_end(tmp_path: Path):
    report = str(tmp_path / "report.json")
    first, silent, last = (file_for_this_process(report) for _ in range(3))
    for path in (last, first):
        save(path, "{}")
    assert silent not in reports_beside(report)
    assert reports_beside(report) == [first, last]
    gone = str(tmp_path / "gone" / os.path.basename(first))
    save(gone, "{}")
    assert not os.path.exists(gone)


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it isn't known when a process was started")
def test_a_process_that_has_the_number_of_another_is_not_ended(tmp_path: Path):
    report = tmp_path / "report.json"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sleeping:
        for ago, ended in ((60, None), (0, -signal.SIGTERM)):
            began = time.monotonic_ns() - ago * 10**9
            mark = tmp_path / f"{report.name}{MARK}{began:020d}-{sleeping.pid}.begun"
            mark.touch()
            end_processes(str(report))
            assert sleeping.poll() == ended
            mark.unlink()


@pytest.mark.process
def test_of_ranks_the_first_is_told_and_another_one_that_differs(tmp_path: Path):
    _, whole, _ = run(tmp_path, "train()\n")
    _, empty, _ = run(tmp_path, "")
    ranks = [whole | {"rank": rank, "ranks": 3} for rank in range(3)]
    told = with_processes(empty, ranks[::-1])
    assert told["processes"].endswith("this is rank 0. The others came to the same.")
    assert (told["card"], told["ended"]) == (whole["card"], empty["ended"])
    ranks[2] |= {"findings": [{"fault": "lr_too_high"}]}
    told = with_processes(empty, ranks)
    assert told["processes"].endswith("this is rank 0. Rank 2: also lr_too_high.")
    assert told["processes"] in report_sections(told).looked.text[-1]
    assert with_processes(whole, []) == whole
    beside = with_processes(whole, [whole])
    assert [one["name"] for one in beside["trainings"]] == ["Net #1", "Net #2"]
    assert beside["processes"].endswith("1 process that the script started, beside its own.")


def test_what_starts_scripts_is_none():
    with pytest.raises(UsageError, match=r"^torchrun: .* Give -m torch\.distributed\.run in its place"):
        check_script("torchrun")
