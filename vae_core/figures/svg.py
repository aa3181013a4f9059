"""Small drawings as SVG: on screen at once, without a plotting library to load.

They are shown as images, which cannot inherit the page's text colour: it is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_core.figures.theme import PRIOR, RATE

FRAME = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="14"'
MIDDLE, END = 'text-anchor="middle"', 'text-anchor="end"'


@dataclass(frozen=True)
class CodeRow:
    """One latent number of one image: its posterior, and the z that was drawn."""

    name: str
    mu: float
    sigma: float
    z: float


def plane_svg(
    x: CodeRow,
    y: CodeRow,
    covariance: NDArray[np.float64],
    ink: str,
    reach: float = 4.0,
    size: int = 320,
) -> str:
    """Two latent numbers: prior rings, the posterior's ellipse at 1 and 2 sigma, mu and z.

    The plane spans -reach ... reach and is widened when mu or z lie beyond it. The ellipse's
    axes are the eigenvectors of `covariance`, (2, 2); they are drawn when they are tilted.
    """
    reach = max(reach, *(1.15 * abs(v) for row in (x, y) for v in (row.mu, row.z)))
    unit = size / (2 * reach)
    left, top = (lambda v: round((v + reach) * unit, 1)), (lambda v: round((reach - v) * unit, 1))
    ticks = [t for t in range(-int(reach), int(reach) + 1) if t % (1 if reach < 6 else 5) == 0]
    parts = [
        f'<svg viewBox="-34 -8 {size + 44} {size + 42}" width="{size + 44}" {FRAME} fill="{ink}">',
        f'<rect width="{size}" height="{size}" fill="none" stroke="{PRIOR}" stroke-opacity=".5"/>',
    ]
    for t in ticks:
        parts.append(
            f'<text x="{left(t)}" y="{size + 16}" {MIDDLE}>{t}</text>'
            f'<text x="-6" y="{top(t) + 5}" {END}>{t}</text>'
        )
    parts += [
        f'<circle cx="{left(0)}" cy="{top(0)}" r="{k * unit:.1f}" fill="none" stroke="{PRIOR}" '
        f'stroke-width="1.5" stroke-dasharray="2 4"/>'
        for k in (1, 2, 3)
    ]
    parts += [
        *_posterior(x, y, covariance, left(x.mu), top(y.mu), unit, ink),
        f'<text x="{left(0) + 4}" y="{top(3) - 4}" fill="{PRIOR}">prior 1, 2, 3σ</text>',
        f'<text x="{size / 2}" y="{size + 32}" {MIDDLE}>{x.name}</text>',
        f'<text transform="translate(-24 {size / 2}) rotate(-90)" {MIDDLE}>{y.name}</text>',
    ]
    # A posterior is often too small to see at this scale: a lens in the corner away from it.
    box = size * 0.34
    magnified = box / 2 / (2.6 * max(x.sigma, y.sigma, 1e-9))
    if magnified > 2 * unit and max(x.sigma, y.sigma) > 0:
        ox = size - box - 4 if x.mu < 0 else 4
        oy = size - box - 4 if y.mu > 0 else 4
        parts += [
            f'<svg x="{ox}" y="{oy}" width="{box}" height="{box}">',
            f'<rect width="{box}" height="{box}" fill="{PRIOR}" fill-opacity=".12" '
            f'stroke="{ink}"/>',
            *_posterior(x, y, covariance, box / 2, box / 2, magnified, ink),
            f'<text x="6" y="{box - 7}">× {magnified / unit:.0f}</text></svg>',
        ]
    return "".join([*parts, "</svg>"])


def _posterior(
    x: CodeRow,
    y: CodeRow,
    covariance: NDArray[np.float64],
    at_x: float,
    at_y: float,
    unit: float,
    ink: str,
) -> list[str]:
    """The ellipse at 1 and 2 sigma around mu, and z; `unit` pixels are one unit of z."""
    zx, zy = at_x + (x.z - x.mu) * unit, at_y - (y.z - y.mu) * unit
    values, vectors = np.linalg.eigh(covariance)
    short, long = np.sqrt(np.maximum(values, 0.0)) * unit
    angle = -np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))  # of the long axis; y is down
    shapes = [
        f'<ellipse rx="{max(k * long, 1):.1f}" ry="{max(k * short, 1):.1f}" fill="{RATE}" '
        f'fill-opacity="{opacity}" stroke="{RATE}" stroke-width="1.5"/>'
        for k, opacity in ((2, 0.12), (1, 0.25))
    ]
    if covariance[0, 1]:
        shapes.append(
            f'<path d="M{-2 * long:.1f} 0H{2 * long:.1f}M0 {-2 * short:.1f}V{2 * short:.1f}" '
            f'stroke="{RATE}" stroke-dasharray="3 3"/>'
        )
    return [
        f'<g transform="translate({at_x:.1f} {at_y:.1f}) rotate({angle:.1f})">',
        *shapes,
        "</g>",
        *_mean_and_draw((at_x, at_y), (zx, zy), ink),
    ]


def _mean_and_draw(
    mean: Sequence[float] | NDArray[np.float64], z: Sequence[float] | NDArray[np.float64], ink: str
) -> list[str]:
    (x, y), (zx, zy) = mean, z
    return [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{ink}"/>',
        f'<text x="{x - 8:.1f}" y="{y - 8:.1f}" {END} font-weight="700">μ</text>',
        f'<circle cx="{zx:.1f}" cy="{zy:.1f}" r="5" fill="{RATE}" stroke="white"/>',
        f'<text x="{zx + 8:.1f}" y="{zy + 14:.1f}" fill="{RATE}" font-weight="700">z</text>',
    ]


def triangle_svg(
    rows: Sequence[CodeRow], draws: NDArray[np.float64], ink: str, size: int = 320
) -> str:
    """Three proportions: the simplex as a triangle, the posterior as a cloud, mean and z.

    Parameters
    ----------
    rows : three CodeRows
    draws : array, (n, 3)
        Draws from the posterior. The prior is uniform over the triangle.
    """
    height = size * 0.75**0.5
    corners = np.array([[0.0, height], [size, height], [size / 2, 0.0]])
    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    mean, z = (np.array([getattr(row, name) for row in rows]) @ corners for name in ("mu", "z"))
    cloud = draws @ corners
    places = ((0.0, height + 20, ""), (size, height + 20, END), (size / 2, -8.0, MIDDLE))
    parts = [
        f'<svg viewBox="-14 -26 {size + 28} {height + 54:.0f}" width="{size + 28}" {FRAME} '
        f'fill="{ink}"><polygon points="{outline}" fill="{PRIOR}" fill-opacity=".16" '
        f'stroke="{PRIOR}"/>',
        *(
            f'<text x="{x:.1f}" y="{y:.1f}" {anchor}>{row.name} = 1</text>'
            for row, (x, y, anchor) in zip(rows, places, strict=True)
        ),
        _dots(cloud),
        *_mean_and_draw(mean, z, ink),
    ]
    # As on the plane: a cloud too small to see, enlarged where the triangle leaves room.
    box = size * 0.3
    magnified = box / 2 / max(1.0, float(np.quantile(np.abs(cloud - mean).max(1), 0.99)))
    if magnified > 2:
        left = -10.0 if mean[0] > size / 2 else size - box + 10
        centre = np.array([box / 2, box / 2])
        parts += [
            f'<svg x="{left:.1f}" y="-20" width="{box:.0f}" height="{box:.0f}">',
            f'<rect width="{box:.0f}" height="{box:.0f}" fill="{PRIOR}" fill-opacity=".12" '
            f'stroke="{ink}"/>',
            _dots((cloud - mean) * magnified + centre),
            *_mean_and_draw(centre, (z - mean) * magnified + centre, ink),
            f'<text x="6" y="{box - 7:.0f}">× {magnified:.0f}</text></svg>',
        ]
    return "".join([*parts, "</svg>"])


def _dots(places: NDArray[np.float64]) -> str:
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    return (
        f'<path d="{path}" stroke="{RATE}" stroke-opacity=".45" stroke-width="4" '
        'stroke-linecap="round"/>'
    )


def code_rows_svg(
    rows: Sequence[CodeRow],
    ink: str,
    span: tuple[float, float] = (-4.0, 4.0),
    prior: tuple[float, float] = (0.0, 1.0),
    width: int = 360,
) -> str:
    """One line per latent number: mu with a bar of +-1 and +-2 sigma, and the drawn z.

    Parameters
    ----------
    span : (low, high)
        Width of the lines, widened when mu or z lie beyond it.
    prior : (mean, standard deviation)
        The grey band behind all lines, at 1 and 2 standard deviations.
    """
    seen = [*span, *(1.05 * v for row in rows for v in (row.mu, row.z))]
    low, high = min(seen), max(seen)
    pitch, label = 26, 74
    unit = (width - label) / (high - low)
    height = pitch * len(rows)

    def at(v: float) -> float:
        return round(label + (min(max(v, low), high) - low) * unit, 1)

    parts = [f'<svg viewBox="0 -4 {width} {height + 28}" width="{width}" {FRAME} fill="{ink}">']
    parts += [
        f'<rect x="{at(mean - k * deviation)}" '
        f'width="{at(mean + k * deviation) - at(mean - k * deviation):.1f}" height="{height}" '
        f'fill="{PRIOR}" opacity=".16"/>'
        for mean, deviation in [prior]
        for k in (2, 1)
    ]
    for k, row in enumerate(rows):
        y = pitch * (k + 0.5)
        parts.append(f'<text x="{label - 10}" y="{y + 5}" {END}>{row.name}</text>')
        for n_sigma, thickness in ((2, 3), (1, 8)):
            x1, x2 = at(row.mu - n_sigma * row.sigma), at(row.mu + n_sigma * row.sigma)
            parts.append(
                f'<line x1="{x1}" x2="{x2}" y1="{y}" y2="{y}" stroke="{RATE}" '
                f'stroke-opacity=".55" stroke-width="{thickness}"/>'
            )
        parts.append(
            f'<circle cx="{at(row.mu)}" cy="{y}" r="3.5" fill="{ink}"/>'
            f'<circle cx="{at(row.z)}" cy="{y}" r="5" fill="{RATE}" stroke="white"/>'
        )
    ticks = (-2, 0, 2) if span[0] < 0 else (0, 0.5, 1)
    parts += [f'<text x="{at(t)}" y="{height + 18}" {MIDDLE}>{t}</text>' for t in ticks]
    return "".join([*parts, "</svg>"])
