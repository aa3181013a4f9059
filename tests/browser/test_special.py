"""The page's special functions are those of torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import torch

from tests.browser.probability import ask, assert_same

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


def test_special_functions_are_those_of_torch(modules: Page) -> None:
    x = torch.logspace(math.log10(0.05), 6, 500, dtype=torch.float64)
    got = ask(modules, "return [lgamma, digamma, (x) => lbeta(x, 2)].map((f) => x.map(f));", x=x)
    beta = -x.log() - torch.log1p(x)  # B(x, 2) = 1 / (x (x + 1))
    assert_same(got[0], torch.lgamma(x), rtol=1e-12, atol=1e-13)
    assert_same(got[1], torch.digamma(x), rtol=1e-12, atol=1e-13)
    assert_same(got[2], beta, rtol=1e-11, atol=1e-8)  # of logarithms that nearly cancel


def test_the_sum_of_softplus_is_that_of_each(modules: Page) -> None:
    x = torch.randn(1001, generator=torch.Generator().manual_seed(0)).double() * 300.0
    got = ask(modules, "return sumOfSoftplus(x, x.length);", x=x)
    assert got == pytest.approx(float(torch.nn.functional.softplus(x).sum()), rel=1e-13)
