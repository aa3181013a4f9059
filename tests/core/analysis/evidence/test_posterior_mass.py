"""Where p(z|x) and q(z|x) of many images lie on the plane."""

from __future__ import annotations

import pytest
import torch

from tests.core.analysis.diagnosis.test_linear_vae import ProbabilisticPCA
from tests.samples import tiny_model
from vae_core import build_vae
from vae_core.analysis.evidence.posterior_mass import has_posterior_mass, posterior_mass
from vae_core.errors import ConfigError

EDGES = torch.linspace(-4.0, 4.0, 11).double()


def apart(a: torch.Tensor, b: torch.Tensor) -> float:
    """Half of the sum of differences: the total variation."""
    return 0.5 * float((a - b).abs().sum())


def test_true_posteriors_of_the_models_own_draws_add_up_to_the_prior() -> None:
    model = ProbabilisticPCA.random(2)
    few, many = (posterior_mass(model.vae, model.draw(n), EDGES) for n in (10, 400))
    for mass in many:
        assert float(mass.sum()) == pytest.approx(1.0, abs=0.01)
    assert apart(many.truth, many.prior) < 0.1 < apart(few.truth, few.prior)


def test_an_encoder_that_knows_puts_images_where_the_decoder_would() -> None:
    model = ProbabilisticPCA.knowing("full")
    found = posterior_mass(model.vae, model.draw(50), EDGES)
    assert apart(found.truth, found.encoder) < 0.03
    middles = 0.5 * (EDGES[1:] + EDGES[:-1])
    x = model.draw(50)
    mean = model.vae.encode(x).mean.mean(0)
    across = float((found.encoder.sum(0) * middles).sum())
    up = float((found.encoder.sum(1) * middles).sum())
    assert (across, up) == pytest.approx(tuple(mean.tolist()), abs=0.05)


def test_another_plane_than_two_real_dimensions_is_refused() -> None:
    for latent, posterior in (((1,), "diagonal"), ((3,), "dirichlet"), ((2,), "delta")):
        vae = build_vae(tiny_model(latent, posterior=posterior), (1, 8, 8))
        assert not has_posterior_mass(vae)
        with pytest.raises(ConfigError, match="two real latent dimensions"):
            posterior_mass(vae, torch.zeros(1, 1, 8, 8), EDGES)
