"""How fast the lab in the browser answers: started, turned at, dragged, and visited by many at once.

    scripts/bench --lab [--rounds N] [--visitors N]

A headless Chromium (Debian's) opens the page of a server of its own, turns a knob, and waits until the answer
is drawn. Beside each figure stands what it is to be compared with: the engine by itself, or TensorFlow
Playground, whose page trains one network at 35 epochs a second at most.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from playwright.sync_api import Page, sync_playwright
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.machine import machine
from trainlab.draw import terminal_table
from trainlab.engine import get_engine
from trainlab.spec import Experiment, any_study, named_cell
from trainlab.web.addresses import lab_address, page_form
from trainlab.web.frames import decode
from trainlab.web.limits import Limits

CELL: Final = "Model 1:A+B+D+E"
"""2-5-4-1 for 2,001 epochs: the longest of the assignment's trainings that is solved nearly always."""
SEEDS: Final = 256
PLAYGROUND: Final = 35
"""Epochs a second: a frame of its page trains one, and it draws at most so many frames."""
OPTIONS: Final = ("--no-sandbox", "--disable-background-networking", "--disable-sync")
WHOLE: Final = "#answer[data-whole=true]"

TURN: Final = """(value) => new Promise((resolve) => {
  const label = [...document.querySelectorAll(".build label")].find((one) => one.textContent === "lr");
  const slider = label.parentElement.querySelector("input[type=range]");
  const answer = document.querySelector("#answer");
  const start = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  new MutationObserver((_, watch) => {
    if (answer.dataset.whole !== "true") return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
  }).observe(answer, { attributes: true });
})"""
"""Drag a knob to another place, and measure the milliseconds until the whole answer is drawn."""

WEIGHT: Final = """() => {
  const loaded = ["resource", "navigation"].flatMap((kind) => performance.getEntriesByType(kind));
  const sum = (size) => loaded.reduce((bytes, one) => bytes + one[size], 0);
  return [sum("decodedBodySize"), sum("encodedBodySize")];
}"""
"""The bytes of all files that the page has loaded, and what was sent for them."""

DRAG: Final = """(seconds) => new Promise((resolve) => {
  const label = [...document.querySelectorAll(".build label")].find((one) => one.textContent === "lr");
  const slider = label.parentElement.querySelector("input[type=range]");
  const headline = document.querySelector("#answer .headline");
  let drawn = 0;
  const watch = new MutationObserver(() => { drawn += 1; });
  watch.observe(headline, { childList: true, characterData: true, subtree: true });
  const start = performance.now();
  (function move() {
    const passed = (performance.now() - start) / 1000;
    if (passed > seconds) { watch.disconnect(); return resolve(drawn / passed); }
    slider.value = 100 + 60 * Math.sin(passed * 2);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(move);
  })();
})"""
"""Drag a knob to and fro, and count the answers drawn a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server of the lab: where it is, and its processes."""

    address: str
    process: subprocess.Popen[str]

    @property
    def memory(self) -> float:
        """What it and its workers hold, in MB: the parts of memory that are theirs alone, and their share."""
        pids = [self.process.pid, *_children(self.process.pid)]
        return sum(_proportional_kilobytes(pid) for pid in pids) / 1024


