"""How scripts end, and how they are given: each leaves a report, or one clear line."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.report.verdict import nothing_seen
from trainlab.diagnosis.script import child_processes
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.runner import _fetch, check_script
from trainlab.errors import DiagnosisError

TRAIN = """
import os, sys, threading, time
import torch
from torch import nn


class Net(nn.Linear):
    pass


def train(count=70, pause=0.0):
    torch.manual_seed(0)
    model = Net(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(count):
        x = torch.randn(8, 3)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()
        time.sleep(pause)
    return model


"""


def doctor(folder: Path, *command: str, stdin: str = "") -> tuple[int, dict[str, Any], str]:
    """Run ``trainlab doctor`` in a folder: exit code, report, and what was written to stderr."""
    whole = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "-", *command]
    done = subprocess.run(
        whole, capture_output=True, text=True, input=stdin, cwd=folder, timeout=300, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def run(folder: Path, code: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    (folder / "train.py").write_text(TRAIN + code, encoding="utf-8")
    return doctor(folder, "train.py", *arguments)


def test_an_exit_that_nothing_can_hold_up(tmp_path: Path):
    code, report, _ = run(tmp_path, "train()\nos._exit(4)\n")
    assert code == 3
    assert report["ended"] == {"how": "exit", "code": 4}
    assert report["card"]["steps"] == 70


def test_being_asked_to_end(tmp_path: Path):
    code, report, _ = run(tmp_path, "train()\nos.kill(os.getpid(), 15)\ntime.sleep(60)\n")
    assert code == 3
    assert report["ended"]["how"] == "killed"
    assert report["ended"]["message"] == "the process was ended from outside (signal 15, SIGTERM)"
    assert report["card"]["steps"] == 70


def test_being_killed_leaves_what_was_known_a_moment_before(tmp_path: Path):
    code, report, _ = run(tmp_path, "train(count=400, pause=0.01)\nos.kill(os.getpid(), 9)\n")
    assert code == 3
    assert "SIGKILL: often because memory ran out" in report["ended"]["message"]
    assert 1 < report["card"]["steps"] <= 400


def test_being_killed_before_anything_was_seen(tmp_path: Path):
    code, report, _ = run(tmp_path, "os.kill(os.getpid(), 9)\n")
    assert code == 3
    assert report["verdict"] == "The script was killed before anything was seen of a training."


def test_streams_of_its_own_that_are_broken(tmp_path: Path):
    text = "sys.stdout = sys.stderr = None\ntrain()\nos.close(1), os.close(2)\nraise ValueError('unseen')\n"
    code, report, _ = run(tmp_path, text)
    assert code == 3
    assert report["ended"]["message"] == "ValueError: unseen"
    assert report["card"]["steps"] == 70


def test_a_training_in_a_thread_is_waited_for_and_told(tmp_path: Path):
    text = "threading.Thread(target=train, kwargs={'pause': 0.01}).start()\n"
    code, report, _ = run(tmp_path, text)
    assert code == 0
    assert report["looked_at"]["other_threads"] == 70
    assert report["verdict"].endswith(
        "70 backward passes went by in other threads: the doctor watches the one that the script starts in."
    )


def test_a_training_in_another_process_is_told(tmp_path: Path):
    text = """
if __name__ == "__main__":
    import multiprocessing
    def spin():
        train()
        end = time.process_time() + 1.2
        while time.process_time() < end:
            pass
    worker = multiprocessing.get_context("fork").Process(target=spin)
    worker.start()
    worker.join()
    assert worker.exitcode == 0
"""
    code, report, said = run(tmp_path, text)
    assert code == 0, said
    assert report["card"]["steps"] == 0
    assert report["looked_at"]["other_processes"] > 1
    assert "train without other processes" in report["verdict"]


def test_what_python_gives_a_script_it_has(tmp_path: Path):
    (tmp_path / "beside.py").write_text("FOUND = True\n", encoding="utf-8")
    text = """
import argparse, pickle, beside
from torch.utils.data import DataLoader
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
if __name__ == "__main__":
    assert parser.parse_args().lr == 0.5 and sys.argv[0] == "train.py"
    assert __file__ == os.path.abspath("train.py") and sys.path[0] == os.path.dirname(__file__)
    assert sys.modules["__main__"].Net is Net and __spec__ is None
    torch.save(train(), "model.pt")
    assert type(torch.load("model.pt", weights_only=False)) is Net
    assert type(pickle.loads(pickle.dumps(train()))) is Net
    for method in ("fork", "spawn"):
        list(DataLoader(range(4), num_workers=2, multiprocessing_context=method))
    import atexit
    atexit.register(lambda: open("done", "w").write(sys.modules["__main__"].Net.__name__))
"""
    code, report, said = run(tmp_path, text, "--lr", "0.5")
    assert code == 0, said
    assert report["card"]["steps"] == 140
    assert report["troubles"] == []
    assert (tmp_path / "done").read_text(encoding="utf-8") == "Net"


def test_a_module(tmp_path: Path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "beside.py").write_text("COUNT = 70\n", encoding="utf-8")
    text = (
        "from .beside import COUNT\nassert sys.argv[1:] == ['--fast']\ntrain(COUNT)\nraise ValueError('x')\n"
    )
    (package / "train.py").write_text(TRAIN + text, encoding="utf-8")
    code, report, said = doctor(tmp_path, "-m", "package.train", "--fast")
    assert code == 3
    assert report["card"]["steps"] == 70, said
    assert report["ended"]["where"] == f"train.py:{len((TRAIN + text).splitlines())}"
    assert "runpy" not in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x = '\xe9'\n", "SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xe9"),
        (b"\x7fELF\x00\x00", "SyntaxError: source code string cannot contain null bytes"),
    ],
)
def test_what_is_no_text_of_python(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "train.py").write_bytes(content)
    code, report, _ = doctor(tmp_path, "train.py")
    assert code == 3
    assert report["ended"]["message"].startswith(message)
    assert report["verdict"] == "No training was seen before the script failed."


def test_an_empty_file(tmp_path: Path):
    (tmp_path / "train.py").write_bytes(b"")
    code, report, _ = doctor(tmp_path, "train.py")
    assert code == 0
    assert report["verdict"].endswith("PyTorch was never imported: does this file train at all?")


def test_the_environment_is_the_scripts_until_it_imports_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    text = "import os, sys\nassert not {'torch', 'numpy'} & sys.modules.keys()\n"
    text += f"os.environ['OMP_NUM_THREADS'] = '1'\n{TRAIN}train()\nassert torch.get_num_threads() == 1\n"
    (tmp_path / "train.py").write_text(text, encoding="utf-8")
    code, report, said = doctor(tmp_path, "train.py")
    assert code == 0, said
    assert report["card"]["steps"] == 70


@pytest.mark.parametrize(
    ("number", "send", "heard"),
    [
        (signal.SIGINT, os.killpg, signal.SIG_DFL),
        (signal.SIGTERM, os.kill, signal.SIG_DFL),
        (signal.SIGTERM, os.killpg, signal.SIG_DFL),
        (signal.SIGTERM, os.kill, signal.SIG_IGN),
    ],
    ids=["Ctrl-C", "SIGTERM to the doctor", "SIGTERM to both", "SIGTERM to a job in the background"],
)
def test_stopped_it_shows_what_it_has(
    tmp_path: Path, number: signal.Signals, send: Callable[[int, int], None], heard: signal.Handlers
):
    (tmp_path / "train.py").write_text(
        f"{TRAIN}train()\nopen('begun', 'w')\ntrain(10**9)\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "-", "train.py"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # A shell's job in the background ignores the signal, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, heard),
    ) as process:
        while not (tmp_path / "begun").exists() and process.poll() is None:
            time.sleep(0.05)
        send(process.pid, number)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    report = json.loads(out)
    assert report["ended"] == {"how": "interrupted", "code": 130}
    assert report["card"]["steps"] >= 70


def test_no_signal_spoils_a_report_that_is_being_written():
    code = """
import os, signal
from trainlab.diagnosis.script.process_hooks import ignore_signals, report_before_exit
def finish(ended):
    ignore_signals()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(os.getpid(), number)
    print("written", ended["code"], flush=True)
report_before_exit(finish, lambda ended: None)
os.kill(os.getpid(), signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "written -15\n", "")


def test_a_silent_terminal_gets_a_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(child_processes, "SILENCE", -1.0)
    monkeypatch.setattr(child_processes, "_LOOK", 0.2)
    steps = tmp_path / "steps"
    steps.write_text("1234", encoding="ascii")
    main, terminal = pty.openpty()
    with open(terminal, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"]) as process:
            assert child_processes.wait(process, None, steps=str(steps), script="train.py") == 0
        said = os.read(main, 4096).decode()
    os.close(main)
    assert said.startswith("trainlab: listening to train.py; Ctrl-C ends it and shows the report\r\n")
    assert "s, 1,234 steps seen; Ctrl-C ends the script and shows the report" in said


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("-", (), "-: the doctor runs files; write the script to one and give its name."),
        (".", (), ".: is a folder; give the training script in it."),
        ("-m", (), "-m: give the name of a module, as in: trainlab doctor -m package.train"),
        ("-m", ("none.train",), "-m none.train: there is no module none, seen from this folder."),
        ("-m", ("json.none",), "-m json.none: there is no module json.none, seen from this folder."),
        ("-m", ("json",), "-m json: is a package without __main__.py; name a module in it."),
    ],
)
def test_what_cannot_be_run(script: str, arguments: tuple[str, ...], message: str):
    with pytest.raises(DiagnosisError) as caught:
        check_script(script, arguments)
    assert str(caught.value) == message


