"""What is printed: text of files and exceptions can't steer a terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.table import Table
from rich.text import Text

from trainlab.cli.output import write_text
from trainlab.draw.json_format import json_text
from trainlab.draw.terminal import Terminal
from trainlab.errors import printable

HOSTILE = "a\x1b[2J\x1b]8;;http://x\x07b\x9b31mc\u202ed\u2066e\r\x08f\x7fg"
STEERING = set(map(chr, [*range(9), *range(11, 32), *range(127, 160)])) | set("\u202e\u2066\u200f\u061c")


def test_what_steers_is_replaced_and_the_rest_stays():
    assert printable(HOSTILE) == "a�[2J�]8;;http://x�b�31mc�d�e��f�g"
    assert printable("naïve\n\tΣ 😀 אבג") == "naïve��Σ 😀 אבג"
    assert printable("naïve\n\tΣ 😀 אבג", lines=True) == "naïve\n\tΣ 😀 אבג"
    assert printable("\ud800\r\n", lines=True) == "��\n"


@pytest.mark.parametrize("colours", [None, "truecolor"])
def test_a_terminal_prints_text_and_its_own_styles_only(colours: str | None):
    out = io.StringIO()
    terminal = Terminal(file=out, width=60, color_system=colours, force_terminal=colours is not None)  # pyright: ignore
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(Text(HOSTILE, style="bold"))
    terminal.print(table, Text(HOSTILE), HOSTILE, markup=False)
    text = out.getvalue()
    assert text.count("�") >= 4 * 6  # rich itself drops some
    if colours:
        assert "\x1b[1m" in text
        text = (
            text.replace("\x1b[0m", "")
            .replace("\x1b[1m", "")
            .replace("\x1b[3m", "")
            .replace("\x1b[1;", "\x1b[")
        )
    assert not STEERING - {"\x1b"} & set(text)
    assert colours or "\x1b" not in text
    assert "\x1b[2J" not in text
    assert "\x1b]8" not in text


def test_json_on_the_terminal_says_the_same_in_escapes(capsys: pytest.CaptureFixture[str]):
    data = {HOSTILE: [HOSTILE]}
    write_text("--json", "-", json_text(data))
    out = capsys.readouterr().out
    assert json.loads(out) == data
    assert not STEERING & set(out)


def test_a_reader_that_is_gone_is_no_exit_of_richs():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Terminal(file=Gone()).print("text")
