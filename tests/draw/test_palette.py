"""The palette: readable in both themes, told apart by everyone."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import trainlab
from trainlab.draw import palette

# Contrast by WCAG 2, and colours told apart under simulated colour blindness, from the very values used.
FloatArray = npt.NDArray[np.float64]
THEMES = {"light": palette.LIGHT, "dark": palette.DARK}

# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def _linear(colour: str) -> FloatArray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _luminance(colour: str) -> float:
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _lab(colour: str, sight: str) -> FloatArray:
    seen = np.clip(SIGHT[sight] @ _linear(colour), 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ seen / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _distance(one: str, other: str, sight: str) -> float:
    return float(np.linalg.norm(_lab(one, sight) - _lab(other, sight)))


def test_the_contrast_formula_knows_its_ends() -> None:
    assert _contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert _contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", ["text", "muted", "good", "bad", "neutral"])
def test_text_stands_out(theme: str, role: str) -> None:
    assert _contrast(THEMES[theme][role], THEMES[theme]["bg"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", palette.SERIES)
def test_marks_stand_out(theme: str, role: str) -> None:
    assert _contrast(THEMES[theme][role], THEMES[theme]["bg"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_stand_out_on_every_step_of_the_heat_ramp(theme: str) -> None:
    colours = THEMES[theme]
    assert all(_contrast(colours[f"h{i}"], colours[f"t{i}"]) >= 4.5 for i in range(palette.STEPS))
    assert _contrast(colours["grid"], colours["muted"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_the_heat_ramp_runs_one_way_in_lightness(theme: str, sight: str) -> None:
    lightness = [float(_lab(THEMES[theme][f"h{i}"], sight)[0]) for i in range(palette.STEPS)]
    steps = np.diff(lightness) * (-1 if theme == "light" else 1)
    assert (steps > 1.5).all()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_the_colour_blind_tell_series_and_meanings_apart(theme: str, sight: str) -> None:
    colours = THEMES[theme]
    near = [
        (a, b) for a, b in combinations(palette.SERIES, 2) if _distance(colours[a], colours[b], sight) < 11
    ]
    assert near == []
    assert min(_distance(colours[a], colours[b], sight) for a, b in combinations(palette.SERIES[:3], 2)) > 13
    assert _distance(colours["good"], colours["bad"], sight) > 30


def test_the_style_sheet_sets_every_role_in_every_theme() -> None:
    sheet = palette.css()
    assert palette.LIGHT.keys() == palette.DARK.keys()
    for role, light in palette.LIGHT.items():
        assert re.findall(rf"--tl-{role}:(#\w+)", sheet) == [
            light,
            palette.DARK[role],
            light,
            palette.DARK[role],
            light,
        ]
    assert sheet.count("{") == sheet.count("}")
    assert re.findall(r"--tl-(\w+)\)", sheet)
    assert set(re.findall(r"var\(--tl-(\w+)\)", sheet)) <= palette.LIGHT.keys()


def test_in_a_notebook_nothing_but_figures_and_tables_changes() -> None:
    sheet = palette.css(scope=palette.INSIDE)
    assert ":root" not in sheet
    rules = re.findall(r"(?m)^([^@{]+)\{", sheet)
    assert [rule for rule in rules if not rule.startswith((".tl-", "[data-"))] == []
    assert "background:var(--tl-bg)" in sheet


def test_print_is_light_and_comes_after_the_themes() -> None:
    sheet = palette.css()
    assert sheet.index("@media print{:root,[data-theme]") > sheet.index("[data-theme=dark]")
    assert palette.LIGHT["bg"] in sheet[sheet.index("@media print{:root") :].split("}")[0]


def test_terminal_styles_are_rich_s_own_and_near_the_page_s_hues() -> None:
    from rich.color import Color
    from rich.style import Style

    for role, style in palette.TERMINAL.items():
        assert Style.parse(style)
        if role in ("good", "bad", *palette.SERIES):
            near = min(
                _distance(Color.parse(style).get_truecolor().hex.upper(), theme[role], "usual")
                for theme in THEMES.values()
            )
            assert near < 32, (role, style, near)


def test_roles_wrap_around_and_heat_is_clamped() -> None:
    assert [palette.series_role(i) for i in (0, 7, 8)] == ["s1", "s8", "s1"]
    assert [palette.heat_step(share) for share in (-1, 0, 0.5, 1, 2)] == [0, 0, 5, 10, 10]


def test_no_colour_stands_outside_of_the_palette() -> None:
    """The terminal's map had a copy of its own, one colour of which was in no palette."""
    package = Path(trainlab.__file__).parent
    written = {
        path.relative_to(package).as_posix(): found
        for ending in ("py", "js", "css", "html")
        for path in package.rglob(f"*.{ending}")
        if (found := re.findall(r"(?<![&\w/#-])#[0-9A-Fa-f]{6}\b", path.read_text(encoding="utf-8")))
    }
    assert list(written) == ["draw/palette.py"]
