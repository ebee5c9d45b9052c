"""Headless Chromium, Debian's own, and the page's kernel without a page: in Node, or in a tab."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from trainlab.web.without_server import STATIC, bundle

# Headless Chromium, Debian's own: where it is, and how it is started, for benchmarks and tests of pages.


NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--no-sandbox", "--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage")


def executable() -> str | None:
    """Return where a Chromium is, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


# The page's kernel without a page: its modules of JavaScript, run in Node or headless Chromium.


MODULE = STATIC / "kernel.wasm"

_BYTES = "const bytesOf = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));\n"
_IN_NODE = """
const asked = JSON.parse(require("fs").readFileSync(0, "utf-8"));
answer(bytesOf(asked.module), asked.data).then((given) => process.stdout.write(JSON.stringify(given)));
"""
_IN_A_TAB = "async ({ module, data }) => JSON.stringify(await answer(bytesOf(module), data))"


def hosts() -> list[str]:
    """Return which of ``node`` and ``chromium`` are here."""
    return ["node"] * (shutil.which("node") is not None) + ["chromium"] * (executable() is not None)


def answered(host: str, script: str, data: Any, *, module: Path = MODULE) -> Any:
    """Return what ``answer(bytes, data)`` of a script gives; the page's kernel is in its scope."""
    whole = "\n".join([bundle("kernel"), _BYTES, script])
    asked = {"module": base64.b64encode(module.read_bytes()).decode(), "data": data}
    return json.loads(_in_node(whole, asked) if host == "node" else _in_chromium(whole, asked))


def _in_node(script: str, asked: dict[str, Any]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answer.cjs")
        path.write_text(script + _IN_NODE, encoding="utf-8")
        return subprocess.run(
            ["node", path], input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True
        ).stdout


def _in_chromium(script: str, asked: dict[str, Any]) -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable(), args=OPTIONS)
        tab = started.new_page()
        tab.add_script_tag(content=script)
        given = tab.evaluate(_IN_A_TAB, asked)
        started.close()
    return given
