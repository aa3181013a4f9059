"""Models that are given the label: each label's model is one without labels, of another bias."""

from __future__ import annotations

import pytest
import torch

from tests.samples import seeded, tiny_model, tiny_run
from vae_core import VAE, DataError, Dataset, RunStore, build_vae, encode_dataset
from vae_core.analysis import (
    collapse,
    every_label,
    image_bounds,
    inference_gaps,
    iwae_bound,
    log_evidence,
    true_posterior,
)
from vae_core.analysis.evidence.annealing import annealed
from vae_core.analysis.evidence.best_posterior import best_posterior
from vae_core.config import ModelConfig
from vae_core.errors import ConfigError
from vae_core.evaluate import evaluate_images
from vae_core.label_input import in_turn
from vae_core.objective import elbo_terms

SHAPES = [("mlp", (2,)), ("mlp", (2, 2, 3)), ("conv", (3,)), ("conv", (2, 2, 2))]
LABELS = torch.tensor([3, 0, 3, 9, 1])


def conditional(network: str = "mlp", latent: tuple[int, ...] = (2,), **settings: object) -> VAE:
    config = tiny_model(latent, network=network, labels="conditional", **settings)
    vae = build_vae(config, (1, 8, 8), seed=1)
    with torch.no_grad():
        for part in (vae.encoder_labels, vae.decoder_labels):
            part.weight.normal_(generator=torch.Generator().manual_seed(2))
    return vae


def alone(vae: VAE, label: int) -> VAE:
    """A model without labels that is this one given the label: its first biases are shifted."""
    settings = {"labels": "unused"} | {
        name: getattr(vae.config, name) for name in ("network", "hidden", "latent_shape")
    }
    plain = build_vae(ModelConfig(**settings), vae.image_shape)
    weights = {k: v for k, v in vae.state_dict().items() if "_labels" not in k}
    for part in ("encoder", "decoder"):
        labels = getattr(vae, f"{part}_labels")
        weights[f"{part}.{labels.at}.bias"] = (
            weights[f"{part}.{labels.at}.bias"] + labels.weight[label]
        )
    plain.load_state_dict(weights)
    return plain


def images(n: int = 5) -> torch.Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("network", "latent"), SHAPES)
def test_given_one_label_it_is_a_model_of_its_own(network, latent):
    vae, x = conditional(network, latent), images()
    z = torch.randn(4, 5, *latent, generator=torch.Generator().manual_seed(4))
    given = vae.given(LABELS)
    mean, pictures = given.encode(x).mean, given.decode(z).mean
    for i, label in enumerate(LABELS.tolist()):
        plain = alone(vae, label)
        assert torch.allclose(mean[i], plain.encode(x[i : i + 1]).mean[0], atol=1e-6)
        assert torch.allclose(pictures[:, i], plain.decode(z[:, i]).mean, atol=1e-6)
        assert torch.allclose(vae.given(label).decode(z).mean, plain.decode(z).mean, atol=1e-6)
        assert torch.equal(given.take(torch.tensor([i])).labels, LABELS[i : i + 1])
    assert not torch.allclose(vae.given(0).encode(x).mean, vae.given(1).encode(x).mean, atol=1e-3)


def test_without_labels_it_says_so_and_a_model_without_takes_none():
    vae, x = conditional(), images()
    for call in (lambda: vae.encode(x), lambda: vae.decode(torch.zeros(5, 2))):
        with pytest.raises(DataError, match="expected a label besides"):
            call()
    for wrong in (-1, 10, torch.tensor([0, 11])):
        with pytest.raises(DataError, match="expected labels 0 to 9"):
            vae.given(wrong)
    plain = build_vae(tiny_model((2,)), (1, 8, 8))
    assert plain.given(LABELS) is plain
    assert plain.take(slice(2)) is plain
    assert plain.labels is None


