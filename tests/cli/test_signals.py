"""A signal at any moment of a command, imports and end included: exit code 130 and one line."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.calling import TINY, environment
from crash.signals import HEARING

from trainlab.cli.commands import COMMANDS, PARTS, Command

pytestmark = pytest.mark.process

EACH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
# The command, which sends itself a signal: as a module is looked for, as it first prints, at its end, …
SENDING = """
import atexit, os, signal, sys
moment, number = sys.argv[1], int(sys.argv[2])
if sys.argv[3] == "heard":
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL if one != signal.SIGINT else signal.default_int_handler)
else:
    signal.signal(number, signal.SIG_IGN)
sys.argv[1:] = sys.argv[4:]
def send():
    os.kill(os.getpid(), number)
class Finder:
    def find_spec(self, name, path, target=None):
        if name == moment:
            sys.meta_path.remove(self)
            send()
sys.meta_path.insert(0, Finder())
from trainlab.__main__ import main
if moment == "printing":
    class Stream(type(sys.stdout)):
        def write(self, text):
            send()
            return super().write(text)
    sys.stdout = Stream(sys.stdout.buffer, encoding="utf-8")
if moment == "caught":
    from trainlab.cli import main as command
    def caught(arguments):
        import time
        try:
            send()
            time.sleep(1)
        except BaseException:
            time.sleep(60)
    command._run = caught
if moment == "turned":
    from trainlab.cli import main as command
    from trainlab.errors import TrainlabError
    def turned(*arguments, **named):
        import time
        try:
            send()
            time.sleep(1)
        except BaseException:
            raise TrainlabError("made of it")
    command.app = turned
if moment == "the end":
    from trainlab.cli import main as command
    run = command._run
    def and_then(arguments):
        atexit.register(send)  # what is registered last is called first
        return run(arguments)
    command._run = and_then
main()
"""
WORDS = {
    "cyclopts": "trainlab: stopped before it began.\n",
    "trainlab.cli.doctor": "trainlab: stopped at once.\n",
    "printing": "trainlab: stopped at once.\n",
    "caught": "trainlab: stopped at once.\n",
    "turned": "trainlab: stopped at once.\n",
    "the end": "trainlab: stopped as it ended; what it was to do is done.\n",
}


def sent(
    moment: str, number: signal.Signals, *arguments: str, folder: Path, heard: bool = True
) -> "subprocess.CompletedProcess[str]":
    words = [moment, str(int(number)), "heard" if heard else "ignored"]
    return subprocess.run(
        [sys.executable, "-c", SENDING, *words, *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=folder,
        timeout=60,
        check=False,
    )


def called(command: Command) -> str:
    """The words that call it, or the first of those that are several."""
    return " ".join([command.name, *(part.name for part in PARTS.get(command.name, ())[:1])])


@EACH
@pytest.mark.parametrize("moment", WORDS)
def test_at_any_moment_it_ends_with_one_line(moment: str, number: signal.Signals, tmp_path: Path) -> None:
    ended = sent(moment, number, "faults", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (130, WORDS[moment])
    assert bool(ended.stdout) == (moment == "the end")


@EACH
@pytest.mark.parametrize(("words", "file"), [(called(each), each.file or each.name) for each in COMMANDS])
def test_each_command_while_it_loads(words: str, file: str, number: signal.Signals, tmp_path: Path) -> None:
    ended = sent(f"trainlab.cli.{file}", number, *words.split(), "x", folder=tmp_path)
    assert ended.returncode == 130
    assert ended.stdout == ""
    # A command that is in the file of the program itself is there before any is called.
    assert ended.stderr.startswith(WORDS["cyclopts"] if file == "main" else "trainlab: stopped at once.")
    assert ended.stderr.count("\n") == 1


@EACH
def test_what_is_ignored_stays_ignored(number: signal.Signals, tmp_path: Path) -> None:
    ended = sent("trainlab.cli.doctor", number, "faults", folder=tmp_path, heard=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@EACH
def test_after_a_complaint_nothing_is_added(number: signal.Signals, tmp_path: Path) -> None:
    ended = sent("the end", number, "faults", "no such fault", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_study_stops_at_a_border_even_if_it_is_told_twice(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(TINY.replace("epochs = 20", "epochs = 200_000"))
    process = subprocess.Popen(
        [*HEARING, sys.executable, "-m", "trainlab", "study", "study.toml", "--workers", "1"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=tmp_path,
    )
    with process:
        while not (tmp_path / ".trainlab" / "store.sqlite3").exists() and process.poll() is None:
            pass
        for _ in range(2):
            os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("trainlab: stopped a")
    assert err.count("\n") == 1
