"""A small drawing for every term of the glossary, 120 x 60, that shows what the term means."""

from __future__ import annotations

import math

from pages.ui.words.shapes import (
    BASE,
    DISTORTION,
    INK,
    PRIOR,
    RATE,
    Point,
    arrow,
    axis,
    dot,
    drawing,
    ellipse,
    funnel,
    graph,
    line,
    normal,
    path,
    picture,
    rectangle,
    rings,
    text,
)

SPREAD: tuple[Point, ...] = (
    (48, 14), (70, 12), (80, 26), (74, 44), (56, 48), (40, 38), (42, 22), (60, 28), (66, 36),
)  # fmt: skip


def image() -> str:
    """Pixels, each a number."""
    return drawing(picture((47, 8)), text((60, 48), "x"), text((104, 12), "0…1"),
                   line((72, 11), (92, 9), PRIOR))  # fmt: skip


def vae() -> str:
    """Encoder, cloud with a code in it, decoder."""
    return drawing(picture((2, 15)), funnel(30, 36, 44, 14), ellipse((60, 28), (9, 12), RATE),
                   dot((62, 25)), funnel(76, 14, 90, 36), picture((93, 15), 0.75, 0.08),
                   text((14, 54), "x"), text((60, 54), "z"), text((105, 54), "x̂"))  # fmt: skip


def latent_vector() -> str:
    """x, the numbers of z, and the picture of them."""
    numbers = "".join(rectangle((54, y), (12, 11)) for y in (15, 27))
    return drawing(picture((6, 14)), arrow((35, 27), (50, 27)), numbers, arrow((70, 27), (85, 27)),
                   picture((89, 14), 0.75, 0.08), text((18, 54), "x"), text((60, 54), "z"),
                   text((101, 54), "x̂"))  # fmt: skip


def latent_dimension() -> str:
    """A point, and its two coordinates."""
    return drawing(line((22, 6), (22, BASE), PRIOR), axis(22, 104), dot((76, 18), RATE, 3),
                   line((76, 18), (76, BASE), dash="2 2"), line((76, 18), (22, 18), dash="2 2"),
                   text((76, 58), "z0"), text((11, 21), "z1"), text((86, 15), "z"))  # fmt: skip


def encoder() -> str:
    """From an image to a mean and a width."""
    return drawing(picture((6, 15)), arrow((34, 28), (43, 28)), funnel(46, 40, 78, 14),
                   arrow((81, 25), (95, 17)), arrow((81, 31), (95, 39)), text((104, 19), "μ"),
                   text((104, 43), "σ"))  # fmt: skip


def decoder() -> str:
    """From z to a picture."""
    return drawing(text((10, 31), "z"), arrow((16, 28), (30, 28)), funnel(34, 14, 66, 40),
                   arrow((69, 28), (80, 28)), picture((84, 15), 0.75, 0.08))  # fmt: skip


def reconstruction() -> str:
    """An image beside what comes back of it."""
    return drawing(picture((18, 10)), text((60, 27), "≈"), picture((77, 10), 0.65, 0.12),
                   text((30, 50), "x"), text((89, 50), "x̂"))  # fmt: skip


def mean_and_deviation() -> str:
    """A bell: where its middle is, and how far it reaches."""
    bell = graph(normal(60, 19, 36))
    return drawing(axis(), path(bell), line((60, 12), (60, BASE), dash="2 2"), text((60, 58), "μ"),
                   arrow((60, 26), (79, 26), RATE), text((87, 23), "σ", RATE))  # fmt: skip


def reparameterisation() -> str:
    """From mu by sigma times epsilon to z."""
    bell = graph(normal(48, 19, 26))
    return drawing(axis(), path(bell, PRIOR), dot((48, BASE)), text((48, 58), "μ"),
                   arrow((48, 14), (82, 14), RATE), text((65, 9), "σ · ε", RATE),
                   line((82, 14), (82, BASE), dash="2 2"), dot((82, BASE), RATE, 3),
                   text((82, 58), "z"))  # fmt: skip


def prior() -> str:
    """Draws about the origin, most of them within two rings."""
    return drawing(rings(), "".join(dot(p, PRIOR, 1.6) for p in SPREAD), dot((90, 8), PRIOR, 1.6),
                   text((106, 33), "p(z)"))  # fmt: skip


def posterior() -> str:
    """One image's ellipse within the rings of the prior."""
    return drawing(rings(), ellipse((68, 20), (7, 4), RATE, opacity=0.4),
                   text((104, 20), "q(z|x)", RATE), text((20, 33), "p(z)", PRIOR))  # fmt: skip


