"""The modules of the page keep the habits by which they can be joined into one script."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from trainlab.web import bundle as bundle_module
from trainlab.web.bundle import STATIC, bundle

MODULES = sorted(path.stem for path in STATIC.glob("*.js"))
TOP = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def source(name: str) -> str:
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


def test_no_name_stands_at_the_top_of_two_modules():
    names = Counter(name for module in MODULES for name in TOP.findall(source(module)))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_about_and_can_be_joined(name: str):
    assert source(name).startswith("// ")
    joined = bundle(name)
    assert not re.search(r"^(import|export) ", joined, re.MULTILINE)


def test_what_is_imported_comes_first_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one.js").write_text("// One.\nexport const one = 1;\n")
    (tmp_path / "two.js").write_text(
        '// Two.\nimport { one } from "./one.js";\nexport const two = 2 * one;\n'
    )
    (tmp_path / "all.js").write_text(
        '// All.\nimport { one } from "./one.js";\nimport {\n  two,\n} from "./two.js";\n'
        "const all = one + two;\n"
    )
    monkeypatch.setattr(bundle_module, "STATIC", tmp_path)
    assert re.findall(r"const (\w+)", bundle("all")) == ["one", "two", "all"]


def test_another_form_of_import_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "bad.js").write_text('// Bad.\nimport other from "./other.js";\n')
    monkeypatch.setattr(bundle_module, "STATIC", tmp_path)
    with pytest.raises(ValueError, match=r"bad\.js: .* can't be joined"):
        bundle("bad")
