"""Functions of a VAE or its Codes that return arrays and tables. Nothing here trains."""

from vae_core.analysis.classes import ClassPosterior, class_draws, class_posteriors, examples
from vae_core.analysis.diagnosis.class_probes import ClassProbes, class_probes
from vae_core.analysis.diagnosis.collapse import Collapse, collapse
from vae_core.analysis.diagnosis.collapse_law import (
    CollapsePoint,
    collapse_law,
    collapse_points,
    has_law,
    noise_spectrum,
    water_level,
)
from vae_core.analysis.diagnosis.decoder_sigma import SigmaCurve, sigma_curve
from vae_core.analysis.diagnosis.label_classifier import (
    ClassifierScore,
    classifier_score,
    supervised_twin,
    unlabelled_bound,
)
from vae_core.analysis.diagnosis.linear_vae import data_spectrum, directions_used
from vae_core.analysis.diagnosis.picture_change import picture_change
from vae_core.analysis.diagnosis.prior_classes import prior_classes
from vae_core.analysis.diagnosis.prior_holes import Holes, gaussian_draws, holes, nearest_distance
from vae_core.analysis.diagnosis.reported_loss import drawn_loss, reported_loss
from vae_core.analysis.diagnosis.shell import (
    CodesInShell,
    Shell,
    chi_density,
    chi_interval,
    code_norms,
    codes_in_shell,
    middle_in_shell,
    norms,
    prior_shell,
    straight_middles,
)
from vae_core.analysis.diagnosis.worst_images import Spread, draw_deviation, term_of, worst_images
from vae_core.analysis.estimates import Bracket, Estimate
from vae_core.analysis.evidence.bounds import (
    BoundSummary,
    ImageBounds,
    image_bounds,
    random_images,
    summarise_bound,
)
from vae_core.analysis.evidence.importance import ImportanceBound, at_mean_no_bound, iwae_bound
from vae_core.analysis.evidence.inference_gaps import inference_gaps
from vae_core.analysis.evidence.log_evidence import Evidence, has_quadrature, log_evidence
from vae_core.analysis.evidence.pareto import pareto_k
from vae_core.analysis.evidence.true_posterior import TruePosterior, true_posterior
from vae_core.analysis.rate.aggregate import AggregatePosterior, aggregate_posterior
from vae_core.analysis.rate.channel_statistics import channel_statistics
from vae_core.analysis.rate.class_surgery import (
    ClassSurgery,
    class_buildup,
    class_densities,
    class_surgery,
)
from vae_core.analysis.rate.coded_images import CodedImages, code_images
from vae_core.analysis.rate.head_sizes import head_sizes
from vae_core.analysis.rate.label_gap import LabelGap, label_gap
from vae_core.analysis.rate.rate_parts import (
    RateParts,
    elbo_surgery,
    marginal_kl,
    mutual_information,
    rate_parts,
)
from vae_core.analysis.rate.rates import (
    active_units,
    channel_order,
    class_rates,
    latent_names,
    rate_rest,
    rate_table,
    stick_rates,
    total_rate,
)
from vae_core.analysis.space.alignment import align, can_rotate, plane_basis, procrustes
from vae_core.analysis.space.cell_order import cell_order
from vae_core.analysis.space.interpolation import (
    class_arithmetic,
    class_mean,
    interpolate,
    walks_of,
)
from vae_core.analysis.space.locality import (
    cell_correlation,
    decoder_difference,
    encoder_sensitivity,
)
from vae_core.analysis.space.neighbours import nearest_codes
from vae_core.analysis.space.projections import Projection, project
from vae_core.analysis.space.receptive_fields import Field, decoder_field, encoder_field
from vae_core.analysis.space.sweep_plane import Frame, SweepPlane, Walk
from vae_core.analysis.space.traversals import every_label, traverse
from vae_core.analysis.tables import codes_table, csv_bytes, parquet_bytes
from vae_core.codes import Codes, encode_dataset
from vae_core.posteriors import kl_per_dim
from vae_core.sweep import sweep, swept, value_of
from vae_core.vae import decode_mean

__all__ = [
    "AggregatePosterior",
    "BoundSummary",
    "Bracket",
    "ClassPosterior",
    "ClassProbes",
    "ClassSurgery",
    "ClassifierScore",
    "CodedImages",
    "Codes",
    "CodesInShell",
    "Collapse",
    "CollapsePoint",
    "Estimate",
    "Evidence",
    "Field",
    "Frame",
    "Holes",
    "ImageBounds",
    "ImportanceBound",
    "LabelGap",
    "Projection",
    "RateParts",
    "Shell",
    "SigmaCurve",
    "Spread",
    "SweepPlane",
    "TruePosterior",
    "Walk",
    "active_units",
    "aggregate_posterior",
    "align",
    "at_mean_no_bound",
    "can_rotate",
    "cell_correlation",
    "cell_order",
    "channel_order",
    "channel_statistics",
    "chi_density",
    "chi_interval",
    "class_arithmetic",
    "class_buildup",
    "class_densities",
    "class_draws",
    "class_mean",
    "class_posteriors",
    "class_probes",
    "class_rates",
    "class_surgery",
    "classifier_score",
    "code_images",
    "code_norms",
    "codes_in_shell",
    "codes_table",
    "collapse",
    "collapse_law",
    "collapse_points",
    "csv_bytes",
    "data_spectrum",
    "decode_mean",
    "decoder_difference",
    "decoder_field",
    "directions_used",
    "draw_deviation",
    "drawn_loss",
    "elbo_surgery",
    "encode_dataset",
    "encoder_field",
    "encoder_sensitivity",
    "every_label",
    "examples",
    "gaussian_draws",
    "has_law",
    "has_quadrature",
    "head_sizes",
    "holes",
    "image_bounds",
    "inference_gaps",
    "interpolate",
    "iwae_bound",
    "kl_per_dim",
    "label_gap",
    "latent_names",
    "log_evidence",
    "marginal_kl",
    "middle_in_shell",
    "mutual_information",
    "nearest_codes",
    "nearest_distance",
    "noise_spectrum",
    "norms",
    "pareto_k",
    "parquet_bytes",
    "picture_change",
    "plane_basis",
    "prior_classes",
    "prior_shell",
    "procrustes",
    "project",
    "random_images",
    "rate_parts",
    "rate_rest",
    "rate_table",
    "reported_loss",
    "sigma_curve",
    "stick_rates",
    "straight_middles",
    "summarise_bound",
    "supervised_twin",
    "sweep",
    "swept",
    "term_of",
    "total_rate",
    "traverse",
    "true_posterior",
    "unlabelled_bound",
    "value_of",
    "walks_of",
    "water_level",
    "worst_images",
]
