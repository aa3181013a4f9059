"""The glossary: every term of the field that the pages use, in one sentence and one formula."""

from __future__ import annotations

from dataclasses import dataclass

from pages.ui.words import drawings

MODEL, DISTRIBUTIONS, LOSS, USE = (
    "Image, code and picture", "Distributions over z", "What is paid", "What z holds",
)  # fmt: skip
GROUPS = (MODEL, DISTRIBUTIONS, LOSS, USE)

# Phrases in which a term's letters mean something else: they are no term's.
NO_TERM = ("learning rate", "Learning rate", "σ =", "σ² =", "feature map's")


@dataclass(frozen=True)
class Term:
    """One entry.

    Attributes
    ----------
    key : str
        Its place on the page: the end of an address.
    group : str
        Of GROUPS.
    title : str
    variants : tuple of str
        How it is written in texts: in lower case, and in the singular, where it has both.
    sentence : str
        What it is, in plain words.
    formula : str
        In LaTeX.
    formula_text : str
        The same in letters alone, for places without LaTeX.
    drawing : str
        An SVG of 120 x 60 pixels.
    page : str
        The address of the page that shows it.
    """

    key: str
    group: str
    title: str
    variants: tuple[str, ...]
    sentence: str
    formula: str
    formula_text: str
    drawing: str
    page: str


