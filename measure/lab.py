"""How fast the lab in the browser answers: started, turned at, dragged, and visited by many at once.

    scripts/measure lab [--rounds N] [--visitors N] [--pictures]

A headless Chromium (Debian's) opens the page of a server of its own, turns a knob, and waits until the answer
is drawn. Beside each figure stands what it is to be compared with: the engine by itself, or TensorFlow
Playground, whose page trains one network at 35 epochs a second at most.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from playwright.sync_api import Page, sync_playwright
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from measure.blocks import machine
from measure.browser import OPTIONS, executable
from trainlab.draw import terminal_table
from trainlab.engine import get_engine
from trainlab.spec import Experiment, any_study, named_cell
from trainlab.web.experiment_forms import lab_address, page_form
from trainlab.web.frames import decode
from trainlab.web.questions import Limits

CELL: Final = "Model 1:A+B+D+E"
"""2-5-4-1 for 2,001 epochs: the longest of the assignment's trainings that is solved nearly always."""
SEEDS: Final = 256
PLAYGROUND: Final = 35
"""Epochs a second: a frame of its page trains one, and it draws at most so many frames."""
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
def serving() -> Iterator[Server]:
    """Run ``trainlab serve``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trainlab", "serve", "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield Server(address=found[0].rstrip("/"), process=process)
    finally:
        process.kill()
        process.communicate()


def first_answer(page: Page) -> float:
    """Return the seconds from starting the server until the first answer is drawn."""
    start = time.perf_counter()
    with serving() as server:
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
    parser = argparse.ArgumentParser(prog="scripts/measure lab", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="how often the knob is turned")
    parser.add_argument("--visitors", type=int, default=Limits().visitors, help="how many come at once")
    parser.add_argument("--pictures", action="store_true", help="instead, those of docs/lab.md")
    options = parser.parse_args(words)
    if executable() is None:
        raise SystemExit("The lab is measured in Chromium; on Debian: apt-get install chromium")
    if options.pictures:
        with serving() as server:
            for file in walk_tour(server.address, PICTURES):
                print(file.name)
        return 0
    rows = [*_alone(options.rounds), *_together(options.visitors)]
    from rich.console import Console

    title = f"{CELL}, {SEEDS} seeds, {machine()['processor']}"
    Console(width=120).print(terminal_table(("of the lab", "measured"), rows, title=title))
    return 0


def _alone(rounds: int) -> Iterator[tuple[str, str]]:
    """Yield what one visitor meets, in words."""
    experiment = named_cell(any_study("xor44"), CELL).experiment
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=OPTIONS)
        page = browser.new_page()
        yield "start to first answer", f"{first_answer(page):.1f} s"
        with serving() as server:
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


def _together(visitors: int) -> Iterator[tuple[str, str]]:
    """Yield what many visitors at once meet, in words."""
    with serving() as server:
        asyncio.run(crowd(server, 1))
        before = server.memory
        seconds, memory, told = asyncio.run(crowd(server, visitors))
        slowest, median = max(seconds), statistics.median(seconds)
        said = f"all answered, the slowest after {slowest:.1f} s, the median {median:.1f} s"
        yield f"{visitors} visitors at once", said
        yield "memory of server and workers", f"{before:.0f} MB, {memory:.0f} MB with all of them"
        if told:
            yield "one more is told", told


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listed.read_text().split()]


def _proportional_kilobytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


# The pictures of docs/lab.md: the lab as a visitor meets it, photographed in Chromium.
#
# Each step is done as the page says it, by clicks and keys. `--pictures` makes them.


PICTURES: Final = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 800
DEEP: Final = "Model 3"


def first_view(page: Page) -> None:
    """The page as it opens: most seeds solve it, some don't."""
    settle(page)


def failed_seed(page: Page) -> None:
    """Why did this seed fail? Three clicks: the deep network, the changes, the next seed that failed."""
    page.get_by_role("button", name=DEEP, exact=True).click()
    for change in "ABE":
        page.get_by_role("button", name=f"{change}: ").click()
    settle(page)
    page.get_by_role("button", name="Next that failed").click()
    settle(page)
    page.locator("#run").scroll_into_view_if_needed()
    page.locator("#run").evaluate("(card) => card.scrollIntoView()")


def comparison(page: Page) -> None:
    """What does the last activation do, on the same seeds?"""
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Keep this as A, change B").first.click()
    page.get_by_role("button", name="E: ").click()
    settle(page)
    to_tabs(page)


def plane(page: Page) -> None:
    """Where does it work? The plane of two settings around the present ones."""
    page.get_by_role("tab", name="Map").click()
    cells = page.get_by_role("gridcell")
    cells.first.wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[role=gridcell]')].every((cell) => cell.textContent.trim())",
        timeout=120_000,
    )
    to_tabs(page)


def microscope(page: Page) -> None:
    """The chain rule, number by number."""
    page.get_by_role("tab", name="Microscope").click()
    page.get_by_role("button", name="Last operation").click()
    settle(page)
    to_tabs(page)


STEPS: Final[dict[str, Callable[[Page], None]]] = {
    "lab-first": first_view,
    "lab-failed": failed_seed,
    "lab-compare": comparison,
    "lab-map": plane,
    "lab-microscope": microscope,
}
"""What is done for each picture, beginning from the page as it opens."""


def settle(page: Page) -> None:
    """Wait until answer and run are whole."""
    page.wait_for_selector("#answer[data-whole=true]", timeout=120_000)
    page.wait_for_selector("#run:not(.stale) canvas", timeout=120_000)
    page.wait_for_timeout(1500)


def to_tabs(page: Page) -> None:
    """Scroll to what lies below the run."""
    page.wait_for_timeout(2500)
    page.get_by_role("tablist").evaluate("(tabs) => tabs.parentElement.scrollIntoView()")


def walk_tour(address: str, folder: Path, *, theme: str = "light") -> list[Path]:
    """Go through all steps at a lab's address, and return the pictures made in the folder.

    Raises:
        RuntimeError: the page's console said something on the way.
    """
    made: list[Path] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=OPTIONS)
        for name, step in STEPS.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(address)
            settle(page)
            step(page)
            made.append(folder / f"{name}.png")
            page.screenshot(path=made[-1])
            page.close()
        browser.close()
    if said:
        raise RuntimeError("\n".join(said))
    return made


if __name__ == "__main__":
    sys.exit(main())
