"""A forked process has what a new one has, and ends as one does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import forked
import pytest

pytestmark = pytest.mark.process
DOCTOR = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--json", "-", "train.py"]
SAYS = """
import json, os, sys
told = {"cwd": os.getcwd(), "arguments": sys.argv, "mine": os.environ.get("MINE"), "read": input()}
json.dump(told, open("told.json", "w"))
print("out", flush=True)
print("to stderr", file=sys.stderr)
"""


def test_folder_environment_arguments_and_streams_are_its_own(tmp_path: Path):
    (tmp_path / "train.py").write_text(SAYS, encoding="utf-8")
    environment = {**os.environ, "MINE": "yes"}
    words = [*DOCTOR, "a b", "-7"]
    both = []
    for run in (forked.run, subprocess.run):
        caught = {} if run is forked.run else {"capture_output": True, "text": True}
        done = run(words, cwd=tmp_path, env=environment, input="line\n", **caught)
        told = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
        both.append((done.returncode, told, done.stderr, json.loads(done.stdout)["ended"]))
    assert both[0] == both[1]
    assert both[0][1] == {
        "cwd": str(tmp_path),
        "arguments": ["train.py", "a b", "-7"],
        "mine": "yes",
        "read": "line",
    }
    assert "out\nto stderr\n" in both[0][2]
    assert "MINE" not in os.environ


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_it_and_what_it_has_started(tmp_path: Path, number: signal.Signals):
    text = "import os, time\nopen('begun', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    (tmp_path / "train.py").write_text(text, encoding="utf-8")
    with forked.Popen(DOCTOR, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True) as process:
        while not (tmp_path / "begun").exists() or not (tmp_path / "begun").read_text():
            time.sleep(0.05)
        assert os.getsid(process.pid) == process.pid
        assert process.poll() is None
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        process.wait(60)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    script, until = Path("/proc", (tmp_path / "begun").read_text()), time.monotonic() + 60
    while script.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not script.exists()


def test_what_is_not_trainlabs_is_a_process_as_ever(tmp_path: Path):
    done = forked.run([sys.executable, "-c", "import sys; sys.exit('torch' in sys.modules)"])
    assert done.returncode == 0
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
