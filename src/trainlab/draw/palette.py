"""One palette for report, notebook and terminal: Okabe–Ito hues, tuned so that each theme stays readable.

The hues are those of Okabe & Ito, "Color Universal Design" (2008), darkened on white and lightened on the
dark background until text reaches a WCAG 2 contrast of 4.5 and marks of 3 (the tests compute both), and
still told apart under simulated protanopia, deuteranopia and tritanopia (the tests compute that too).
Orange and yellow share one place, since on white a yellow with enough contrast is a brown; the eighth is
a violet.
"""

from __future__ import annotations

from typing import Final

SERIES: Final = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8")
"""Roles of the series hues, in order of use."""

STEPS: Final = 11
"""Steps of the heat ramp, ``h0`` (a share of 0) to ``h10`` (a share of 1); ``t0`` … ``t10`` is text on it."""

LIGHT: Final[dict[str, str]] = {
    "bg": "#FFFFFF",
    "text": "#1B1F24",
    "muted": "#59616B",
    "grid": "#DDE1E6",
    "good": "#007A59",
    "bad": "#B84C00",
    "neutral": "#59616B",
    "s1": "#0072B2",
    "s2": "#D55E00",
    "s3": "#009E73",
    "s4": "#A8528C",
    "s5": "#7D5A00",
    "s6": "#3A9BD9",
    "s7": "#4A4A4A",
    "s8": "#5B2BB5",
}
DARK: Final[dict[str, str]] = {
    "bg": "#14181D",
    "text": "#E8EBEE",
    "muted": "#A3ABB5",
    "grid": "#333A42",
    "good": "#2CC597",
    "bad": "#FF8F47",
    "neutral": "#A3ABB5",
    "s1": "#3D9BDC",
    "s2": "#EE6C1F",
    "s3": "#1FB98A",
    "s4": "#D88BBB",
    "s5": "#F2C037",
    "s6": "#8CCDF5",
    "s7": "#C9CED4",
    "s8": "#8A63EE",
}

_LIGHT_RAMP = "#F4F8FB #DEEDF6 #C7E2F2 #B1D7EE #93C6E5 #72B3DC #52A0D2 #368CC3 #2479AD #126596 #00517F"
_DARK_RAMP = "#1D262F #1E3445 #1E415B #1F4E72 #28638D #357BAA #4193C7 #56AADE #7CBEE7 #A1D2F1 #C6E6FA"
_INK, _PAPER = "#10151A", "#FFFFFF"
for _step, (_light, _dark) in enumerate(zip(_LIGHT_RAMP.split(" "), _DARK_RAMP.split(" "), strict=True)):
    LIGHT.update({f"h{_step}": _light, f"t{_step}": _INK if _step < 8 else _PAPER})
    DARK.update({f"h{_step}": _dark, f"t{_step}": _PAPER if _step < 6 else _INK})

TERMINAL: Final[dict[str, str]] = {
    "text": "default",
    "muted": "grey58",
    "good": "dark_cyan",
    "bad": "dark_orange3",
    "neutral": "grey58",
    "s1": "deep_sky_blue3",
    "s2": "dark_orange3",
    "s3": "dark_cyan",
    "s4": "pink3",
    "s5": "orange3",
    "s6": "sky_blue3",
    "s7": "grey58",
    "s8": "medium_purple3",
}
"""Rich style names with the same meanings, from the 256 colours that read on light and dark terminals."""

_RULES = """\
.tl-figure{margin:0 0 1.5rem;background:var(--tl-bg)}
.tl-figure details{color:var(--tl-muted);font-size:.875rem}
.tl-table{border-collapse:collapse;color:var(--tl-text)}
.tl-table caption{text-align:left;font-weight:600;padding:.25rem 0}
.tl-table th,.tl-table td{padding:.25rem .6rem;border-bottom:1px solid var(--tl-grid)}
.tl-table thead th{border-bottom-color:var(--tl-muted)}
.tl-table td:not([style]){white-space:nowrap}
.tl-scroll+.tl-scroll{margin-top:1.25rem}
.tl-scroll,.tl-drawing{overflow-x:auto;background:var(--tl-bg)}
.tl-scroll{background:linear-gradient(90deg,var(--tl-bg) 40%,transparent) 0 0/40px 100% no-repeat local,\
linear-gradient(270deg,var(--tl-bg) 40%,transparent) 100% 0/40px 100% no-repeat local,\
linear-gradient(90deg,var(--tl-muted),transparent) 0 0/8px 100% no-repeat scroll,\
linear-gradient(270deg,var(--tl-muted),transparent) 100% 0/8px 100% no-repeat scroll,var(--tl-bg)}
.tl-drawing>svg{min-width:364px}
@media print{.tl-figure,.tl-table tr{break-inside:avoid}.tl-scroll,.tl-drawing{overflow:visible}}
"""


INSIDE: Final = ".tl-figure,.tl-scroll"
"""The scope of `css` in a notebook."""


def series_role(index: int) -> str:
    """Return the role of the `index`-th series: ``s1`` … ``s8``, then from the start again."""
    return SERIES[index % len(SERIES)]


def heat_step(share: float) -> int:
    """Return the step of the heat ramp, 0 … 10, for a share between 0 and 1."""
    return round(min(max(share, 0.0), 1.0) * (STEPS - 1))


def ramp(*, dark: bool) -> list[str]:
    """Return the heat ramp's colours, from a share of 0 to one of 1, for use without a style sheet."""
    theme = DARK if dark else LIGHT
    return [theme[f"h{step}"] for step in range(STEPS)]


def css(*, scope: str = ":root") -> str:
    """Return the text of a style sheet: the palette as ``--tl-…`` custom properties, and rules for tables.

    It is light unless the reader prefers dark; ``data-theme="light"`` or ``"dark"`` on an element overrides
    that inside it; print is always light. Put it inside one ``<style>`` element of the page. Inside another
    page, such as a notebook, `scope` is `INSIDE`: figures and tables then have their own background, and
    nothing around them changes.
    """
    light, dark = _properties(LIGHT), _properties(DARK)
    return (
        f"{scope}{{color-scheme:light;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{{scope}{{color-scheme:dark;{dark}}}}}\n"
        f"[data-theme=light]{{color-scheme:light;{light}}}\n"
        f"[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{{scope},[data-theme]{{color-scheme:light;{light}}}}}\n"
        f"{_RULES}"
    )


def _properties(theme: dict[str, str]) -> str:
    return ";".join(f"--tl-{role}:{colour}" for role, colour in theme.items())
