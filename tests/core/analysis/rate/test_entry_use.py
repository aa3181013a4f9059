"""Use of a codebook's entries, and priors fitted to its code: against enumeration and counts."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from tests.samples import tiny_model
from vae_core.analysis.rate.cell_model import CellModel, fit_cell_model
from vae_core.analysis.rate.entry_use import (
    HistogramCode,
    UniformCode,
    code_priors,
    code_rate,
    decoded_codes,
    entry_indices,
    entry_use,
    fitted_and_measured,
)
from vae_core.codes import Codes
from vae_core.errors import ConfigError
from vae_core.priors import Codebook

K, SITES = 3, (2, 2)


def codes_of(indices: Tensor, sites: tuple[int, ...] = SITES) -> Codes:
    """Codes whose entries are these, (n, S), of K points on a line."""
    entries = torch.arange(float(K))[:, None].repeat(1, 2)
    latent = (*sites, 2)
    params = entries[indices].reshape(len(indices), *latent)
    book = Codebook(entries, torch.ones(K), latent)
    labels = torch.zeros(len(indices), dtype=torch.long)
    return Codes(params, labels, "codebook", latent, learned_prior=book)


def chain(n: int, seed: int = 0) -> Tensor:
    """Codes of four cells, each of which follows the one before but for one in ten."""
    noise = torch.Generator().manual_seed(seed)
    cells = [torch.randint(K, (n,), generator=noise)]
    for _ in range(3):
        other = torch.randint(K, (n,), generator=noise)
        stays = torch.rand(n, generator=noise) < 0.9
        cells.append(torch.where(stays, cells[-1], other))
    return torch.stack(cells, 1)


def every_code() -> Tensor:
    return torch.tensor(list(itertools.product(range(K), repeat=4)))


def test_indices_and_counts_are_those_of_the_codes() -> None:
    indices = chain(50)
    codes = codes_of(indices)
    assert torch.equal(entry_indices(codes), indices)
    use = entry_use(codes)
    for site, entry in itertools.product(range(4), range(K)):
        assert use.counts[site, entry] == (indices[:, site] == entry).sum()
    assert use.shares.sum() == pytest.approx(1.0)


def test_use_of_alike_entries_is_whole_and_that_of_one_is_one() -> None:
    alike = entry_use(codes_of(every_code()))
    assert (alike.n_used, alike.n_entries) == (K, K)
    assert alike.perplexity == pytest.approx(K)
    assert alike.site_entropy == pytest.approx(torch.full((4,), math.log(K)))
    one = entry_use(codes_of(torch.zeros(9, 4, dtype=torch.long)))
    assert (one.n_used, one.perplexity) == (1, pytest.approx(1.0))
    assert one.site_entropy.abs().max() == 0.0


def test_uniform_rate_is_the_kl_of_the_codes() -> None:
    codes = codes_of(chain(40))
    uniform = code_priors(codes)[0]
    assert isinstance(uniform, UniformCode)
    rate = code_rate(uniform, codes)
    assert rate.value == pytest.approx(float(codes.rate.mean()))
    assert rate.value == pytest.approx(4 * math.log(K))
    assert codes.kl.flatten(1).sum(1) == pytest.approx(codes.rate)
    assert rate.standard_error == 0.0


@pytest.mark.parametrize("by_site", [False, True])
def test_probabilities_of_all_codes_add_up_to_one(by_site: bool) -> None:
    prior = HistogramCode(entry_use(codes_of(chain(60))), by_site)
    assert prior.log_prob(every_code()).exp().sum() == pytest.approx(1.0)


def test_histograms_cost_the_entropy_of_what_they_count() -> None:
    codes = codes_of(chain(4000))
    use = entry_use(codes)
    _, all_cells, each_cell = code_priors(codes)
    assert code_rate(all_cells, codes).value == pytest.approx(
        4 * math.log(use.perplexity), abs=1e-3
    )
    assert code_rate(each_cell, codes).value == pytest.approx(
        float(use.site_entropy.sum()), abs=1e-3
    )


def test_cell_model_is_a_distribution_in_the_order_of_the_cells() -> None:
    torch.manual_seed(0)
    model = CellModel(K, SITES)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0.0, 0.5)
        assert model.log_prob(every_code()).exp().sum() == pytest.approx(1.0, abs=1e-5)
        cells = chain(5).reshape(5, *SITES)
        before = model(cells)
        for site in range(4):
            row, column = divmod(site, 2)
            other = cells.clone()
            other[:, row, column] = (other[:, row, column] + 1) % K
            is_moved = (model(other) != before).any(1).any(0).flatten()
            assert not is_moved[: site + 1].any()
            assert is_moved[site + 1 :].all()


def test_cell_model_finds_what_cells_tell_of_each_other() -> None:
    codes = codes_of(chain(3000))
    fit, measured = fitted_and_measured(codes)
    model = fit_cell_model(fit)
    stay = 0.9 + 0.1 / K
    entropy = -stay * math.log(stay) - (1 - stay) * math.log((1 - stay) / (K - 1))
    rate = code_rate(model, measured)
    assert rate.value == pytest.approx(math.log(K) + 3 * entropy, abs=4 * rate.standard_error)
    drawn = model.sample(2000, torch.Generator().manual_seed(1))
    assert (drawn[:, 1:] == drawn[:, :-1]).double().mean() == pytest.approx(stay, abs=0.02)
    again = fit_cell_model(fit)
    assert torch.equal(model.log_prob(every_code()), again.log_prob(every_code()))


def test_cell_model_of_a_vector_is_its_histogram() -> None:
    indices = torch.tensor([0, 0, 0, 1] * 300)[:, None]
    codes = codes_of(indices, sites=())
    model = fit_cell_model(codes)
    histogram = HistogramCode(entry_use(codes))
    places = torch.arange(K)[:, None]
    assert model.log_prob(places)[:2].exp() == pytest.approx(
        histogram.log_prob(places)[:2].exp(), abs=0.03
    )


def test_measured_images_are_not_those_that_were_fitted() -> None:
    fit, measured = fitted_and_measured(codes_of(chain(100)))
    assert (len(fit), len(measured)) == (80, 20)
    assert not set(fit.index.tolist()) & set(measured.index.tolist())


def test_samples_are_decoded_from_entries() -> None:
    codes = codes_of(chain(40))
    seen: list[Tensor] = []
    decoded_codes(codes, code_priors(codes)[0], lambda z: seen.append(z) or z, 7)
    (z,) = seen
    assert z.shape == (7, *SITES, 2)
    assert set(z.unique().tolist()) <= {0.0, 1.0, 2.0}


def test_codes_of_another_family_have_no_entries() -> None:
    config = tiny_model((2,))
    codes = Codes(torch.zeros(3, 4), torch.zeros(3).long(), config.posterior, (2,))
    with pytest.raises(ConfigError, match=r"expected the codes of a codebook; got "):
        entry_indices(codes)
