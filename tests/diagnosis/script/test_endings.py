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
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import forked
import pytest
from diagnosis.script.small_training import TRAIN

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.report.verdict import nothing_seen
from trainlab.diagnosis.script import runner
from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.script.process_pool import ProcessPool
from trainlab.diagnosis.script.runner import GROUP_SECONDS, _fetch, check_script
from trainlab.draw import terminal
from trainlab.errors import DiagnosisError


def doctor(
    folder: Path, *command: str, stdin: str = "", loaded: bool = False
) -> tuple[int, dict[str, Any], str]:
    """Run ``trainlab doctor`` in a folder: exit code, report, and what was written to stderr.

    `loaded`: the script finds PyTorch loaded already (`forked`), about which most don't care.
    """
    whole = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "-", *command]
    start = forked.run if loaded else partial(subprocess.run, capture_output=True, text=True, timeout=300)
    done = start(whole, input=stdin, cwd=folder)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def run(folder: Path, code: str, *arguments: str, loaded: bool = True) -> tuple[int, dict[str, Any], str]:
    (folder / "train.py").write_text(TRAIN + code, encoding="utf-8")
    return doctor(folder, "train.py", *arguments, loaded=loaded)


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
    (tmp_path / "train.py").write_text("import os\nos.kill(os.getpid(), 9)\n", encoding="utf-8")
    code, report, _ = doctor(tmp_path, "train.py", loaded=True)
    assert code == 3
    assert (report["ended"]["how"], report["card"]["steps"]) == ("killed", 0)
    assert report["verdict"] == "The script was killed before anything was seen of a training."