@contextmanager
def serving(*, cache: Path | None = None) -> Iterator[Server]:
    """Run ``trainlab serve``; with a `cache` folder numba keeps what it compiles there."""
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": str(cache)} if cache else {})}
    process = subprocess.Popen(
        [sys.executable, "-m", "trainlab", "serve", "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield Server(address=found[0].rstrip("/"), process=process)
    finally:
        process.kill()
        process.communicate()


def first_answer(page: Page, *, cache: Path | None = None) -> float:
    """Return the seconds from starting the server until the first answer is drawn."""
    start = time.perf_counter()
    with serving(cache=cache) as server:
        page.goto(server.address)
        page.wait_for_selector(WHOLE, timeout=300_000)
        return time.perf_counter() - start


def knob_milliseconds(page: Page, rounds: int) -> list[float]:
    """Return how long it took each time from a turned knob to the whole answer, drawn."""
    places = np.linspace(80, 180, rounds).round().astype(int)
    return [page.evaluate(TURN, int(place)) for place in np.random.default_rng(0).permutation(places)]


def steps_a_second(experiment: Experiment) -> float:
    """Return the network-steps a second of the engine by itself, in one thread, as a worker has."""
    engine = get_engine("fast")
    seeds = range(SEEDS)
    engine.train(experiment, seeds)
    start = time.perf_counter()
    engine.train(experiment, seeds)
    return SEEDS * experiment.epochs * experiment.steps_per_epoch / (time.perf_counter() - start)


def steps_of_answers(page: Page, experiment: Experiment, rounds: int) -> tuple[float, float]:
    """Return network-steps a second of the page's answers, and of the engine by itself, in turns."""
    seconds: list[float] = []

    def heard(message: str | bytes) -> None:
        header, _ = decode(message if isinstance(message, bytes) else message.encode())
        if header["kind"] == "population" and header["last"]:
            seconds.append(header["seconds"])

    page.on("websocket", lambda socket: socket.on("framereceived", heard))
    page.reload()
    page.wait_for_selector(WHOLE)
    alone: list[float] = []
    for place in range(rounds):
        page.evaluate(TURN, 100 + place)
        alone.append(steps_a_second(experiment))
    answered = [SEEDS * experiment.epochs * experiment.steps_per_epoch / each for each in seconds[1:]]
    return statistics.median(answered), statistics.median(alone)


async def crowd(server: Server, visitors: int) -> tuple[list[float], float, str]:
    """Let so many visitors ask at once; return the seconds of each, the memory, and what one more is told."""
    form = page_form(named_cell(any_study("xor44"), CELL).experiment)
    address = server.address.replace("http", "ws", 1) + "/socket"
    origin = server.address

    async def visit(socket: Any, number: int) -> float:
        # Each asks something else, so that no answer could be shared.
        question = {"ask": "population", "experiment": form, "first_seed": number * SEEDS, "seeds": SEEDS}
        start = time.perf_counter()
        await socket.send(msgspec.json.encode({"id": 1, "lane": "answer", "question": question}).decode())
        async for message in socket:
            header, _ = decode(message)
            if header["kind"] == "error":
                raise RuntimeError(header["message"])
            if header["last"]:
                return time.perf_counter() - start
        raise RuntimeError("the server has closed the socket")

    sockets = [await connect(address, origin=origin, max_size=None) for _ in range(visitors)]
    try:
        tasks = [asyncio.create_task(visit(socket, number)) for number, socket in enumerate(sockets)]
        seconds = await asyncio.gather(*tasks)
        memory, told = server.memory, ""
        if visitors >= Limits().visitors:
            async with connect(address, origin=origin) as one_more:
                try:
                    header, _ = decode(await one_more.recv())
                    told = header["message"]
                    await one_more.recv()
                except ConnectionClosed as closed:
                    told += f" (closed with {closed.rcvd.code if closed.rcvd else '?'})"
        return seconds, memory, told
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench --lab", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="how often the knob is turned")
    parser.add_argument("--visitors", type=int, default=Limits().visitors, help="how many come at once")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as cache:
        rows = [*_alone(options.rounds, Path(cache)), *_together(options.visitors, Path(cache))]
    from rich.console import Console

    title = f"{CELL}, {SEEDS} seeds, {machine()['processor']}"
    Console(width=120).print(terminal_table(("of the lab", "measured"), rows, title=title))
    return 0


def _alone(rounds: int, cache: Path) -> Iterator[tuple[str, str]]:
    """Yield what one visitor meets, in words."""
    experiment = named_cell(any_study("xor44"), CELL).experiment
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=OPTIONS)
        page = browser.new_page()
        yield "start to first answer, nothing compiled", f"{first_answer(page, cache=cache):.1f} s"
        yield "start to first answer", f"{first_answer(page, cache=cache):.1f} s"
        with serving(cache=cache) as server:
            page.goto(server.address + lab_address(experiment, seeds=SEEDS))
            page.wait_for_selector(WHOLE)
            knob_milliseconds(page, 3)
            taken = knob_milliseconds(page, rounds)
            median, late = statistics.median(taken), float(np.quantile(taken, 0.95))
            yield "knob to answer, drawn", f"{median:.0f} ms (95 %: {late:.0f} ms)"
            rate = 1000 * SEEDS * experiment.epochs / median
            times = f"{rate / PLAYGROUND:,.0f} × Playground's {PLAYGROUND}"
            yield "network-epochs a second", f"{rate:,.0f}: {times}"
            yield "answers drawn a second while dragging", f"{page.evaluate(DRAG, 5):.1f}"
            answered, alone = steps_of_answers(page, experiment, max(3, rounds // 4))
            times = f"{answered / alone:.2f} × the engine's own"
            yield "network-steps a second, page open", f"{answered / 1e6:.1f} million: {times}"
            whole, sent = (size / 1000 for size in page.evaluate(WEIGHT))
            yield "all files of the page", f"{whole:.0f} kB, sent as {sent:.0f} kB"
        browser.close()


def _together(visitors: int, cache: Path) -> Iterator[tuple[str, str]]:
    """Yield what many visitors at once meet, in words."""
    with serving(cache=cache) as server:
        asyncio.run(crowd(server, 1))
        before = server.memory
        seconds, memory, told = asyncio.run(crowd(server, visitors))
        slowest, median = max(seconds), statistics.median(seconds)
        said = f"all answered, the slowest after {slowest:.1f} s, the median {median:.1f} s"
        yield f"{visitors} visitors at once", said
        yield "memory of server and workers", f"{before:.0f} MB, {memory:.0f} MB with all of them"
        if told:
            yield "one more is told", told


def executable() -> str:
    """Return where Chromium is."""
    found = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit("The lab is measured in Chromium; on Debian: apt-get install chromium")
    return found


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listed.read_text().split()]


def _proportional_kilobytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
