"""Scripts that leave little of the interpreter as it was: the report comes all the same.

All are run by one process that has loaded PyTorch, each in a fork of its own, as `script.child` runs them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

STEPS = 12
TRAIN = f"""
import atexit, builtins, gc, json, locale, os, resource
import shutil, signal, sys, threading, time, warnings
import torch
from torch import nn


def train(count={STEPS}):
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(count):
        x = torch.randn(8, 3)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()


"""
WHOLE: dict[str, str] = {
    "nothing": "train()",
    "sys.path": """
train(6)
sys.path.clear()
train(6)
""",
    "sys.path = None": """
train()
sys.path = None
""",
    "meta_path": """
train()
sys.meta_path.clear()
""",
    "modules: trainlab": """
train()
for one in list(sys.modules):
    if one.startswith('trainlab'):
        del sys.modules[one]
""",
    "modules: trainlab before": """
for one in list(sys.modules):
    if one.startswith('trainlab'):
        del sys.modules[one]
train()
""",
    "modules: json, os": """
train()
for one in ('json', 'os', 'posixpath', 'traceback', 'threading', 'msgspec'):
    sys.modules.pop(one, None)
""",
    "modules: none": """
train()
sys.modules.clear()
""",
    "temporary folder": """
train()
shutil.rmtree(FOLDER)
""",
    "temporary folder before": """
shutil.rmtree(FOLDER)
train()
""",
    "own folder": """
os.mkdir('gone')
os.chdir('gone')
os.rmdir(os.getcwd())
train()
""",
    "own folder, error": """
os.mkdir('gone')
os.chdir('gone')
os.rmdir(os.getcwd())
train()
exec('1 / 0')
""",
    "recursion limit": """
train()
sys.setrecursionlimit(30)
""",
    "print": """
train()
builtins.print = None
""",
    "open": """
train()
builtins.open = None
""",
    "isinstance": """
train()
builtins.isinstance = lambda *given: False
""",
    "len": """
train()
builtins.len = lambda given: 1 / 0
""",
    "all builtins": """
train()
for one in list(vars(builtins)):
    if one[0] != '_': setattr(builtins, one, None)
""",
    "streams closed": """
train()
sys.stdout.close()
sys.stderr.close()
sys.exit('why')
""",
    "streams None": """
sys.stdout = sys.stderr = None
train()
sys.exit('why')
""",
    "streams None, error": """
sys.stdout = sys.stderr = None
train()
os.close(1), os.close(2)
raise ValueError('unseen')
""",
    "exit": """
train()
sys.exit()
""",
    "os._exit at exit": """
train()
atexit.register(lambda: os._exit(9))
""",
    "SIGKILL at exit": """
train()
atexit.register(lambda: os.kill(os.getpid(), 9))
""",
    "an exception at exit": """
train()
atexit.register(lambda: 1 / 0)
""",
    "descriptors": """
train()
os.closerange(0, 200)
""",
    "descriptors before": """
os.closerange(0, 200)
train()
""",
    "os._exit": """
train()
os._exit(3)
""",
    "os.abort": """
train()
os.abort()
""",
    "os.execv": """
train()
os.execv(sys.executable, [sys.executable, '-S', '-c', 'pass'])
""",
    "os.execv of what fails": """
train()
os.execv(sys.executable, [sys.executable, '-S', '-c', 'raise SystemExit(3)'])
""",
    "os.execvp": """
train()
os.execlp(sys.executable, sys.executable, '-S', '-c', 'pass')
""",
    "os.execv fails": """
train(6)
try:
    os.execv('/no/such/program', ['x'])
except OSError:
    train(6)
""",
    "exit in a thread": """
train()
thread = threading.Thread(target=lambda: sys.exit(5))
thread.start()
thread.join()
""",
    "fork": """
train()
if os.fork() == 0:
    sys.exit(7)
os.wait()
""",
    "fork, error": """
train()
if os.fork() == 0:
    raise ValueError('in the child')
os.wait()
""",
    "fork, exec": """
train()
if os.fork() == 0:
    os.execv(sys.executable, [sys.executable, '-S', '-c', 'pass'])
os.wait()
""",
    "file limit": """
train()
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 4096))
""",
    "file size": """
train()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
""",
    "CPU limit": """
train()
used = int(time.process_time())
resource.setrlimit(resource.RLIMIT_CPU, (used + 1, used + 60))
while True: pass
""",
    "alarm": """
train()
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(60)
""",
    "gc": """
gc.disable()
gc.freeze()
train()
""",
    "settrace fails": """
train()
def trace(*given):
    raise ValueError('traced')
sys.settrace(trace)
""",
    "setprofile": """
train()
sys.setprofile(lambda *given: None)
threading.setprofile(lambda *given: None)
""",
    "atexit": """
train()
atexit._clear()
""",
    "sys.excepthook": """