def class_posterior() -> str:
    """The ellipses of one class, and one about them."""
    own: tuple[Point, ...] = ((62, 16), (72, 19), (66, 25), (76, 27))
    return drawing(rings(), "".join(ellipse(p, (4, 2.5), RATE, opacity=0.4) for p in own),
                   ellipse((69, 22), (14, 10), RATE, dash="3 2", turn=25),
                   text((105, 22), "q(z|y)", RATE))  # fmt: skip


def aggregate_posterior() -> str:
    """The ellipses of all images fill the rings."""
    return drawing(rings(), "".join(ellipse(p, (5, 3), RATE, opacity=0.4) for p in SPREAD),
                   text((106, 33), "q(z)", RATE))  # fmt: skip


def true_posterior() -> str:
    """A tilted ellipse, and the upright one that stands for it."""
    return drawing(ellipse((54, 30), (30, 9), turn=-28, opacity=0.12),
                   ellipse((54, 30), (9, 6), RATE, dash="3 2"), text((101, 16), "p(z|x)"),
                   text((88, 48), "q(z|x)", RATE))  # fmt: skip


def likelihood() -> str:
    """Every pixel of the decoded picture has a probability."""
    return drawing(text((8, 31), "z"), arrow((14, 28), (26, 28)), picture((30, 15), 0.7, 0.1),
                   line((50, 28), (72, 20), PRIOR), rectangle((72, 12), (16, 16), INK, 0.7),
                   text((104, 23), "0.7"), text((88, 50), "p(x|z)"))  # fmt: skip


def kl() -> str:
    """Two bells, and the area that is the KL: q log(q / p)."""
    prior_mean, mean, prior_deviation, deviation = 50.0, 72.0, 22.0, 11.0
    p = normal(prior_mean, prior_deviation, 13.0)  # half as high where it is twice as wide
    q = normal(mean, deviation, 26.0)

    def integrand(x: float) -> float:
        return q(x) * math.log(q(x) / p(x)) if q(x) > 1e-9 else 0.0

    area = [(4.0, float(BASE)), *graph(integrand), (116.0, float(BASE))]
    return drawing(path(area, "none", RATE, 0.45), axis(), path(graph(p), PRIOR, dash="2 2"),
                   path(graph(q)), text((24, 34), "p", PRIOR), text((56, 24), "q"),
                   text((97, 22), "KL", RATE))  # fmt: skip


def rate() -> str:
    """The KL of every dimension, added up."""
    bars = "".join(
        rectangle((12 + 16 * k, BASE - h), (11, h), RATE, 0.6, RATE) + text((17.5 + 16 * k, 58), z)
        for k, (h, z) in enumerate(((26, "z0"), (16, "z1"), (4, "z2")))
    )
    total = rectangle((86, BASE - 46), (14, 46), RATE, 0.6, RATE)
    return drawing(axis(), bars, text((70, 32), "="), total, text((93, 58), "rate"))


def distortion() -> str:
    """Where image and reconstruction differ."""
    return drawing(picture((4, 10)), text((35, 26), "−"), picture((42, 10), 0.65, 0.12),
                   text((75, 26), "→"), picture((84, 10), 0.45, 0.12, DISTORTION),
                   text((16, 50), "x"), text((54, 50), "x̂"))  # fmt: skip


def elbo() -> str:
    """Two costs that add up, and log p(x) below them."""
    return drawing(rectangle((8, 18), (74, 14), DISTORTION, 0.6, DISTORTION),
                   rectangle((82, 18), (22, 14), RATE, 0.6, RATE),
                   text((45, 14), "distortion", DISTORTION), text((96, 14), "rate", RATE),
                   line((98, 16), (98, 40), dash="2 2"), text((88, 51), "−log p(x)"))  # fmt: skip


def evidence() -> str:
    """log p(x) above, the ELBO below, and what is between."""
    return drawing(line((8, 12), (68, 12)), line((8, 42), (68, 42), DISTORTION),
                   text((36, 9), "log p(x)"), text((36, 54), "ELBO", DISTORTION),
                   arrow((76, 40), (76, 14), RATE), text((98, 31), "gap ≥ 0", RATE))  # fmt: skip


def nat() -> str:
    """Two rulers: one nat is 1.44 bits."""
    nats = "".join(line((14 + 36 * k, 14), (14 + 36 * k, 24)) for k in range(3))
    bits = "".join(line((14 + 25 * k, 30), (14 + 25 * k, 40)) for k in range(4))
    numbers = "".join(text((14 + 36 * k, 11), f"{k}") for k in range(3))
    numbers += "".join(text((14 + 25 * k, 51), f"{k}") for k in range(4))
    return drawing(line((14, 24), (96, 24)), line((14, 30), (96, 30)), nats, bits, numbers,
                   text((110, 20), "nats"), text((110, 42), "bits"))  # fmt: skip


