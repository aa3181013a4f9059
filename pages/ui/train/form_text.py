"""Labels and help of the form's settings, where those of the command line are too short."""

from __future__ import annotations

LABELS = {
    "lr": "Learning rate",
    "limit": "Training images, at most",
    "hidden": "Hidden layers",
    "latent": "Latent shape",
    "posterior": "Posterior q(z|x)",
    "prior": "Prior p(z)",
    "prior-components": "Components of the prior",
    "labels": "Labels",
    "label-count": "Number of labels",
    "labelled": "Labelled training images",
    "alpha": "α, weight of the classifier",
    "likelihood": "Likelihood p(x|z)",
    "beta": "β, weight of the KL term",
    "tc-weight": "Total-correlation weight",
    "sigma": "σ of the Gaussian likelihood",
    "sigma-value": "Value of σ",
    "reduction": "Sum or mean",
    "encoder-steps": "Encoder updates per decoder update",
    "importance": "Samples in the bound",
    "gradient": "Gradient of the bound",
    "mistake": "Mistake on purpose",
    "lr-schedule": "Learning-rate schedule",
    "batch-schedule": "Batch schedule",
}
HELP = {
    "beta": "Weight β of the KL term; 1 gives the ELBO. A larger β gives cheaper codes and "
    "blurrier pictures.",
    "latent": "Number of latent dimensions, or rows x columns x channels of a feature map. With 2 "
    "everything can be drawn on a plane; 20 give sharper pictures.",
    "posterior": "Family of q(z|x). delta is a point mass: a plain auto-encoder. codebook: each "
    "cell is the nearest of K learned entries, as in a VQ-VAE; its prior is that codebook.",
    "prior": "Where z comes from. standard: N(0, I), or the family's own. Learned: a mixture of "
    "Gaussians; vamp, a mixture of the posteriors of learned images; flow, an invertible network "
    "of N(0, I); class, a Gaussian for each label. codebook goes with the posterior of that name.",
    "prior-components": "Gaussians of a mixture, images of vamp, layers of flow, entries of a "
    "codebook; at least as many as labels for class. Without effect on the standard prior.",
    "labels": "conditional: encoder and decoder are given the label, so z need not tell the class: "
    "it holds how an image is written. The bound is then one on log p(x|y).",
    "label-count": "Labels that a conditional model takes; at least as many as the images have.",
    "labelled": "Training images whose label is known, as many of each class; 0: all are. With "
    "fewer, a classifier q(y|x) guesses the others' (semi-supervised, M2), and an update takes "
    "longer: each image without a label is encoded and decoded with every label.",
    "alpha": "Weight of the classifier's cross entropy on the labelled images, beside the bound. "
    "Without effect where all labels are known.",
    "likelihood": "Family of p(x|z), which scores the pixels.",
    "reduction": "Sum or mean of the distortion over pixels / of the KL over latent dimensions. "
    "The ELBO is sum/sum. With d latent dimensions and D pixels, sum/mean is the ELBO with "
    "β = 1/d, mean/sum with β = D, mean/mean with β = D/d; sum/cell divides the KL by the cells.",
    "tc-weight": "Weight of the total correlation in the loss: above 0 the latent dimensions are "
    "pushed to be independent over the data.",
    "encoder-steps": "Each update of all weights comes after this many less one of the encoder "
    "alone, on other training images. More of them let the encoder keep up with the decoder, and "
    "take longer.",
    "importance": "Weighted samples of z per image in the bound that is trained (IWAE); 1 is the "
    "ELBO. The scores shown stay those of the ELBO.",
    "gradient": "How the gradient of a bound of several samples is estimated: standard, or dreg, "
    "doubly reparameterised, which keeps the encoder's free of noise that grows with the samples.",
    "mistake": "Trains the digits with a mistake that code on the web makes: in the noise of z "
    "(seed-noise: log(σ/2); exp-logvar: σ²) or in the KL (sign-slip: log σ with the wrong sign; "
    "mean-kl: mean in place of sum). Such a run is marked in red, and scored by the right code.",
    "activation": "What follows each hidden layer. gated: half of a layer's outputs say how much "
    "of the other half passes, so that a layer has twice the weights.",
    "lr-schedule": "warm-up: rises over the first twentieth of all updates. cosine: falls to 0 "
    "over the whole training. one-cycle: both.",
    "batch-schedule": "growing: twice the batch in the second third of the epochs, four times in "
    "the last.",
    "augmentation": "Training images are shifted (by up to a fourteenth of their side, 2 pixels "
    "of 28) or turned (by up to 10°), anew in every epoch. Scores are of images as they are.",
    "free-bits": "KL of a latent dimension, in nats, below which the loss does not push it down.",
}
PRESET_HELP = (
    "Settings that belong together; all of them can be changed. quick: batches of 100 in place of "
    "128, and a learning rate that rises to 0.005 and falls to 0 in 5 epochs, after which the test "
    "negative ELBO is what it is after 13 epochs of the defaults, or lower."
)


def label(flag: str) -> str:
    """What stands above a setting."""
    return LABELS.get(flag) or _begun(flag.replace("-", " "))


def help_of(flag: str, default: str) -> str:
    """What a setting is, and what to expect of it."""
    return HELP.get(flag) or f"{_begun(default)}."


def _begun(text: str) -> str:
    """With a capital at the beginning, and the rest as it is: no "elbo", no "kl"."""
    return text[:1].upper() + text[1:]
