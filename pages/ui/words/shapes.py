"""Shapes of the small drawings, as SVG: lines, bells, ellipses, pictures. Lengths are in pixels.

Colours are the text's own, so that a drawing fits a light and a dark page, and those that a
quantity has in the figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from vae_core.figures import theme

WIDTH, HEIGHT, BASE = 120, 60, 48  # of a drawing, and where its axis lies
INK, PRIOR, RATE, DISTORTION = "currentColor", theme.PRIOR, theme.RATE, theme.DISTORTION
SEVEN = ("11111", "00001", "00010", "00100", "00100")  # the pixels of the image
PIXEL = 5

Point = tuple[float, float]


def drawing(*shapes: str) -> str:
    """The shapes as one picture; the sentence beside it says the same."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true" font-size="10" font-family="serif">{"".join(shapes)}</svg>'
    )


def text(at: Point, words: str, colour: str = INK, anchor: str = "middle") -> str:
    """Words, whose base line is in the middle of `at`, or begins there.

    Colours are mixed with the text's own, so that they can be read on light and on dark.
    """
    (x, y), fill = at, colour
    if colour != INK:
        fill = f"color-mix(in srgb, {colour} 60%, {INK})"
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{fill}">{words}</text>'


def path(
    points: list[Point],
    colour: str = INK,
    fill: str = "none",
    opacity: float = 1.0,
    dash: str = "",
    width: float = 1.2,
) -> str:
    """A line through points; filled down to its ends, where it has a `fill`."""
    d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{d}" stroke="{colour}" stroke-width="{width:g}" fill="{fill}" '
        f'fill-opacity="{opacity:g}"{dashed}/>'
    )


def line(start: Point, end: Point, colour: str = INK, dash: str = "", width: float = 1.2) -> str:
    """A straight line."""
    return path([start, end], colour, dash=dash, width=width)


def axis(left: float = 4, right: float = 116, y: float = BASE) -> str:
    """A thin line for values to lie on."""
    return line((left, y), (right, y), PRIOR, width=0.8)


def arrow(start: Point, end: Point, colour: str = INK) -> str:
    """A line with a head."""
    (x0, y0), (x1, y1) = start, end
    angle = math.atan2(y1 - y0, x1 - x0)
    sides = [(x1 - 5 * math.cos(angle + a), y1 - 5 * math.sin(angle + a)) for a in (-0.5, 0.5)]
    return line(start, end, colour) + path([sides[0], end, sides[1]], colour)


def graph(f: Callable[[float], float], left: float = 4, right: float = 116) -> list[Point]:
    """Points of a function from pixels across to pixels above the axis."""
    n = 40
    xs = [left + (right - left) * k / n for k in range(n + 1)]
    return [(x, BASE - f(x)) for x in xs]


def normal(mean: float, deviation: float, height: float) -> Callable[[float], float]:
    """A bell, by its place, its width and its height."""
    return lambda x: height * math.exp(-0.5 * ((x - mean) / deviation) ** 2)


def dot(at: Point, colour: str = INK, radius: float = 2.0) -> str:
    """A point."""
    return f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}" fill="{colour}"/>'


def ellipse(
    at: Point,
    radii: Point,
    colour: str = INK,
    turn: float = 0.0,
    dash: str = "",
    opacity: float = 0.0,
) -> str:
    """An ellipse, turned by some degrees, and filled as far as `opacity` says."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<ellipse cx="{at[0]:g}" cy="{at[1]:g}" rx="{radii[0]:g}" ry="{radii[1]:g}" '
        f'transform="rotate({turn:g} {at[0]:g} {at[1]:g})" stroke="{colour}" fill="{colour}" '
        f'fill-opacity="{opacity:g}"{dashed}/>'
    )


def rectangle(
    at: Point, size: Point, colour: str = INK, opacity: float = 0.0, edge: str = INK
) -> str:
    """A rectangle from its upper left corner."""
    return (
        f'<rect x="{at[0]:g}" y="{at[1]:g}" width="{size[0]:g}" height="{size[1]:g}" '
        f'fill="{colour}" fill-opacity="{opacity:g}" stroke="{edge}" stroke-width="0.8"/>'
    )


def picture(at: Point, shade: float = 1.0, rest: float = 0.0, colour: str = INK) -> str:
    """The image: a 7 of 5 x 5 pixels, inked as `shade` says, its other pixels as `rest` does."""
    x, y = at
    side = PIXEL * len(SEVEN)
    places = [(j, k) for j, row in enumerate(SEVEN) for k, pixel in enumerate(row) if pixel == "1"]
    inked = "".join(f"M{x + PIXEL * k:g} {y + PIXEL * j:g}h5v5h-5z" for j, k in places)
    grid = "".join(
        f"M{x:g} {y + PIXEL * k:g}h{side}M{x + PIXEL * k:g} {y:g}v{side}"
        for k in range(len(SEVEN) + 1)
    )
    return (
        f'<path d="M{x:g} {y:g}h{side}v{side}h-{side}z" fill="{colour}" fill-opacity="{rest:g}"/>'
        f'<path d="{inked}" fill="{colour}" fill-opacity="{shade - rest:g}"/>'
        f'<path d="{grid}" stroke="{PRIOR}" stroke-width="0.8"/>'
    )


def funnel(left: float, tall: float, right: float, short: float) -> str:
    """A network: a trapezium between two heights, about the middle."""
    middle = 28
    corners: list[Point] = [
        (left, middle - tall / 2),
        (right, middle - short / 2),
        (right, middle + short / 2),
        (left, middle + tall / 2),
        (left, middle - tall / 2),
    ]
    return path(corners, INK, INK, 0.12)


def rings(at: Point = (60, 30)) -> str:
    """The standard normal prior, at one and two sigma."""
    return ellipse(at, (13, 13), PRIOR, dash="2 2") + ellipse(at, (26, 26), PRIOR, dash="2 2")
