"""The page's modules can be read, and what they import of each other is there: asked of Node, no page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import trainlab

STATIC = Path(trainlab.__file__).parent / "web" / "static"
# Linked, but not carried out: so no page is needed.
LINK = """
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
const folder = process.argv[1];
const modules = new Map();
function read(name) {
  if (!modules.has(name)) {
    const text = readFileSync(path.join(folder, name), "utf8");
    modules.set(name, new vm.SourceTextModule(text, { identifier: name }));
  }
  return modules.get(name);
}
for (const name of readdirSync(folder).filter((each) => each.endsWith(".js"))) {
  const module = read(name);
  if (module.status === "unlinked") {
    await module.link((asked) => read(path.basename(asked)));
  }
}
console.log(modules.size);
"""


def linked(folder: Path) -> subprocess.CompletedProcess[str]:
    driver = pytest.importorskip("playwright._impl._driver")
    node = driver.compute_driver_executable()[0]
    return subprocess.run(
        [node, "--experimental-vm-modules", "--no-warnings", "--input-type=module", "-e", LINK, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_is_read_and_finds_what_it_imports():
    done = linked(STATIC)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(list(STATIC.glob("*.js")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("export function broken( {", "SyntaxError"),
        ('import { gone } from "./other.js";', "does not provide an export named 'gone'"),
        ('import { gone } from "./none.js";', "none.js"),
    ],
)
def test_what_is_broken_is_seen(text: str, said: str, tmp_path: Path):
    (tmp_path / "one.js").write_text(text, encoding="utf-8")
    (tmp_path / "other.js").write_text("export const there = 1;", encoding="utf-8")
    done = linked(tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