TERMS = (
    Term(
        "image", MODEL, "Image x", ("x", "image x"),
        "x is one image: a list of pixels, each a grey value from 0 (black) to 1 (white).",
        r"x\in[0,1]^{H\times W}", "x ∈ [0, 1]ᴴˣᵂ", drawings.image(), "",
    ),
    Term(
        "vae", MODEL, "Variational auto-encoder (VAE)", ("variational auto-encoder", "VAE"),
        "A variational auto-encoder is an encoder and a decoder, trained together: images become "
        "distributions over codes z, and codes become images.",
        r"x\to q(z\mid x)\to z\to p(x\mid z)", "x → q(z|x) → z → p(x|z)", drawings.vae(), "",
    ),
    Term(
        "latent-vector", MODEL, "Latent vector z (code)",
        ("latent vector", "latent code", "code", "z"),
        "z is the short list of numbers that the decoder turns into a picture: the code of an "
        "image.",
        r"z\in\mathbb R^d,\qquad x\to z\to\hat x", "z ∈ ℝᵈ,  x → z → x̂",
        drawings.latent_vector(), "",
    ),
    Term(
        "latent-dimension", MODEL, "Latent dimension z0, z1",
        ("latent dimension", "z0", "z1", "z2"),
        "A latent dimension is one of the numbers of z. A slider or an axis stands for each.",
        r"z=(z_0,z_1,\dots,z_{d-1})", "z = (z₀, z₁, …)", drawings.latent_dimension(), "sliders",
    ),
    Term(
        "encoder", MODEL, "Encoder", ("encoder",),
        "The encoder is a network that maps an image x to the distribution q(z|x).",
        r"x\mapsto\mu(x),\ \log\sigma^2(x)", "x ↦ μ(x), log σ²(x)", drawings.encoder(), "",
    ),
    Term(
        "decoder", MODEL, "Decoder", ("decoder",),
        "The decoder is a network that maps a latent vector z to a picture.",
        r"z\mapsto\hat x=\mathbb E_{p(x\mid z)}[x]", "z ↦ x̂ = E[x | z]", drawings.decoder(),
        "sliders",
    ),
    Term(
        "reconstruction", MODEL, "Reconstruction x̂", ("reconstruction", "x̂"),
        "A reconstruction is the picture that the decoder makes of an image's own code.",
        r"\hat x=\mathrm{decode}(\mathrm{encode}(x))", "x̂ = decode(encode(x))",
        drawings.reconstruction(), "",
    ),
    Term(
        "feature-map", MODEL, "Feature map, cell, channel", ("feature map", "cell", "channel"),
        "A feature map is a z with places: h × w cells, each a place in the image, and each of C "
        "channels.",
        r"z\in\mathbb R^{C\times h\times w}", "z ∈ ℝ⁽ᶜ ˣ ʰ ˣ ʷ⁾", drawings.feature_map(),
        "feature-map",
    ),
    Term(
        "receptive-field", MODEL, "Receptive field", ("receptive field",),
        "The receptive field of a cell is the window of pixels that the cell depends on.",
        r"\left\{i:\ \partial\mu_{\text{cell}}/\partial x_i\not\equiv 0\right\}",
        "pixels i with ∂μ(cell)/∂xᵢ ≠ 0", drawings.receptive_field(), "locality",
    ),
    Term(
        "mean-and-deviation", DISTRIBUTIONS, "μ and σ",
        ("μ", "σ", "μ(x)", "σ(x)", "posterior mean", "log σ²", "log-variance"),
        "For an image, μ is the most likely value of each latent dimension, and σ is how far z "
        "scatters around it.",
        r"q(z\mid x)=\mathcal N\big(\mu(x),\ \mathrm{diag}\,\sigma^2(x)\big)",
        "q(z|x) = N(μ(x), σ²(x))", drawings.mean_and_deviation(), "",
    ),
    Term(
        "reparameterisation", DISTRIBUTIONS, "ε and reparameterisation",
        ("ε", "reparameterisation", "reparameterisation trick"),
        "Reparameterisation writes a random z as μ plus σ times noise ε, so that gradients reach "
        "μ and σ.",
        r"z=\mu+\sigma\,\varepsilon,\qquad\varepsilon\sim\mathcal N(0,I)",
        "z = μ + σ · ε,  ε ~ N(0, I)", drawings.reparameterisation(), "",
    ),
    Term(
        "prior", DISTRIBUTIONS, "Prior p(z)", ("prior", "p(z)", "N(0, I)"),
        "The prior is the distribution that z should have when no image is known. New pictures "
        "are decoded from its samples. A model may learn it.",
        r"p(z)=\mathcal N(0,I)", "p(z) = N(0, I)", drawings.prior(), "posteriors",
    ),
    Term(
        "posterior", DISTRIBUTIONS, "Approximate posterior q(z|x)",
        ("approximate posterior", "posterior", "q(z|x)", "q(z | x)"),
        "The approximate posterior is the encoder's answer for one image: which z fit this "
        "image, and how surely.",
        r"q(z\mid x)\approx p(z\mid x)", "q(z|x) ≈ p(z|x)", drawings.posterior(), "",
    ),
    Term(
        "class-posterior", DISTRIBUTIONS, "Class posterior q(z|y)",
        ("class posterior", "q(z|y)", "q(z | y)"),
        "The class posterior is the average of the posteriors of all images of one class y.",
        r"q(z\mid y)=\mathbb E_{x\mid y}\,q(z\mid x)", "q(z|y) = mean of q(z|x) over class y",
        drawings.class_posterior(), "posteriors",
    ),
    Term(
        "aggregate-posterior", DISTRIBUTIONS, "Aggregate posterior q(z)",
        ("aggregate posterior", "q(z)"),
        "The aggregate posterior is the average of the posteriors of all images. It should "
        "match the prior.",
        r"q(z)=\mathbb E_{x}\,q(z\mid x)", "q(z) = mean of q(z|x) over all x",
        drawings.aggregate_posterior(), "aggregate",
    ),
    Term(
        "true-posterior", DISTRIBUTIONS, "True posterior p(z|x)",
        ("true posterior", "p(z|x)", "p(z | x)"),
        "The true posterior is what Bayes' rule gives for the codes of an image. q(z|x) stands "
        "in for it.",
        r"p(z\mid x)=\frac{p(x\mid z)\,p(z)}{p(x)}", "p(z|x) = p(x|z) p(z) / p(x)",
        drawings.true_posterior(), "bounds",
    ),
    Term(
        "likelihood", DISTRIBUTIONS, "Likelihood p(x|z)", ("likelihood", "p(x|z)", "p(x | z)"),
        "The likelihood is the probability, or density, of the pixels of an image x when its "
        "code z is known.",
        r"p(x\mid z)=\prod_i p(x_i\mid z)", "p(x|z) = ∏ᵢ p(xᵢ|z)", drawings.likelihood(), "",
    ),
    Term(
        "point-mass", DISTRIBUTIONS, "Point mass (auto-encoder)", ("point mass", "auto-encoder"),
        "A point mass is a posterior without width: every image has one z. This is a plain "
        "auto-encoder.",
        r"q(z\mid x)=\delta\big(z-\mu(x)\big),\qquad \mathrm{KL}=\infty",
        "q(z|x) = δ(z − μ(x)),  KL = ∞", drawings.point_mass(), "",
    ),
    Term(
        "kl", LOSS, "KL divergence", ("KL", "KL divergence"),
        "The KL divergence measures how much one distribution differs from another. It is 0 only "
        "where both are the same.",
        r"\mathrm{KL}(q\,\|\,p)=\int q(z)\,\log\frac{q(z)}{p(z)}\,dz\ \ge 0",
        "KL(q ‖ p) = ∫ q log(q / p) dz ≥ 0", drawings.kl(), "kl",
    ),
    Term(
        "rate", LOSS, "Rate (KL term)", ("rate", "KL term"),
        "The rate is the cost of the code: the KL from the posterior to the prior, averaged over "
        "the images.",
        r"R=\mathbb E_x\,\mathrm{KL}\big(q(z\mid x)\,\|\,p(z)\big)",
        "R = mean of KL(q(z|x) ‖ p(z))", drawings.rate(), "kl",
    ),
    Term(
        "distortion", LOSS, "Distortion (reconstruction term)",
        ("distortion", "reconstruction term"),
        "The distortion is what the decoded picture misses: minus the log-likelihood of the "
        "image, averaged over z.",
        r"D=-\mathbb E_{q(z\mid x)}\log p(x\mid z)", "D = −E log p(x|z)", drawings.distortion(),
        "rate-distortion",
    ),
    Term(
        "elbo", LOSS, "ELBO and negative ELBO",
        ("ELBO", "negative ELBO", "−ELBO", "evidence lower bound"),
        "The ELBO is a lower bound on log p(x). The loss is the negative ELBO: distortion plus "
        "rate.",
        r"-\mathrm{ELBO}=D+R\ \ge\ -\log p(x)", "−ELBO = D + R ≥ −log p(x)", drawings.elbo(),
        "bounds",
    ),
    Term(
        "evidence", LOSS, "Log evidence log p(x)",
        ("log p(x)", "−log p(x)", "log evidence", "p(x)"),
        "log p(x) is how well the model explains an image, over all z. The ELBO bounds it from "
        "below.",
        r"\log p(x)=\log\int p(x\mid z)\,p(z)\,dz", "log p(x) = log ∫ p(x|z) p(z) dz",
        drawings.evidence(), "bounds",
    ),
    Term(
        "nat", LOSS, "Nat and bit", ("nat", "bit"),
        "A nat is a unit of information, from the natural logarithm. One nat is 1.44 bits.",
        r"1\ \text{nat}=\frac{1}{\ln 2}\ \text{bits}\approx 1.44\ \text{bits}",
        "1 nat = 1 / ln 2 bits ≈ 1.44 bits", drawings.nat(), "kl",
    ),
    Term(
        "beta", LOSS, "β", ("β",),
        "β is the weight of the rate in the loss. β = 1 gives the ELBO, and a larger β a cheaper "
        "code.",
        r"\text{loss}=D+\beta R", "loss = D + β R", drawings.beta(), "rate-distortion",
    ),
    Term(
        "importance-bound", LOSS, "Importance-weighted bound",
        ("importance-weighted bound", "importance-weighted", "importance sampling"),
        "The importance-weighted bound averages k samples of z by their weights: the more "
        "samples, the tighter the bound.",
        r"\log p(x)\ge\mathbb E\,\log\frac1k\sum_{i=1}^k\frac{p(x\mid z_i)\,p(z_i)}{q(z_i\mid x)}",
        "log p(x) ≥ E log mean of p(x|z) p(z) / q(z|x)", drawings.importance_bound(), "bounds",
    ),
    Term(
        "effective-sample-size", LOSS, "Effective sample size", ("effective sample size",),
        "The effective sample size is how many of the weighted samples count.",
        r"\mathrm{ESS}=\frac{\left(\sum_i w_i\right)^2}{\sum_i w_i^2}", "ESS = (∑ w)² / ∑ w²",
        drawings.effective_sample_size(), "bounds",
    ),
    Term(
        "active-unit", USE, "Active unit (active dimension)",
        ("active unit", "active dimension", "active", "inactive"),
        "A latent dimension is active when its mean μ differs from image to image: variance "
        "above 0.01 of the prior's.",
        r"\mathrm{Var}_x\,\mu_j(x)>0.01\,\mathrm{Var}\,p(z_j)", "Var μⱼ(x) > 0.01 · Var p(zⱼ)",
        drawings.active_unit(), "diagnostics",
    ),
    Term(
        "collapse", USE, "Posterior collapse", ("posterior collapse", "collapsed", "collapse"),
        "A posterior has collapsed when it equals the prior for every image: z then carries no "
        "information.",
        r"q(z\mid x)=p(z)\ \text{ for all } x", "q(z|x) = p(z) for all x", drawings.collapse(),
        "diagnostics",
    ),
    Term(
        "mutual-information", USE, "Mutual information I(x; z)",
        ("mutual information", "I(x; z)"),
        "The mutual information is how much z tells about the image: the rate less the part that "
        "moves q(z) off the prior.",
        r"I(x;z)=R-\mathrm{KL}\big(q(z)\,\|\,p(z)\big)", "I(x; z) = R − KL(q(z) ‖ p(z))",
        drawings.mutual_information(), "aggregate",
    ),
    Term(
        "total-correlation", USE, "Total correlation", ("total correlation",),
        "The total correlation measures how far the latent dimensions depend on each other, over "
        "all images.",
        r"\mathrm{TC}=\mathrm{KL}\Big(q(z)\,\Big\|\,\prod_j q(z_j)\Big)",
        "TC = KL(q(z) ‖ ∏ⱼ q(zⱼ))", drawings.total_correlation(), "aggregate",
    ),
)  # fmt: skip


def forms(term: Term) -> tuple[str, ...]:
    """Every way in which a term may be written: in the plural, and where a sentence begins."""
    found: list[str] = []
    for variant in term.variants:
        is_word = len(variant) > 2 and variant.isascii() and variant[-1].isalpha()
        plural = [f"{variant}s"] if is_word and variant.lower() == variant else []
        for form in (variant, *plural):
            found.append(form)
            if is_word and form[0].islower():
                found.append(form[0].upper() + form[1:])
    return tuple(found)
