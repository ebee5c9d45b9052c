"""What surrounds the marks: axes with grid and labels, and the legend."""

from __future__ import annotations

from collections.abc import Sequence

from .axes import Scale, axis_label, tick_labels
from .marks import rule
from .svg import SMALL, WIDTH, element, fit, group, paint, short, text, text_width


def x_axis(scale: Scale, *, stretches: Sequence[tuple[float, float]], bottom: float, label: str) -> str:
    """Return grid lines, tick labels and the label of a horizontal axis; it takes 34 units below `bottom`.

    The grid runs down each of the `stretches` (from, to), so that headings between them stay clear of it.
    """
    ticks, labels = _fitting(scale)
    places = [scale(tick) for tick in ticks]
    grid = "".join(f"M{short(place)} {short(top)}V{short(end)}" for top, end in stretches for place in places)
    last = WIDTH - 4
    return "".join(
        [
            element("path", d=grid, stroke_width=1.0, **paint(fill="none", stroke="grid")) if grid else "",
            rule(scale.start, bottom, scale.end, bottom),
            group(
                (
                    text(
                        min(place, last - text_width(words, SMALL) / 2),
                        bottom + 14,
                        words,
                        anchor="middle",
                        size=SMALL,
                    )
                    for place, words in zip(places, labels, strict=True)
                ),
                **paint(fill="muted"),
            ),
            _centred((scale.start + scale.end) / 2, bottom + 30, axis_label(label, log=scale.log)),
        ]
    )


def y_axis(scale: Scale, *, left: float, right: float, label: str, top: float | None = None) -> str:
    """Return grid lines, tick labels and the label, which stands above the axis so that it needn't be turned.

    `top` is the upper edge of what is drawn, where that lies above the end of the scale.
    """
    ticks = scale.ticks(6)
    places = [scale(tick) for tick in ticks]
    grid = "".join(f"M{short(left)} {short(place)}H{short(right)}" for place in places)
    names = tick_labels(ticks, log=scale.log)
    return "".join(
        [
            element("path", d=grid, stroke_width=1.0, **paint(fill="none", stroke="grid")) if grid else "",
            group(
                (
                    text(left - 5, place + 4, words, anchor="end", size=SMALL)
                    for place, words in zip(places, names, strict=True)
                ),
                **paint(fill="muted"),
            ),
            text(
                8, (scale.end if top is None else top) - 10, fit(axis_label(label, log=scale.log), WIDTH - 16)
            ),
        ]
    )


def legend(entries: Sequence[tuple[str, str]], *, y: float) -> tuple[str, float]:
    """Return swatches with their words, flowing over lines from height `y`, and the height they take.

    Each entry is (a swatch drawn from (0, −4) to (22, 4) around its middle line, words).
    """
    x, drawn, top = 8.0, list[str](), y
    for swatch, words in entries:
        width = 28 + text_width(words, SMALL) + 14
        if x > 8 and x + width > WIDTH:
            x, y = 8.0, y + 17
        drawn.append(
            group([swatch, text(27, 4, words, size=SMALL)], transform=f"translate({short(x)} {short(y + 8)})")
        )
        x += width
    return "".join(drawn), (y + 17 - top if entries else 0.0)


def _fitting(scale: Scale) -> tuple[tuple[float, ...], list[str]]:
    """Return as many ticks, at most 6, as have room for their labels."""
    for most in (6, 5, 4, 3, 2):
        ticks = scale.ticks(most)
        labels = tick_labels(ticks, log=scale.log)
        needed = sum(text_width(words, SMALL) + 12 for words in labels)
        if needed <= abs(scale.end - scale.start):
            return ticks, labels
    return ticks[:1], labels[:1]


def _centred(x: float, y: float, words: str) -> str:
    words = fit(words, WIDTH - 8)
    half = text_width(words) / 2
    return text(min(max(x, half + 4), max(WIDTH - half - 4, half + 4)), y, words, anchor="middle")