def test_evidence_of_an_image_is_that_of_its_labels_own_model():
    vae, x = conditional(), images()
    given = vae.given(LABELS)

    def noise() -> torch.Generator:
        return torch.Generator().manual_seed(0)

    whole = {
        "evidence": log_evidence(given, x).value,
        "best": best_posterior(given, x).elbo,
        "truth": true_posterior(given, x, 21).log_density,
        "gaps": torch.tensor(inference_gaps(given, x)["amortisation_gap"].to_numpy()),
    }
    for label in LABELS.unique().tolist():
        mine, plain = label == LABELS, alone(vae, label)
        some = x[mine]
        own = {
            "evidence": log_evidence(plain, some).value,
            "best": best_posterior(plain, some).elbo,
            "truth": true_posterior(plain, some, 21).log_density,
            "gaps": torch.tensor(inference_gaps(plain, some)["amortisation_gap"].to_numpy()),
        }
        for name, values in own.items():
            assert torch.allclose(whole[name][mine], values, atol=1e-4), name
    # bounds by samples are below it, within their noise
    bound = iwae_bound(given, x, 2000, generator=noise()).bound
    chained = annealed(given, x, noise(), n_chains=64)
    assert torch.allclose(bound.double(), whole["evidence"], atol=0.2)
    assert ((chained.value - whole["evidence"]).abs() < 0.02 + 5 * chained.standard_error).all()


def test_codes_scores_and_bounds_of_a_split_are_those_of_its_labels(digits: Dataset):
    vae, test = conditional(), digits.test.take(torch.arange(40))
    codes, terms = encode_dataset(vae, test), evaluate_images(vae, test)
    bounds = image_bounds(vae, test, (1, 50))
    used = collapse(vae, codes)
    assert len(used.table) == 2
    for i in (0, 17, 39):
        plain = alone(vae, int(test.labels[i]))
        own = plain.encode(test.images[i : i + 1])
        assert torch.allclose(codes.mean[i], own.mean[0], atol=1e-6)
        assert terms.rate[i].item() == pytest.approx(codes.rate[i].item(), abs=1e-4)
        exact = log_evidence(plain, test.images[i : i + 1]).value.item()
        assert -bounds.negative_bounds[1, i].item() == pytest.approx(exact, abs=0.5)
    direct = elbo_terms(vae, test.images, 200, seeded(), test.labels)
    assert direct.negative_elbo.mean().item() == pytest.approx(
        float(bounds.negative_elbo.mean()), abs=0.3
    )


def test_resuming_is_as_never_interrupting_and_checkpoints_decode(tmp_path, digits: Dataset):
    config = tiny_run(latent_shape=(2,), labels="conditional")
    whole, halted = (RunStore(tmp_path / name).create(config) for name in ("whole", "halted"))
    list(whole.train(digits))
    epochs = halted.train(digits)
    next(epochs)
    epochs.close()
    list(RunStore(tmp_path / "halted").load(halted.id).train(digits))
    one, other = whole.vae().state_dict(), halted.vae().state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert "decoder_labels.weight" in one
    assert not torch.equal(one["decoder_labels.weight"][0], one["decoder_labels.weight"][1])


def test_what_cannot_be_combined_is_refused_with_the_reason(digits: Dataset, tmp_path):
    for prior in ("vamp", "class"):
        with pytest.raises(ConfigError, match="labels unused"):
            tiny_model(labels="conditional", prior=prior)
    assert tiny_model(labels="conditional", prior="mixture").is_conditional
    run = RunStore(tmp_path).create(tiny_run(labels="conditional", label_count=4))
    with pytest.raises(ConfigError, match="expected at least 10, got 4"):
        list(run.train(digits))


def test_labels_in_turn_are_those_that_occur():
    assert in_turn(torch.tensor([7, 2, 7, 2, 2]), 5).tolist() == [2, 7, 2, 7, 2]


@pytest.mark.parametrize(("network", "latent"), SHAPES)
def test_a_sheet_of_styles_has_each_z_with_each_label(network, latent):
    vae = conditional(network, latent)
    z, labels = torch.randn(3, *latent, generator=seeded()), torch.tensor([7, 0])
    drawn = every_label(vae, z, labels)
    assert drawn.shape == (3, 2, 1, 8, 8)
    for column, label in enumerate(labels.tolist()):
        own = vae.given(label).decode(z).mean
        assert torch.allclose(drawn[:, column], own.clamp(0.0, 1.0), atol=1e-6)
