"""Figures of tables and arrays. No torch in here, and no arithmetic beyond drawing."""

from vae_core.figures.aggregate import class_bars, class_layers, surgery_bar, variance_bars
from vae_core.figures.animation import gif
from vae_core.figures.bounds import bound_curve
from vae_core.figures.classifier import accuracy_bars
from vae_core.figures.coded_images import format_bars, stack_steps
from vae_core.figures.collapse_law import collapse_curves
from vae_core.figures.decoder_sigma import distortion_curve
from vae_core.figures.diagnostics import activity, dimension_evidence, label_bars
from vae_core.figures.entries import code_rate_bars, entry_bars
from vae_core.figures.gaps import gap_histogram
from vae_core.figures.image_scores import image_scores
from vae_core.figures.kl import kl_bars, kl_by_class, kl_cells, kl_channels, kl_over_epochs
from vae_core.figures.line import posterior_line
from vae_core.figures.pictures import contact_sheet, data_uri, to_png
from vae_core.figures.posteriors import Ellipse, marginal, posterior_plane
from vae_core.figures.prior_classes import prior_class_bars
from vae_core.figures.projection_picks import class_counts, posterior_bars
from vae_core.figures.rate_distortion import rate_distortion, sweep_curve
from vae_core.figures.shelf import shelf_points
from vae_core.figures.shell import shell_density
from vae_core.figures.training import training_curves
from vae_core.figures.two_models import kl_pair, same_scale
from vae_core.figures.walks import walk_norms

__all__ = [
    "Ellipse",
    "accuracy_bars",
    "activity",
    "bound_curve",
    "class_bars",
    "class_counts",
    "class_layers",
    "code_rate_bars",
    "collapse_curves",
    "contact_sheet",
    "data_uri",
    "dimension_evidence",
    "distortion_curve",
    "entry_bars",
    "format_bars",
    "gap_histogram",
    "gif",
    "image_scores",
    "kl_bars",
    "kl_by_class",
    "kl_cells",
    "kl_channels",
    "kl_over_epochs",
    "kl_pair",
    "label_bars",
    "marginal",
    "posterior_bars",
    "posterior_line",
    "posterior_plane",
    "prior_class_bars",
    "rate_distortion",
    "same_scale",
    "shelf_points",
    "shell_density",
    "stack_steps",
    "surgery_bar",
    "sweep_curve",
    "to_png",
    "training_curves",
    "variance_bars",
    "walk_norms",
]
