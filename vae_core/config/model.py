"""What a model is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vae_core.config.data import MAX_IMAGES
from vae_core.config.fields import check_choices, integer, integers, number, setting
from vae_core.config.registry import ACTIVATIONS, LIKELIHOODS, NETWORKS, POSTERIORS, PRIORS
from vae_core.errors import ConfigError, shown

SIGMAS = ("fixed", "learned", "analytic", "per-image")
SIGMA_MIN, SIGMA_MAX = 1e-3, 1e3
MAX_LATENTS = 4096
MAX_COMPONENTS = 1000
LABELS = ("unused", "conditional")


def shape_in_words(latent_shape: tuple[int, ...]) -> str:
    """The shape of a latent for people: "20" for a vector; "4 × 7 × 7" for a feature map.

    Of a map (h, w, C) the channels are named first, then rows and columns. Settings, files and
    the command line have them last.
    """
    *sites, channels = latent_shape
    return " × ".join(map(str, (channels, *sites)))


@dataclass(frozen=True)
class ModelConfig:
    """The four parts of a VAE: networks, posterior q(z|x), likelihood p(x|z), prior p(z).

    `latent_shape` is `(D,)` for a vector or `(h, w, C)`, channels last, for a feature map.
    `hidden` are layer widths (mlp), or channels per stride-2 stage (conv: as many stages as
    image and latent ask for, the last width repeated or spare ones unused). `None` takes the
    network's own default; `()` is a linear mlp.
    """

    network: str = setting("mlp", "kind of encoder and decoder", choices=NETWORKS)
    hidden: tuple[int, ...] | None = setting(None, "layer widths, encoder order")
    latent_shape: tuple[int, ...] = setting(
        (20,), "latent size: D, or rows x columns x channels of a feature map", flag="latent"
    )
    posterior: str = setting("diagonal", "family of q(z|x)", choices=POSTERIORS)
    likelihood: str = setting("bernoulli", "family of p(x|z)", choices=LIKELIHOODS)
    sigma: str = setting("fixed", "how the Gaussian likelihood's sigma is set", choices=SIGMAS)
    sigma_value: float = setting(1.0, "sigma of the Gaussian likelihood: fixed, or to begin with")
    activation: str = setting("relu", "what follows each hidden layer", choices=ACTIVATIONS)
    prior: str = setting("standard", "p(z): the family's own, or learned", choices=PRIORS)
    prior_components: int = setting(
        10, "Gaussians, pseudo-inputs, layers or entries of a learned prior; for class, labels"
    )
    labels: str = setting(
        "unused", "conditional: encoder and decoder are given the label y, too", choices=LABELS
    )
    label_count: int = setting(10, "labels that a conditional model takes: 0 to one less")
    labelled: int = setting(
        0, "training images whose label is known, for a conditional model; 0: all of them"
    )

    def __post_init__(self) -> None:
        check_choices(self)
        number("sigma-value", self.sigma_value, SIGMA_MIN, SIGMA_MAX)
        hidden = NETWORKS[self.network].default_hidden if self.hidden is None else self.hidden
        hidden = integers("hidden", hidden)
        if len(hidden) > 8:
            raise ConfigError(f"hidden must have at most 8 layers; got {len(hidden)}.")
        for width in hidden:
            integer("hidden", width, 1, 4096)
        latent = integers("latent", self.latent_shape)
        if len(latent) not in (1, 3):
            raise ConfigError(f"latent must be D or h w C (1 or 3 numbers); got {shown(latent)}.")
        for size in latent:
            integer("latent", size, 1, MAX_LATENTS)
        if math.prod(latent) > MAX_LATENTS:
            raise ConfigError(
                f"latent may have at most {MAX_LATENTS} dimensions; "
                f"{' x '.join(map(str, latent))} = {math.prod(latent)}."
            )
        integer("prior-components", self.prior_components, 1, MAX_COMPONENTS)
        POSTERIORS[self.posterior].n_params(latent[-1])  # refuses what the family cannot do
        object.__setattr__(self, "hidden", hidden)
        object.__setattr__(self, "latent_shape", latent)
        integer("label-count", self.label_count, 1, MAX_COMPONENTS)
        integer("labelled", self.labelled, 0, MAX_IMAGES)
        if POSTERIORS[self.posterior].has_entries and self.prior == "standard":
            object.__setattr__(self, "prior", "codebook")  # it has no other
        PRIORS[self.prior].check(self)
        if self.labelled:
            self._check_labelled()

    def _check_labelled(self) -> None:
        """Raise ConfigError for models of which no bound can be summed over the labels."""
        family = POSTERIORS[self.posterior]
        if not self.is_conditional:
            raise ConfigError(
                f"labelled: only a conditional model has labels that may be unknown; set it to 0, "
                f"or choose labels conditional (got {self.labels})."
            )
        if self.label_count < 2:
            raise ConfigError(
                "labelled: with one label there is none to be told apart; set it to 0, or choose "
                "label-count of at least 2."
            )
        if not family.has_density:
            raise ConfigError(
                f"labelled: a {family.title} has no density, so that the bound given a label is "
                "none on log p(x, y), and cannot be summed over the labels; set it to 0, or choose "
                "posterior diagonal."
            )
        if LIKELIHOODS[self.likelihood].has_sigma and self.sigma == "analytic":
            raise ConfigError(
                "labelled: the analytic sigma is the best one of images with one label each, not "
                "of a sum over labels; set labelled to 0, or choose sigma learned."
            )

    @property
    def is_conditional(self) -> bool:
        """Whether encoder and decoder take the label."""
        return self.labels == "conditional"

    @property
    def is_semi_supervised(self) -> bool:
        """Whether most labels are unknown, and a classifier q(y|x) guesses them."""
        return self.labelled > 0
