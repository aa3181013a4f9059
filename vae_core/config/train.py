"""How a model is trained."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core.config.data import MAX_SEED
from vae_core.config.fields import check_choices, integer, integers, number, setting
from vae_core.errors import ConfigError

REDUCTIONS = ("sum/sum", "sum/mean", "mean/sum", "mean/mean", "sum/cell")
DEVICES = ("auto", "cpu", "cuda")
LR_SCHEDULES = ("constant", "warm-up", "cosine", "one-cycle")
BATCH_SCHEDULES = ("constant", "growing")
AUGMENTATIONS = ("none", "shifts", "turns", "shifts-turns")
MAX_EPOCHS = 10_000
MAX_ENCODER_STEPS = 100
MAX_IMPORTANCE = 1000
GRADIENTS = ("standard", "dreg")
MISTAKES = ("none", "seed-noise", "exp-logvar", "sign-slip", "mean-kl")
ELBO_ONLY = {  # settings of a loss that is a sum of two terms, and what leaves them as they are
    "beta": 1.0, "warmup_epochs": 0, "free_bits": 0.0, "tc_weight": 0.0, "reduction": "sum/sum",
}  # fmt: skip


@dataclass(frozen=True)
class TrainConfig:
    """How the objective is minimised: Adam on `distortion + beta * rate`, per image.

    An update is one step of Adam on one batch. For every update of all weights on the next batch
    of the epoch, `encoder_steps` - 1 updates of the encoder alone go before it, each on as many
    training images drawn at random, with draws of z of their own; decoder and likelihood stand
    still. So the encoder takes `encoder_steps` updates for each of the decoder, and an epoch is
    one pass of the decoder over the training images, whatever their number (He et al. 2019,
    "Lagging inference networks", whose inner loop goes on until it gains no more).
    """

    epochs: int = setting(10, "passes over the training images")
    batch_size: int = setting(128, "images per step")
    lr: float = setting(1e-3, "Adam's learning rate")
    beta: float = setting(1.0, "weight of the rate; 1 is the ELBO")
    warmup_epochs: int = setting(0, "epochs over which beta rises linearly from 0")
    free_bits: float = setting(0.0, "nats per latent dimension below which its KL is not reduced")
    tc_weight: float = setting(0.0, "weight of the total correlation; beta-TCVAE's beta is 1 more")
    reduction: str = setting(
        "sum/sum", "distortion over pixels / KL over latents; ELBO: sum/sum", choices=REDUCTIONS
    )
    lr_schedule: str = setting("constant", "how the rate rises and falls", choices=LR_SCHEDULES)
    batch_schedule: str = setting("constant", "how the batch grows", choices=BATCH_SCHEDULES)
    augmentation: str = setting("none", "how training images are moved", choices=AUGMENTATIONS)
    encoder_steps: int = setting(
        1, "updates of the encoder for each update of the decoder; 1 updates both together"
    )
    importance: int = setting(
        1, "weighted draws of z per image in the bound that is trained; 1 is the ELBO"
    )
    gradient: str = setting(
        "standard", "how the gradient of that bound is estimated", choices=GRADIENTS
    )
    mistake: str = setting(
        "none", "a mistake in the loss, on purpose; digits only", choices=MISTAKES
    )
    alpha: float = setting(
        100.0, "weight of the cross entropy of q(y|x) on the labelled images, where there is one"
    )
    keep_epochs: tuple[int, ...] = setting((), "epochs to keep, to look at them afterwards")
    seed: int = setting(0, "seed of weights, shuffling and sampling")
    threads: int | None = setting(None, "torch threads; default: torch's own choice")
    device: str = setting("auto", "where to compute", choices=DEVICES)

    def __post_init__(self) -> None:
        integer("epochs", self.epochs, 1, MAX_EPOCHS)
        integer("batch-size", self.batch_size, 1, 65_536)
        number("lr", self.lr, 1e-8, 1.0)
        number("beta", self.beta, 0.0, 1e6)
        integer("warmup-epochs", self.warmup_epochs, 0, MAX_EPOCHS)
        number("free-bits", self.free_bits, 0.0, 100.0)
        number("tc-weight", self.tc_weight, 0.0, 1e6)
        number("alpha", self.alpha, 0.0, 1e6)
        check_choices(self)
        integer("encoder-steps", self.encoder_steps, 1, MAX_ENCODER_STEPS)
        integer("importance", self.importance, 1, MAX_IMPORTANCE)
        self._check_alone()
        kept = integers("keep-epochs", self.keep_epochs)
        for epoch in kept:
            integer("keep-epochs", epoch, 1, self.epochs)
        object.__setattr__(self, "keep_epochs", tuple(sorted(set(kept))))
        integer("seed", self.seed, 0, MAX_SEED)
        if self.threads is not None:
            integer("threads", self.threads, 1, 256)

    def _check_alone(self) -> None:
        """Raise ConfigError for settings that mean nothing beside another bound, or a mistake."""
        if self.importance == 1 and self.gradient != "standard":
            raise ConfigError(
                f"gradient {self.gradient} is one of the importance-weighted bound; set "
                "importance above 1, or gradient to standard."
            )
        changed = [
            f"{name.replace('_', '-')} {default}"
            for name, default in ELBO_ONLY.items()
            if getattr(self, name) != default
        ]
        if self.mistake != "none" and self.importance > 1:
            changed.append("importance 1")
        if self.mistake != "none" and changed:
            raise ConfigError(
                "mistake: only the plain ELBO is trained with a mistake on purpose; set "
                f"{' and '.join(changed)}, or mistake none."
            )
        if self.importance > 1 and changed:
            raise ConfigError(
                "importance: the importance-weighted bound is no sum of a distortion and a rate "
                f"that could be weighed; set {' and '.join(changed)}, or importance 1."
            )
