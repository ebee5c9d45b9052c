"""What scripts leave open at their end: the doctor ends each as Python does, and as soon."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.process_pool import ProcessPool, Ran
from trainlab.diagnosis.script.runner import ending_words

LIMIT, LONGER = 240.0, 60.0
"""Seconds after which a script hangs, and by how many it may end later on a machine with much to do."""
HEAD = """
import atexit, asyncio, gc, multiprocessing, os, sys, tempfile, threading, time, weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def say(*words, pause=0.0):
    time.sleep(pause)
    print(*words, flush=True)
class Left:
    def __del__(self):
        print("deleted", os is not None, flush=True)
"""
WAYS = {
    "threads": "left = ThreadPoolExecutor(2)\nleft.submit(say, 'worked').result()",
    "threads at work": "left = ThreadPoolExecutor(1)\nfor n in range(3): left.submit(say, n, pause=0.05)",
    "threads in a thread": """
def work():
    print(ThreadPoolExecutor(1).submit(abs, -2).result(), flush=True)
threading.Thread(target=work).start()""",
    "threads asked too late": """
left = ThreadPoolExecutor(1)
def work():
    time.sleep(0.3)
    try:
        left.submit(abs, -2)
    except RuntimeError as error:
        print(error, flush=True)
threading.Thread(target=work).start()""",
    "threads and an exception": "left = ThreadPoolExecutor(1)\nleft.submit(abs, 1)\nraise ValueError('x')",
    "threads and an exit": "left = ThreadPoolExecutor(1)\nleft.submit(say, 'w', pause=0.2)\nsys.exit(7)",
    "processes": "left = ProcessPoolExecutor(1)\nprint(left.submit(abs, -3).result(), flush=True)",
    "joblib": "import joblib\nprint(joblib.Parallel(2)(map(joblib.delayed(abs), [-1, -2])), flush=True)",
    "asyncio": "asyncio.new_event_loop().run_until_complete(asyncio.to_thread(say, 'in a thread'))",
    "a pool": "left = multiprocessing.Pool(1)\nprint(left.map(abs, [-1, -2]), flush=True)",
    "a queue": "left = multiprocessing.Queue()\nfor n in range(9): left.put(bytes(100))",
    "a manager": "left = multiprocessing.Manager()\nprint(left.list([1])[0], flush=True)",
    "a process": "multiprocessing.Process(target=say, args=['apart'], kwargs={'pause': 0.2}).start()",
    "a daemon": "multiprocessing.Process(target=time.sleep, args=[1000], daemon=True).start()",
    "a daemon's thread": "threading.Thread(target=time.sleep, args=[1000], daemon=True).start()",
    "a timer": "threading.Timer(0.2, say, ['later']).start()",
    "atexit": "[atexit.register(say, n) for n in range(3)]\nthreading.Timer(0.1, say, ['before']).start()",
    "an exit of threads": """
stop = threading.Event()
threading.Thread(target=stop.wait).start()
threading._register_atexit(stop.set)
threading._register_atexit(say, 'first')""",
    "an exit while threads end": """
import signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
threading.Thread(target=time.sleep, args=[1.0]).start()
threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()""",
    "what is deleted": "left = Left()\nnow = Left()\nweakref.finalize(left, say, 'finalised')",
    "a folder": "left = tempfile.TemporaryDirectory()\nloop = [Left()]\nloop.append(loop)",
    "a loader": """
from torch.utils.data import DataLoader
left = DataLoader(range(8), num_workers=1, persistent_workers=True)
print(sum(int(x) for x in left), flush=True)""",
    "a loader in the middle": """
from torch.utils.data import DataLoader
left = iter(DataLoader(range(8), num_workers=1))
print(int(next(left)), flush=True)""",
}
KNOWN = {"a loader": "28\n", "a loader in the middle": "0\n"}
"""What those print that would import PyTorch only to be run by Python alone."""
WAYS = {way: code for way, code in WAYS.items() if way != "joblib" or find_spec("joblib")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where each way is a script, named by its number."""
    made = tmp_path_factory.mktemp("left")
    for number, code in enumerate(WAYS.values()):
        (made / f"{number}.py").write_text(HEAD + code + "\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def watched(folder: Path) -> dict[str, Ran]:
    """Run all of them under the probe, in forks of one process that has PyTorch loaded already."""
    plans = [Plan(script=str(folder / f"{number}.py")) for number in range(len(WAYS))]
    pool = ProcessPool(workers=1, limit=LIMIT)
    ran = {
        one.plan.script: one for one in pool.carry_out([plans[0], *plans], Event())
    }  # the first one starts it
    return dict(zip(WAYS, (ran[plan.script] for plan in plans), strict=True))


def alone(script: str) -> tuple[int, str, float]:
    """Run it by Python alone: exit code, what it printed, seconds."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout, time.monotonic() - began


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_as_with_python_alone(way: str, watched: dict[str, Ran]):
    found = watched[way]
    code, printed, seconds = (0, KNOWN[way], 0.0) if way in KNOWN else alone(found.plan.script)
    assert (found.ending, found.printed) == (ending_words(code), printed)
    assert found.seconds < seconds + LONGER
    assert found.report is not None
    assert found.report["ended"]["code"] == code


def test_the_command_ends_too(tmp_path: Path):
    code = "\n".join(["import os", *(WAYS[way] for way in ("threads", "processes", "a pool"))])
    (tmp_path / "train.py").write_text(HEAD + code, encoding="utf-8")
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "report.json", "train.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False)
    report: dict[str, Any] = json.loads((tmp_path / "report.json").read_bytes())
    assert (done.returncode, done.stderr) == (0, "")
    assert report["ended"] == {"how": "end", "code": 0}
    assert done.stdout.startswith("worked\n3\n[1, 2]\n")