def beta() -> str:
    """The rate that a distortion takes, and where the slope is minus beta."""
    curve: list[Point] = [(x, 46 - 640 / (x - 4)) for x in range(20, 112, 3)]
    slope, x, y = 640 / 38**2, 42.0, 46 - 640 / 38
    tangent = line((x - 24, y - 24 * slope), (x + 34, y + 34 * slope), RATE, dash="3 2")
    return drawing(line((14, 4), (14, BASE), PRIOR), axis(14, 116), path(curve), tangent,
                   dot((x, y), RATE, 2.5), text((84, 26), "slope −β", RATE),
                   text((58, 10), "distortion"), text((104, 58), "rate"))  # fmt: skip


def active_unit() -> str:
    """Means of many images: spread out in one dimension, all at 0 in another."""
    spread = "".join(dot((x, 18), RATE, 2) for x in (30, 41, 47, 58, 66, 79, 90))
    still = "".join(dot((x, 42), PRIOR, 2) for x in (58, 59.5, 61, 62))
    return drawing(axis(22, 100, 18), axis(22, 100, 42), spread, still, text((11, 21), "z0"),
                   text((11, 45), "z1"), text((60, 57), "0"))  # fmt: skip


def collapse() -> str:
    """The posterior lies on the prior, whatever the image."""
    bell = graph(normal(60, 20, 34))
    return drawing(axis(), path(bell, RATE, width=3), path(bell, dash="3 3"),
                   text((60, 58), "q(z|x) = p(z)"))  # fmt: skip


def importance_bound() -> str:
    """The bound falls with the number of draws towards minus log p(x)."""
    falls: list[Point] = [(14 + 4 * k, 14 + 28 * (1 - 1 / (1 + 0.35 * k))) for k in range(25)]
    return drawing(axis(14, 114, 54), line((14, 46), (114, 46), dash="2 2"), path(falls, RATE),
                   dot((14, 14), RATE, 2.5), text((20, 12), "−ELBO (k = 1)", anchor="start"),
                   text((90, 30), "−log p(x)"), text((110, 53), "k"))  # fmt: skip


def effective_sample_size() -> str:
    """Draws with their weights: a few of them count."""
    sizes = (1.2, 7, 1, 1.6, 4.5, 1, 1.3, 2.4, 1)
    dots = "".join(dot((14 + 11.5 * k, 26), RATE, r) for k, r in enumerate(sizes))
    return drawing(axis(8, 112, 40), dots, text((60, 54), "9 samples, 2 or 3 count"))


def feature_map() -> str:
    """Rows and columns of cells, several channels deep; one cell is marked."""
    sheets = ""
    for depth in (2, 1, 0):
        x, y = 28 + 7 * depth, 16 - 5 * depth
        sheets += rectangle((x, y), (36, 36), INK, 0.06)
        sheets += "".join(line((x + 12 * k, y), (x + 12 * k, y + 36), PRIOR) for k in (1, 2))
        sheets += "".join(line((x, y + 12 * k), (x + 36, y + 12 * k), PRIOR) for k in (1, 2))
    return drawing(sheets, rectangle((40, 28), (12, 12), RATE, 0.6, RATE), text((11, 37), "cell"),
                   line((21, 35), (39, 34), PRIOR), text((98, 44), "C × h × w"))  # fmt: skip


def receptive_field() -> str:
    """The pixels that one cell depends on."""
    window = rectangle((25, 18), (15, 15), RATE, 0.25, RATE)
    lines = line((40, 18), (90, 22), RATE) + line((40, 33), (90, 34), RATE)
    return drawing(picture((15, 13)), window, lines, rectangle((90, 22), (12, 12), RATE, 0.6, RATE),
                   text((96, 50), "cell"), text((27, 52), "x"))  # fmt: skip


def mutual_information() -> str:
    """What two quantities have in common."""
    return drawing(ellipse((46, 28), (26, 20), opacity=0.1), ellipse((76, 28), (24, 20), RATE,
                   opacity=0.3), text((31, 31), "x"), text((88, 31), "z"),
                   text((61, 58), "I(x; z): the overlap"))  # fmt: skip


def total_correlation() -> str:
    """A tilted cloud, and the upright one with the same marginals."""
    return drawing(ellipse((44, 29), (30, 8), RATE, turn=-32, opacity=0.35),
                   ellipse((44, 29), (26, 17.5), PRIOR, dash="3 2"), text((98, 18), "q(z)", RATE),
                   text((94, 48), "q(z0) q(z1)", PRIOR))  # fmt: skip


def point_mass() -> str:
    """A spike without any width."""
    return drawing(axis(), arrow((60, BASE), (60, 8), RATE), text((60, 58), "μ"),
                   text((88, 26), "σ = 0", RATE))  # fmt: skip