ELSEWHERE = {
    "a thread": "threading.Thread(target=train).start()",
    "an executor": "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(train)",
    "an event loop": "import asyncio\nasync def main(): await asyncio.to_thread(train)\nasyncio.run(main())",
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_training_in_another_thread_is_seen_like_any_other(where: str, tmp_path: Path):
    code, alone, _ = run(tmp_path, "train()\n")
    assert (code, alone["card"]["steps"]) == (0, 70)
    code, report, _ = run(tmp_path, f"{ELSEWHERE[where]}\n")
    assert code == 0
    assert (report["verdict"], report["findings"]) == (alone["verdict"], alone["findings"])
    for name in ("state", "curve", "reached_on"):
        assert report["outcome"][name] == alone["outcome"][name]
    # Where in memory the rows lie, which differs from process to process, decides how their sum is rounded.
    assert report["outcome"]["reached"] == pytest.approx(alone["outcome"]["reached"], rel=1e-9)
    # The copies of the script's process are counted, of which a thread has none.
    assert report["looked_at"] | {"other_processes": 0} == alone["looked_at"] | {"other_processes": 0}


def test_of_trainings_in_several_threads_the_first_is_seen(tmp_path: Path):
    text = "train()\nother = threading.Thread(target=train)\nother.start()\nother.join()\n"
    _, report, _ = run(tmp_path, text)
    assert (report["card"]["steps"], report["looked_at"]["other_threads"]) == (70, 70)


def test_a_training_by_hand_in_a_thread_is_seen_but_for_its_first_step(tmp_path: Path):
    by_hand = """
def by_hand():
    w = torch.zeros(3, 1, requires_grad=True)
    for _ in range(70):
        x = torch.randn(8, 3)
        (x @ w - x.sum(1, keepdim=True)).square().mean().backward()
        with torch.no_grad():
            w -= 0.05 * w.grad
            w.grad = None
threading.Thread(target=by_hand).start()
"""
    _, report, _ = run(tmp_path, by_hand)
    assert report["card"]["backward_passes"] == 70
    assert report["looked_at"]["other_threads"] == 0


def test_what_other_processes_do_is_told(tmp_path: Path):
    text = """
if __name__ == "__main__":
    import multiprocessing
    def spin():
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
        list(DataLoader(range(4), num_workers=1, multiprocessing_context=method))
    import atexit
    atexit.register(lambda: open("done", "w").write(sys.modules["__main__"].Net.__name__))
"""
    code, report, said = run(tmp_path, text, "--lr", "0.5", loaded=False)
    assert code == 0, said
    assert report["card"]["steps"] == 140
    assert report["troubles"] == []
    assert (tmp_path / "done").read_text(encoding="utf-8") == "Net"


NAMES = (
    *("copy", "dataclasses", "enum", "fractions", "html", "inspect", "json", "numpy", "pickle", "platform"),
    *("queue", "random", "re", "resource", "select", "signal", "statistics", "subprocess", "tempfile"),
    *("traceback", "typing", "warnings", "msgspec", "trainlab", "os", "time"),
)
"""All but the last two lie beside the script, where Python finds them: it has loaded those before."""


def named_like_others(folder: Path, names: tuple[str, ...]) -> str:
    """Write modules of these names; return code that prints which of them it gets."""
    for name in names:
        (folder / f"{name}.py").write_text("MINE = True\n", encoding="utf-8")
    lines = [f"import {name}" for name in names]
    return "\n".join(
        [*lines, f"print(*[name for name in {names!r} if hasattr(globals()[name], 'MINE')])", ""]
    )


@pytest.mark.parametrize("how", ["from elsewhere", "through a link", "from its folder", "as a module"])
def test_a_name_means_the_module_beside_the_script(tmp_path: Path, how: str):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(named_like_others(folder, NAMES), encoding="utf-8")
    (tmp_path / "link.py").symlink_to(folder / "train.py")
    place, command = {
        "from elsewhere": (tmp_path, ["project/train.py"]),
        "through a link": (tmp_path, ["link.py"]),
        "from its folder": (folder, ["train.py"]),
        "as a module": (folder, ["-m", "train"]),
    }[how]
    alone = subprocess.run(
        [sys.executable, "project/train.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    # The command itself is to be found without the folder, as where it is installed.
    whole = [sys.executable, "-P", "-m", "trainlab.cli.main", "doctor", "--json", "report.json", *command]
    done = subprocess.run(whole, cwd=place, capture_output=True, text=True, timeout=120, check=False)
    assert alone.stdout.split() == list(NAMES[:-2])
    assert done.stdout.splitlines()[0] == alone.stdout.strip(), done.stderr
    assert json.loads((place / "report.json").read_bytes())["troubles"] == []


def test_a_name_means_the_module_beside_the_notebook_if_jupyter_hasnt_loaded_it(tmp_path: Path):
    (tmp_path / "project").mkdir()
    source = named_like_others(tmp_path / "project", ("json", "re", "resource", "msgspec", "statistics"))
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (tmp_path / "project" / "train.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    code, report, said = doctor(tmp_path, "project/train.ipynb")
    assert (code, report["troubles"]) == (0, []), said
    assert said.splitlines()[-1] == "resource msgspec statistics"


def test_trainlabs_own_imports_dont_depend_on_the_scripts_folder(tmp_path: Path):
    names = ("resource", "html", "shlex", "sqlite3", "msgspec", "trainlab")
    (tmp_path / "project").mkdir()
    script = tmp_path / "project" / "train.py"
    first = named_like_others(tmp_path / "project", names)
    script.write_text(f"import resource\n{TRAIN}train()\n{first}", encoding="utf-8")
    code, report, said = doctor(tmp_path, "project/train.py")
    assert (code, report["card"]["steps"], report["troubles"]) == (0, 70, [])
    assert said.splitlines()[-1] == " ".join(names)
    plans = [Plan(script=str(script)), Plan(script=str(script), seed=1, extras=Extras(variable="first"))]
    for ran in ProcessPool(workers=1).carry_out(plans, Event()):
        assert ran.printed.splitlines() == [" ".join(names)]
        assert ran.report is not None
        assert (ran.report["card"]["steps"], ran.report["troubles"]) == (70, [])


def test_a_module(tmp_path: Path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "beside.py").write_text("COUNT = 70\n", encoding="utf-8")
    text = (
        "from .beside import COUNT\nassert sys.argv[1:] == ['--fast']\ntrain(COUNT)\nraise ValueError('x')\n"
    )
    (package / "train.py").write_text(TRAIN + text, encoding="utf-8")
    code, report, said = doctor(tmp_path, "-m", "package.train", "--fast", loaded=True)
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
    code, report, _ = doctor(tmp_path, "train.py", loaded=True)
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


def stopped(
    folder: Path, end: str, number: signal.Signals, send: Callable[[int, int], None], heard: signal.Handlers
) -> tuple[float, dict[str, Any]]:
    """Send a signal once the script has trained: seconds until the command ended, and its report."""
    (folder / "train.py").write_text(f"{TRAIN}train()\nopen('begun', 'w')\n{end}\n", encoding="utf-8")
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "-", "train.py"]
    # A shell's job in the background ignores SIGINT, and hands that on; nohup does so with SIGHUP.
    ways = {signal.SIGINT: heard, signal.SIGHUP: signal.SIG_DFL}
    before = {one: signal.signal(one, way) for one, way in ways.items()}
    try:
        process = forked.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
    finally:
        for one, way in before.items():
            signal.signal(one, way)
    with process:
        while not (folder / "begun").exists() and process.poll() is None:
            time.sleep(0.05)
        sent = time.monotonic()
        send(process.pid, number)
        out, _ = process.communicate(timeout=120)
        took = time.monotonic() - sent
    assert process.returncode == 130
    report = json.loads(out)
    assert report["ended"] == {"how": "interrupted", "code": 130}
    assert report["card"]["steps"] >= 70
    return took, report


@pytest.mark.parametrize(
    ("number", "send", "heard"),
    [
        (signal.SIGINT, os.killpg, signal.SIG_DFL),
        (signal.SIGHUP, os.kill, signal.SIG_DFL),
        (signal.SIGTERM, os.killpg, signal.SIG_DFL),
        (signal.SIGTERM, os.kill, signal.SIG_IGN),
    ],
    ids=["Ctrl-C", "SIGHUP to the doctor", "SIGTERM to both", "SIGTERM to a job in the background"],
)
def test_stopped_it_shows_what_it_has(
    tmp_path: Path, number: signal.Signals, send: Callable[[int, int], None], heard: signal.Handlers
):
    took, _ = stopped(tmp_path, "train(10**9)", number, send, heard)
    assert took < 40  # without being sent the signal the script would go on for a minute


def test_a_script_that_has_had_ctrl_c_may_take_its_time(tmp_path: Path):
    end = "try: train(10**9)\nexcept KeyboardInterrupt: time.sleep(2), open('saved', 'w'); raise"
    assert GROUP_SECONDS < 2
    stopped(tmp_path, end, signal.SIGINT, os.killpg, signal.SIG_DFL)
    assert (tmp_path / "saved").exists()


def test_a_thread_that_goes_on_doesnt_hold_up_what_was_interrupted(tmp_path: Path):
    end = "threading.Thread(target=time.sleep, args=[1000]).start(); train(10**9)"
    took, _ = stopped(tmp_path, end, signal.SIGINT, os.kill, signal.SIG_DFL)
    assert took < 40


def test_no_signal_spoils_a_report_that_is_being_written():
    code = """
import os, signal
from trainlab.diagnosis.script.interpreter import report_before_exit, signals_ignored
def finish(ended):
    with signals_ignored():
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)
        print("written", ended["code"], flush=True)
report_before_exit(finish, lambda ended: None)
os.kill(os.getpid(), signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "written -15\n", "")


def test_a_silent_terminal_gets_a_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runner, "SILENCE", -1.0)
    monkeypatch.setattr(runner, "_LOOK", 0.2)
    steps = tmp_path / "steps"
    steps.write_text("1234", encoding="ascii")
    main, terminal = pty.openpty()
    with open(terminal, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"]) as process:
            assert runner.wait(process, None, steps=str(steps), script="train.py") == 0
        said = os.read(main, 4096).decode()
    os.close(main)
    assert said.startswith("trainlab: listening to train.py; Ctrl-C ends it and shows the report\r\n")
    assert "s, 1,234 steps seen; Ctrl-C ends the script and shows the report" in said


def test_a_file_gets_a_line_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(terminal, "MINUTE", 0.2)
    (tmp_path / "steps").write_text("1234", encoding="ascii")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"]) as process:
        assert runner.wait(process, None, steps=str(tmp_path / "steps"), script="train.py") == 0
    assert capsys.readouterr().err.splitlines()[0] == "trainlab: train.py: 0 s, 1,234 steps seen"


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
    plan, code = Plan(script="x.py"), ended["code"]
    found = [_fetch(str(report), plan, code, interrupted=stopped) for stopped in (False, True)]
    assert [each["ended"] for each in found] == [ended, told or ended]


END, SEEN = {"how": "end", "code": 0}, {"how": "killed", "code": 1}


@pytest.mark.parametrize(
    ("ended", "code", "told"),
    [
        (END, 0, END),
        (END, 9, {"how": "exit", "code": 9}),  # os._exit(9) in a function registered with atexit
        ({"how": "exit", "code": -1}, 255, {"how": "exit", "code": 255}),
        ({"how": "exit", "code": 256}, 0, {"how": "exit", "code": 0}),
        ({"how": "error", "code": 1, "message": "x"}, 120, {"how": "error", "code": 120, "message": "x"}),
        ({"how": "steps", "code": 0}, 9, {"how": "steps", "code": 9}),
        ({"how": "replaced", "code": 0}, 6, {"how": "replaced", "code": 6}),
        ({"how": "interrupted", "code": 130}, 1, {"how": "interrupted", "code": 130}),
        (
            SEEN,
            9,
            {
                "how": "exit",
                "code": 9,
                "message": "It bypassed Python's own exit: its last seconds weren't seen.",
            },
        ),
    ],
)
def test_the_exit_code_is_the_processs_whatever_its_report_says(
    tmp_path: Path, ended: dict[str, Any], code: int, told: dict[str, Any]
):
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"ended": ended}))
    assert runner.left_report(str(report), code) == {"ended": told}
    for killed in (-9, -15):
        found = runner.left_report(str(report), killed) or {}
        assert (found["ended"]["how"], found["ended"]["code"]) == ("killed", killed)


def test_a_process_that_left_no_report(tmp_path: Path):
    assert runner.left_report(str(tmp_path / "none"), 0) is None


FULL = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\nprint('x')\n"


@pytest.mark.parametrize(
    ("training", "last"),
    [
        pytest.param(f"{TRAIN}train()\n", FULL, id="what was printed can't be written"),
        # The end has nothing to do with PyTorch, whose loading takes seconds.
        pytest.param("import os, sys\n", f"{FULL}sys.exit(3)\n", id="the same, with an exit code"),
        pytest.param("import os, sys\n", "sys.exit(-1)\n", id="more than a byte"),
    ],
)
def test_it_is_told_as_python_alone_would_end(tmp_path: Path, training: str, last: str):
    (tmp_path / "train.py").write_text(training + last, encoding="utf-8")
    code, report, _ = doctor(tmp_path, "train.py")
    alone = subprocess.run(
        [sys.executable, "-c", f"import os, sys\n{last}"], capture_output=True, timeout=300, check=False
    )
    assert report["ended"]["code"] == alone.returncode
    assert code == (3 if alone.returncode else 0)
    assert report["card"]["steps"] == (70 if "train()" in training else 0)
