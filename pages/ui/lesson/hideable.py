"""What can be hidden on every page, by the keys that lessons and links name it by."""

from __future__ import annotations

# On all pages.
FRAME = {"summary": "what the model is, and its score", "words": "headings and captions"}
SYNONYMS = {"posterior-bars"}  # of parts that are offered each

LENS = {
    "result": "the decoded pictures",
    "source": "where z begins",
}
# By the address of a page. A key stands for a widget, a chart, a container, or a part of the lens.
PAGES: dict[str, dict[str, str]] = {
    "": {
        "ledger": "what the image costs, in nats",
        "plane-numbers": "the numbers of z below the plane",
        "plane": "the plane",
        "computation": "the computation",
        **LENS,
        "neighbours": "the nearest test images",
        "formulas": "the formulas",
    },
    "posteriors": {
        "plane": "the plane",
        "marginal-across": "the histogram across",
        "marginal-up": "the histogram up",
        "classes": "the choice of classes",
        "points": "the choice of means, samples and posteriors",
        "ellipses": "the switch of the classes' ellipses",
        "result": "the decoded pictures",
    },
    "sliders": {**LENS, "traversals": "the traversals"},
    "feature-map": {
        **LENS,
        "shuffle": "the button that shuffles the cells, and what it costs",
        "channel-table": "the table of channels",
    },
    "locality": {
        "locality-numbers": "the receptive field and the stride",
        "locality": "the choice of the view",
        "maps": "the maps of one cell",
        "all-see": "what all cells see",
        "all-paint": "the pixels that each cell changes",
        "correlation": "the correlation by distance",
    },
    "projection": {
        "method": "the choice of the method",
        "posterior-bars": "KL and bars of the picked image together",
        "picked_posterior": "the bars of the picked image",
        "picked-kl": "the KL of the picked image",
    },
    "walks": {"norms": "the norms along a walk", "arithmetic": "the arithmetic of class means"},
    "kl": {
        "kl-numbers": "the numbers beside the chart",
        "kl": "the chart",
        "entries": "how often each entry of a codebook is used",
        "code-priors": "what a codebook's code costs under other priors",
        "view": "the choice of the view",
        "bell": "one Gaussian against the prior",
        "head-sizes": "how many numbers the encoder gives",
        "formulas": "the formula",
    },
    "aggregate": {
        "aggregate-numbers": "the numbers beside the split",
        "surgery": "the bar of the split",
        "class_kl": "KL class by class",
        "buildup": "the density as classes are added",
        "buildup-numbers": "the numbers as classes are added",
        "variance": "variance within and between images",
        "mixture": "the choice of the view",
        "formulas": "the formulas",
    },
    "bounds": {
        "bounds-numbers": "the numbers, the verdict and the table",
        "bounds": "the curve",
        "truth": "the switch for log p(x)",
        "formulas": "the formula",
    },
    "diagnostics": {
        "diagnostics-numbers": "numbers, verdicts and tables",
        "diagnostics": "the chart",
        "samples": "the samples",
        "class-counts": "the classes of prior samples",
        "best-sigma": "the best σ of the decoder and its own",
        "collapse-law": "the law of collapse",
        "diagnosis": "the choice of the view",
    },
    "compare": {
        "numbers": "the table of numbers",
        "other-summary": "what the second model is, and its score",
        "plane-0": "the plane on the left",
        "plane-1": "the plane on the right",
        "kl-pair": "the bars",
        "comparison": "the choice of the view",
    },
    "rate-distortion": {
        "plane": "the plane",
        "sweep": "the curve of the sweep",
        "rate-distortion-numbers": "the table",
        "bytes-numbers": "the bytes of the images",
        "stack": "the stack of bytes",
        "formats": "the other formats",
    },
    "time-machine": {
        "tradeoff": "the curve of rate and distortion",
        "ledger": "the numbers in nats",
    },
}
# Keys whose part of the page is there in one view, or after a click, only: by page, the address
# parameters that show it.
SHOWN_BY = {
    ("locality", "all-see"): {"locality": "What all cells see"},
    ("locality", "all-paint"): {"locality": "Pixels each cell changes"},
    ("locality", "correlation"): {"locality": "By distance"},
    ("projection", "posterior-bars"): {"picked": "0"},
    ("projection", "picked_posterior"): {"picked": "0"},
    ("projection", "picked-kl"): {"picked": "0"},
    ("kl", "bell"): {"view": "One Gaussian"},
    ("aggregate", "buildup"): {"mixture": "Classes together"},
    ("aggregate", "buildup-numbers"): {"mixture": "Classes together"},
    ("aggregate", "variance"): {"mixture": "Within and between images"},
    ("diagnostics", "samples"): {"diagnosis": "Samples"},
    ("diagnostics", "class-counts"): {"diagnosis": "Samples"},
    ("diagnostics", "best-sigma"): {"diagnosis": "Decoder sigma"},
    ("diagnostics", "collapse-law"): {"diagnosis": "Collapse law"},
    ("rate-distortion", "bytes-numbers"): {"tradeoff_view": "Bytes"},
    ("rate-distortion", "stack"): {"tradeoff_view": "Bytes"},
    ("rate-distortion", "formats"): {"tradeoff_view": "Bytes"},
    ("compare", "numbers"): {"comparison": "Numbers"},
    ("compare", "kl-pair"): {"comparison": "KL"},
}
# Keys of the KL page of a model with a codebook, and those of all others.
OF_ENTRIES = {"entries", "code-priors"}
OF_DIMENSIONS = {"kl", "view", "bell", "head-sizes", "formulas"}
# Keys of parts inside a component, which are classes of its root.
IN_COMPONENTS = {
    ("", "ledger"), ("", "plane-numbers"), ("", "plane"), ("", "computation"),
    *(("posteriors", key) for key in ("plane", "classes", "points", "ellipses", "result")),
    ("time-machine", "tradeoff"), ("time-machine", "ledger"),
    ("feature-map", "shuffle"),
    *((page, key) for page in ("", "sliders", "feature-map") for key in LENS),
}  # fmt: skip


def of_page(url_path: str, has_entries: bool = False) -> dict[str, str]:
    """What a page can hide: key -> what it is. `has_entries`: of a model with a codebook."""
    known = FRAME | PAGES.get(url_path, {})
    absent = SYNONYMS
    if url_path == "kl":
        absent = absent | (OF_DIMENSIONS if has_entries else OF_ENTRIES)
    return {key: words for key, words in known.items() if key not in absent}
