"""What the line on stderr says of the work, and that Ctrl-C is answered."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from trainlab.cli.output import progress_line, progress_words
from trainlab.draw import terminal
from trainlab.execution import Progress

NOW = Progress(
    chunks_done=3,
    chunks_total=50,
    runs_done=60,
    runs_total=1000,
    steps_done=600,
    steps_total=10_000,
    steps_trained=600,
    elapsed=1.0,
    rate=12_300.0,
    seconds_left=79.4,
    engine="torch",
)


@pytest.mark.parametrize(
    ("rate", "words"),
    [(12_300.0, "12,300 steps/s"), (999_000.0, "999,000 steps/s"), (2_340_000.0, "2.3 million steps/s")],
)
def test_slow_engines_have_a_rate_too(rate: float, words: str) -> None:
    assert progress_words(replace(NOW, rate=rate)) == f"60 of 1,000 runs, {words}, 79 s left"


def test_what_follows_comes_first() -> None:
    words = progress_words(replace(NOW, ahead="4.2 points wide, 2 points asked for: about 9,625 seeds"))
    assert words.startswith("4.2 points wide, 2 points asked for: about 9,625 seeds: 60 of 1,000 runs, ")


def test_no_time_left_is_guessed_from_the_first_chunks() -> None:
    assert progress_words(replace(NOW, chunks_done=2)) == "60 of 1,000 runs"
    assert progress_words(replace(NOW, seconds_left=150.0)).endswith(", 2 min 30 s left")


def test_stopping_is_said_with_what_to_press() -> None:
    words = progress_words(replace(NOW, stopping=True))
    assert words == "finishing what is in progress; Ctrl-C again stops at once"


@pytest.mark.process
def test_a_second_ctrl_c_has_a_message_whatever_is_still_at_work() -> None:
    # What runs is exchanged for a press of Ctrl-C beside a thread that would hold up the exit.
    script = """
import sys, threading, time
from trainlab.cli import main, run
def pressed(*arguments, **options):
    threading.Thread(target=time.sleep, args=(60,)).start()
    raise KeyboardInterrupt
run.run = pressed
sys.argv = ["trainlab", "run", "xor44", "--seeds", "1"]
main.main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.startswith(
        "trainlab: stopped at once. Without --fresh, training goes on from the last chunk"
    )


def test_runs_that_are_judged_have_words_of_their_own() -> None:
    judging = replace(NOW, engine="doctor")
    assert progress_words(judging) == "why runs failed: 60 of 1,000 judged, 79 s left"
    assert progress_words(replace(judging, chunks_done=1)) == "why runs failed: 60 of 1,000 judged"
    assert progress_words(replace(judging, stopping=True)).startswith("finishing what is in progress")


class Closed(io.StringIO):
    """A terminal that was closed."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_is_closed_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Closed())
    with progress_line() as show:
        show.tell(1, 2, "half")


def test_a_file_gets_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "MINUTE", 0.02)
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    with progress_line("seeds") as show:
        show.tell(3, 12, "3 of 12 runs\x1b[2J")
        while not said.getvalue():
            time.sleep(0.01)
    assert said.getvalue().splitlines()[0] == "trainlab: seeds, 25 %, 3 of 12 runs�[2J"
    whole = said.getvalue()
    time.sleep(0.1)
    assert said.getvalue() == whole  # nothing once it is over


def test_work_of_less_than_a_minute_says_nothing_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line() as show:
        show.tell(1, 2, "half")
    assert capsys.readouterr() == ("", "")