sys.excepthook = lambda *given: os.write(2, b'my own hook')
train()
raise ValueError('seen')
""",
    "sys.excepthook exits": """
sys.excepthook = lambda *given: os._exit(9)
train()
raise ValueError('seen')
""",
    "sys.excepthook fails": """
def hook(*given):
    raise KeyError('of the hook')
sys.excepthook = hook
train()
raise ValueError('seen')
""",
    "environment": """
os.environ.clear()
train()
""",
    "locale": """
locale.setlocale(locale.LC_ALL, 'C')
train()
""",
    "warnings": """
warnings.simplefilter('error')
train()
""",
    "numpy.seterr": """
import numpy
numpy.seterr(all='raise')
train()
""",
}
"""What they do, by name: of each training the report has all steps."""

ENDS: dict[str, tuple[str, Any]] = {
    "own folder, error": ("error", "ZeroDivisionError: division by zero"),
    "all builtins": ("error", "TypeError: 'NoneType' object is not callable"),
    "streams closed": ("exit", None),
    "streams None": ("exit", None),
    "streams None, error": ("error", "ValueError: unseen"),
    "exit": ("exit", None),
    "os._exit at exit": ("exit", None),
    "SIGKILL at exit": ("killed", None),
    "os._exit": ("exit", None),
    "os.abort": ("killed", "the process was ended from outside (signal 6, SIGABRT)"),
    "os.execv": (
        "replaced",
        "Another program took the script's place (os.execv): what that did wasn't seen.",
    ),
    "os.execvp": (
        "replaced",
        "Another program took the script's place (os.execv): what that did wasn't seen.",
    ),
    "os.execv of what fails": (
        "replaced",
        "Another program took the script's place (os.execv): what that did wasn't seen.",
    ),
    "CPU limit": ("killed", "the process was ended from outside (signal 24, SIGXCPU)"),
    "alarm": ("killed", "the process was ended from outside (signal 14, SIGALRM)"),
    "settrace fails": ("error", "ValueError: traced"),
    "sys.excepthook": ("error", "ValueError: seen"),
    "sys.excepthook exits": ("error", "ValueError: seen"),
    "sys.excepthook fails": ("error", "ValueError: seen"),
}
CODES = {
    "os._exit": 3,
    "os.execv of what fails": 3,
    "streams closed": 1,
    "streams None": 1,
    "exit": 0,
    "os._exit at exit": 9,
    "SIGKILL at exit": -9,
    "an exception at exit": 0,
}
"""As Python alone ends with them."""

DRIVER = """
import gc, json, os, sys
import torch
from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.judge import diagnose
from trainlab.diagnosis.script.child import Child
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.runner import _fetch
from trainlab.diagnosis.faults import all_faults

# Else every run would load as much again, and look for garbage in it as it ends.
all_faults()
torch.optim.SGD([torch.ones(1, requires_grad=True)]).step()
gc.collect()
gc.freeze()

for number, (name, code) in enumerate(json.load(open("scripts.json")).items()):
    folder = os.path.abspath(f"run{number}")
    held = os.path.join(folder, "held")
    os.makedirs(held)
    with open(os.path.join(folder, "train.py"), "w") as file:
        file.write(f"FOLDER = {held!r}\\n{code}\\n")
    plan, report = Plan(script="train.py"), os.path.join(held, "report.json")
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        for stream in (1, 2):
            os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        sys.exit(Child(report, plan).run())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        found = _fetch(report, plan, code, interrupted=False)
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    with open(os.path.join(folder, "said"), errors="replace") as file:
        said = file.read()
    with open("found.jsonl", "a") as out:
        out.write(json.dumps({"name": name, "code": code, "report": found, "said": said}) + "\\n")
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all of them, and return what came of each."""
    folder = tmp_path_factory.mktemp("hostile")
    scripts = {name: TRAIN + code for name, code in WHOLE.items()}
    (folder / "scripts.json").write_text(json.dumps(scripts), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], cwd=folder, capture_output=True, text=True, check=False
    )
    lines = (folder / "found.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(WHOLE), done.stderr
    return {one["name"]: one for one in map(json.loads, lines)}


@pytest.mark.process
@pytest.mark.parametrize("name", WHOLE)
def test_the_report_comes(found: dict[str, Any], name: str):
    report, said = found[name]["report"], found[name]["said"]
    how, message = ENDS.get(name, ("end", None))
    assert report.get("error") is None, said
    assert report["card"]["steps"] == STEPS
    assert report["troubles"] == []
    assert report["ended"]["how"] == how
    assert report["ended"].get("code", 0) == CODES.get(name, report["ended"]["code"])
    assert message is None or report["ended"]["message"] == message
    if name == "sys.excepthook":
        assert "my own hook" in said
        assert "Traceback" not in said
    if name == "sys.excepthook fails":
        assert said.rstrip().endswith("raise ValueError('seen')\nValueError: seen")
        assert "KeyError: 'of the hook'" in said
        assert "child.py" not in said
