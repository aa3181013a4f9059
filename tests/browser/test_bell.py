"""The bell: its formulas are those of vae_core, and what is dragged moves its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from pages.ui.components.bell import CHOICES, LIMITS
from tests.browser.probability import assert_same
from tests.browser.server import Server
from tests.samples import ROOT, until
from vae_core import Run, RunStore
from vae_core.lessons.quantities import QUANTITIES
from vae_core.posteriors import DiagonalGaussian

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]

PLACES = [(0.0, 1.0), (0.0, 0.1), (0.0, 0.01), (1.0, 1.0), (0.5, 0.5), (2.0, 1.0), (-3.0, 3.0)]
ASK = """async ({body, ...given}) => {
  const bell = await import('/math/one_gaussian.js');
  return new Function(...Object.keys({...bell, ...given}), `return ${body}`)(
    ...Object.values(bell), ...Object.values(given));
}"""


def ask(modules: Page, body: str, **given: Any) -> Any:
    """What this expression is on the page."""
    return modules.evaluate(ASK, {"body": body, **given})


@pytest.fixture(scope="module")
def run() -> Run:
    return RunStore(ROOT / "assets" / "models").load("digits-2d")


def test_the_parts_are_those_of_the_diagonal_gaussian(modules: Page) -> None:
    mu, sigma = torch.tensor(PLACES, dtype=torch.float64).unbind(1)
    terms = ask(modules, "places.map((at) => termsOf('right', ...at, 1))", places=PLACES)
    got = {name: [term[name] for term in terms] for name in ("mean", "width", "sum")}
    q = DiagonalGaussian.from_params(torch.stack([mu, 2 * sigma.log()], -1))
    p = DiagonalGaussian.prior((1,), mu)
    assert_same(got["sum"], kl_divergence(q, p), rtol=1e-12, atol=1e-12)
    assert_same(got["mean"], 0.5 * mu.square(), rtol=1e-12, atol=1e-12)
    alone = kl_divergence(Normal(0 * mu, sigma), Normal(0.0, 1.0))
    assert_same(got["width"], alone, rtol=1e-12, atol=1e-12)


def test_formulas_are_those_that_lessons_show(modules: Page, run: Run) -> None:
    code = (
        "Object.fromEntries(names.map((n) => [n, places.map((at) => termsOf(n, ...at, 20).sum)]))"
    )
    got = ask(modules, code, names=CHOICES["formula"], places=PLACES)
    right, slip = (
        [float(QUANTITIES[name](run, *at)) for at in PLACES]
        for name in ("kl_normal", "kl_normal_slip")
    )
    assert got["right"] == pytest.approx(right, abs=1e-12)
    assert got["slip"] == pytest.approx(slip, abs=1e-12)
    assert got["flipped"] == pytest.approx([-kl for kl in right], abs=1e-12)
    assert got["mean"] == pytest.approx([kl / 20 for kl in right], abs=1e-12)
    assert (round(right[1], 2), round(slip[1], 2)) == (1.81, -2.80)


def test_the_area_is_the_kl(modules: Page, run: Run) -> None:
    for mu, sigma in PLACES:
        areas = ask(modules, "areasOf(mu, sigma)", mu=mu, sigma=sigma)
        assert areas["above"] >= 0 >= areas["below"]
        kl = float(QUANTITIES["kl_normal"](run, mu, sigma))
        assert areas["above"] + areas["below"] == pytest.approx(kl, abs=1e-7)


@pytest.mark.parametrize("sigma", [0.05, 1.0, 2.0])
def test_lines_draw_with_the_width_that_they_say(modules: Page, run: Run, sigma: float) -> None:
    expected = {
        "right": sigma,
        "exp-logvar": sigma**2,
        "seed": float(QUANTITIES["seed_noise"](run, sigma)),
    }
    assert set(expected) == set(CHOICES["noise"])
    for name, width in expected.items():
        given = {"name": name, "sigma": sigma}
        assert ask(modules, "noiseOf(name, sigma)", **given) == pytest.approx(width, abs=1e-12)
        spread = ask(modules, "deviationOf(drawsOf(name, 1, sigma, 3, 4000))", **given)
        assert abs(spread["value"] - width) <= 5 * spread["error"]
        assert spread["error"] == pytest.approx(spread["value"] / math.sqrt(2 * 3999))


def numbers(page: Page) -> list[float]:
    """Mean part, width part, what the formula gives, the KL."""
    texts = page.locator(".bell table.ledger").first.locator(".value").all_inner_texts()
    return [float(text.replace("−", "-")) for text in texts]


def address_of(page: Page) -> dict[str, str]:
    href: str = page.evaluate("location.href")
    return {name: texts[0] for name, texts in parse_qs(urlsplit(href).query).items()}


@pytest.mark.slow
def test_dragged_and_by_keys_the_gaussian_moves_and_the_address_keeps_it(
    open_page: Callable[..., Page], server: Server
) -> None:
    page = open_page(f"{server.url}kl?view=One+Gaussian&run=Digits+2-D", shared=True)
    page.wait_for_selector(".lens.bell.ready")
    mean, arm = page.locator(".handle.mu"), page.locator(".handle.sigma")
    until(lambda: mean.bounding_box()["x"] > 100)  # type: ignore[index]
    before = numbers(page)
    box = mean.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y)
    page.mouse.move(x + 90, y)
    moved = float(mean.get_attribute("aria-valuenow") or "nan")
    assert 1.5 < moved < LIMITS["mu"][1]
    after = numbers(page)
    assert after[0] == pytest.approx(moved**2 / 2, abs=0.002)
    assert after[0] > before[0]
    assert after[1] == before[1]
    assert "mu" not in address_of(page)  # not before it is let go
    page.mouse.up()
    until(lambda: address_of(page).get("mu") == f"{moved:g}")

    arm.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    assert arm.get_attribute("aria-valuetext") == "σ = 0.11"
    page.select_option(".bell select >> nth=0", "slip")
    until(
        lambda: (address_of(page).get("sigma"), address_of(page).get("formula")) == ("0.11", "slip")
    )
    shown = numbers(page)
    assert shown[2] < 0 < shown[3]

    page.reload()
    page.wait_for_selector(".lens.bell.ready")
    assert numbers(page) == shown
