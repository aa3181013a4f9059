"""Tables and arrays -> figures. No torch in here, and no arithmetic beyond drawing."""

from vae_core.figures.aggregate import class_bars, surgery_bar, variance_bars
from vae_core.figures.curves import bound_curve, kl_over_epochs, training_curves
from vae_core.figures.kl import kl_bars, kl_by_class, kl_cells, kl_channels
from vae_core.figures.pictures import contact_sheet, data_uri, to_png
from vae_core.figures.plane import Ellipse, marginal, posterior_plane, triangle_corners
from vae_core.figures.projection import class_counts, posterior_bars

__all__ = [
    "Ellipse",
    "bound_curve",
    "class_bars",
    "class_counts",
    "contact_sheet",
    "data_uri",
    "kl_bars",
    "kl_by_class",
    "kl_cells",
    "kl_channels",
    "kl_over_epochs",
    "marginal",
    "posterior_bars",
    "posterior_plane",
    "surgery_bar",
    "to_png",
    "training_curves",
    "triangle_corners",
    "variance_bars",
]
