"""Likelihoods p(x|z), one class each: decoder output -> distribution over images.

The likelihood scores the image itself, given the decoder's mean; it never scores the
reconstruction. Constants are kept, so that a reported number is a log-density in nats.
To add a family, write its pixels' distribution and one class that makes it, and name its file here.
"""

from vae_core.likelihoods.base import Likelihood, Pixels
from vae_core.likelihoods.bernoulli import (
    BernoulliLikelihood,
    BernoulliPixels,
    ContinuousBernoulliLikelihood,
    ContinuousBernoulliPixels,
)
from vae_core.likelihoods.gaussian import GaussianLikelihood, GaussianPixels, SelfScaledPixels
from vae_core.likelihoods.logistic import LEVELS, LogisticLikelihood, LogisticPixels

__all__ = [
    "LEVELS",
    "BernoulliLikelihood",
    "BernoulliPixels",
    "ContinuousBernoulliLikelihood",
    "ContinuousBernoulliPixels",
    "GaussianLikelihood",
    "GaussianPixels",
    "Likelihood",
    "LogisticLikelihood",
    "LogisticPixels",
    "Pixels",
    "SelfScaledPixels",
]