def test_why_nothing_was_seen():
    from trainlab.diagnosis.judge.diagnose import diagnose

    def reason(how: str = "end", **facts: Any) -> str:
        report = diagnose(TrainingRecord(**facts), ended={"how": how, "code": 0}).to_dict()
        return nothing_seen(report).removeprefix(
            "No training was seen: no backward pass, no optimizer step. "
        )

    assert reason(other_frameworks=["jax"]) == "jax was used: the doctor watches PyTorch."
    assert "TORCH_COMPILE_DISABLE=1" in reason(compiled_calls=3)
    assert reason(torch_imported=False).startswith("PyTorch was never imported")
    assert reason() == "PyTorch was imported and not used to train: is the training called at all?"
    assert reason("exit") == "The script ended itself first: does it want arguments?"
    assert reason("time") == "It was stopped before a first step."


def test_a_plan_says_what_it_needs():
    assert Plan(script="-m", arguments=("package.train",)).to_json()


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ({"how": "end", "code": 0}, {"how": "interrupted", "code": 130}),
        ({"how": "error", "code": 1, "message": "ValueError"}, None),
    ],
)
def test_a_signal_while_the_report_is_written_begins_no_more(
    tmp_path: Path, ended: dict[str, Any], told: dict[str, Any] | None
) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"ended": ended}))
    found = [_fetch(str(report), Plan(script="x.py"), 0, interrupted=stopped) for stopped in (False, True)]
    assert [each["ended"] for each in found] == [ended, told or ended]
