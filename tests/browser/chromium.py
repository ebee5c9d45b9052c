"""A page in headless Chromium, spoken to through a pipe in the DevTools protocol: no driver, no port."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from select import select
from typing import Any, Literal

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def executable() -> str | None:
    """Return where a Chromium is, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Tab:
    """One page of a browser; `requests` are the addresses that it asked for, `said` what its console said."""

    def __init__(self, commands: FileIO, answers: FileIO) -> None:
        self._into, self._out = commands, answers
        self._sent, self._rest = 0, b""
        self._session: str | None = None
        self.requests: list[str] = []
        self.said: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._send(f"{domain}.enable")

    def open(
        self,
        path: Path,
        *,
        width: int = 1280,
        theme: Literal["light", "dark"] = "light",
        script: bool = True,
    ) -> None:
        """Load a file as a screen of this width shows it, or a phone where it is below 500 px.

        Without `script`, those of the page don't run.
        """
        phone = width < 500
        height = 844 if phone else 900
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self._send("Emulation.setScriptExecutionDisabled", value=not script)
        self.requests.clear()
        self.said.clear()
        self._send("Page.navigate", url=path.resolve().as_uri())
        self._until("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """Return the value of an expression of JavaScript; RuntimeError if it throws."""
        answer = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:600])
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and let go of a key, as ``press("Enter", 13)``."""
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        common = {"key": key, "windowsVirtualKeyCode": code}
        self._send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self._send("Input.dispatchKeyEvent", type="keyUp", **common)

    def shoot(self, path: Path, *, top: int = 0, height: int | None = None) -> None:
        """Write a screenshot of the page from `top` on: all of it, or `height` px."""
        size = self._send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {
            "x": 0,
            "y": top,
            "width": size["width"],
            "height": min(height or 16000, size["height"] - top),
            "scale": 1,
        }
        answer = self._send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._into.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _until(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            if not select([self._out], [], [], PATIENCE)[0]:
                raise RuntimeError(f"the browser hasn't answered for {PATIENCE} s")
            part = self._out.read(1 << 16)
            if not part:
                raise RuntimeError("the browser has ended")
            self._rest += part
        first, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif message.get("method") == "Log.entryAdded":
            self.said.append(params["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.said.append(json.dumps(params["exceptionDetails"])[:400])
        return message


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def browser(binary: str) -> Iterator[Tab]:
    """Start a browser with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        read_by_it, into = os.pipe()
        out, written_by_it = os.pipe()

        def hand_over() -> None:
            # It reads commands from 3 and writes answers to 4.
            low, high = os.dup(read_by_it), os.dup(written_by_it)
            os.dup2(low, 3)
            os.dup2(high, 4)

        process = subprocess.Popen(
            [binary, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=hand_over,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_by_it)
        os.close(written_by_it)
        with os.fdopen(into, "wb", 0) as commands, os.fdopen(out, "rb", 0) as answers, _ended(process):
            yield Tab(commands, answers)
