"""Classes of the codes nearest to draws of the prior, and their binomial intervals."""

from __future__ import annotations

import math

import pytest
import torch

from vae_core import Codes, ConfigError
from vae_core.analysis import prior_classes
from vae_core.analysis.diagnosis.prior_classes import wilson


def codes(means: list[list[float]], labels: list[int]) -> Codes:
    """Points of a plain auto-encoder."""
    return Codes(torch.tensor(means), torch.tensor(labels), "delta", (2,))


def test_two_codes_share_the_draws_by_the_line_between_them() -> None:
    """A code at (0, 0) and one at (2, 0): nearer to the second are draws beyond z0 = 1."""
    n = 4000
    table = prior_classes(codes([[0.0, 0.0], [2.0, 0.0]], [3, 7]), n).set_index("label")
    beyond = 0.5 * math.erfc(1.0 / math.sqrt(2.0))
    assert table["hits"].sum() == n
    assert table.loc[7, "hits"] == pytest.approx(n * beyond, abs=4 * math.sqrt(n * beyond))
    assert table["expected"].tolist() == [n / 2, n / 2]
    assert ((table["low"] <= table["hits"]) & (table["hits"] <= table["high"])).all()


def test_a_class_that_no_draw_meets_has_an_error_all_the_same() -> None:
    table = prior_classes(codes([[0.0, 0.0], [50.0, 0.0]], [0, 1]), 200).set_index("label")
    assert table.loc[1, "hits"] == 0
    assert table.loc[1, "low"] == 0.0
    assert 0.5 < table.loc[1, "high"] < 2.0
    with pytest.raises(ConfigError, match="one draw"):
        prior_classes(codes([[0.0, 0.0]], [0]), 0)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (17, 200)])
def test_the_ends_of_an_interval_lie_one_standard_error_from_the_share(hits: int, n: int) -> None:
    for end in wilson(hits, n):
        assert n * (end - hits / n) ** 2 == pytest.approx(end * (1.0 - end), abs=1e-12)
