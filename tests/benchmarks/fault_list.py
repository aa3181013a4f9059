"""Sixty mistakes that a person could make, one line each: what is there, what is wrong, its tests.

`old` occurs once in the whole project, wherever its file may be. Mistakes were chosen by reading
the code alone, without a look at its tests; `tests` are those about its module.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """In its area, `old` gives way to `new`; one of `tests` should notice."""

    area: str
    old: str
    new: str
    tests: tuple[str, ...]


_MODELS = (
    (
        "self.logvar + 2.0 * math.log(factor)",
        "self.logvar + math.log(factor)",
        ("core/posteriors/test_factorised.py",),
    ),
    (
        "(self.concentration / factor**2).clamp(min=ALPHA_MIN)",
        "self.concentration / factor**2",
        ("core/posteriors/test_dirichlet.py",),
    ),
    (
        "torch.where(total > 0, others / total,",
        "torch.where(total >= 0, others / total,",
        ("core/posteriors/test_dirichlet.py",),
    ),
    (
        "log_diagonal.clamp(0.5 * LOGVAR_MIN, 0.5 * LOGVAR_MAX)",
        "log_diagonal.clamp(LOGVAR_MIN, LOGVAR_MAX)",
        ("core/posteriors/test_full.py",),
    ),
    (
        "torch.where(k >= LEVELS - 1, above, inside)",
        "torch.where(k > LEVELS - 1, above, inside)",
        ("core/likelihoods/test_logistic.py", "core/likelihoods/test_likelihoods.py"),
    ),
    (
        "self.FORGETTING / self.measured * (mse - kept)",
        "self.FORGETTING * (mse - kept)",
        ("core/likelihoods/test_gaussian.py::test_a_perfect_batch_stays_finite",),
    ),
    (
        "self.log_sigma + width.mean(PIXELS)",
        "self.log_sigma + width.sum(PIXELS)",
        ("core/likelihoods/test_likelihoods.py",),
    ),
    (
        "x[:, :, top : top + h, left : left + w]",
        "x[:, :, top : top + h, left : left + h]",
        ("core/test_networks.py",),
    ),
    (
        "cells << stages >= 2 * side",
        "cells << stages > 2 * side",
        ("core/test_networks.py", "core/test_config.py"),
    ),
    ("for values in (weight, bias):", "for values in (weight,):", ("core/test_vae.py",)),
    (
        "(epoch - 1) / self.warmup_epochs",
        "epoch / self.warmup_epochs",
        ("core/test_objective.py",),
    ),
    (
        "(self.free_bits - terms.rate_per_dim.mean(0)).clamp(min=0.0)",
        "(self.free_bits - terms.rate_per_dim).clamp(min=0.0).mean(0)",
        ("core/test_objective.py",),
    ),
    ("% batch] = (n - m) / (n * m)", "% batch] = (n - m) / n", ("core/test_total_correlation.py",)),
    (
        "yield elbo_terms(vae, x, n_samples, generator, split",
        "yield elbo_terms(vae, x, n_samples, None, split",
        ("core/test_objective.py",),
    ),
    (
        "{name: value.detach().clone() for name, value in",
        "{name: value.detach() for name, value in",
        ("core/test_trainer.py::test_absurd_learning_rate_stops_with_the_first_weights",),
    ),
    (
        '"lr": LIKELIHOOD_LR * lr}',
        '"lr": lr}',
        ("core/test_trainer.py::test_learned_sigma_takes_its_own_larger_steps",),
    ),
)
_ANALYSIS = (
    (
        "others - math.log(max(1, n - 1))",
        "others - math.log(n)",
        ("core/analysis/rate/test_aggregate.py",),
    ),
    (
        "procrustes(means[0], means[1] @ rotation)",
        "procrustes(means[0], means[1])",
        (
            "core/analysis/space/test_alignment.py::test_a_sweep_of_turned_copies_becomes_one_picture",
        ),
    ),
    (
        "between + codes.mean_covariance",
        "between",
        ("core/analysis/rate/test_rates.py::test_class_moments_match_draws_from_the_class",),
    ),
    (
        '~table["active"] | (table["picture_change"] < GREY_LEVEL)',
        '~table["active"] & (table["picture_change"] < GREY_LEVEL)',
        ("core/analysis/diagnosis/test_collapse.py",),
    ),
    (
        "(2.0 * total - (2.0 * log_w).logsumexp(0)).exp()",
        "(total - (2.0 * log_w).logsumexp(0)).exp()",
        ("core/analysis/evidence/test_importance.py",),
    ),
    ("each = [(at - p * ", "each = [(at - p + 0 * ", ("core/analysis/space/test_locality.py",)),
    (
        "2.0 * torch.atan2((u - v).norm(), (u + v).norm())",
        "torch.atan2((u - v).norm(), (u + v).norm())",
        ("core/analysis/space/test_interpolation.py",),
    ),
    (
        "(gains.std(0) / math.sqrt(len(gains))).numpy()",
        "gains.std(0).numpy()",
        ("core/analysis/rate/test_label_gap.py",),
    ),
    (
        "weighted_sum(shares, [bracket.high",
        "weighted_sum(shares, [bracket.low",
        ("core/analysis/rate/test_class_surgery.py",),
    ),
    (
        ", some.index, titles,",
        ", torch.arange(len(some)), titles,",
        ("core/analysis/space/test_projections.py",),
    ),
    (
        "> ACTIVE_VARIANCE * codes.prior().variance",
        "> ACTIVE_VARIANCE",
        ("core/analysis/diagnosis/test_collapse.py",),
    ),
    (
        "torch.minimum(nearest, apart.min(1).values)",
        "apart.min(1).values",
        ("core/analysis/diagnosis/test_prior_holes.py",),
    ),
)
_RUNS = (
    ("LEFT_OVER = 24 * 60 * 60", "LEFT_OVER = 24 * 60", ("core/runs/test_store.py",)),
    (
        "for entry in reversed(self.list()):",
        "for entry in self.list():",
        ("core/runs/test_store.py",),
    ),
    ("group.keys() == set(wanted)", "group.keys() >= set(wanted)", ("core/runs/test_store.py",)),
    ("if late > epoch:", "if late >= epoch:", ("core/runs/test_checkpoints.py",)),
    (
        "envelope(config, run.created)",
        "envelope(run.config, run.created)",
        ("core/runs/test_archive.py",),
    ),
    (
        "vae.load_state_dict(weights)  # what",
        "pass  # what",
        ("core/runs/test_export.py", "core/runs/test_model_file.py"),
    ),
    (
        "codes, metrics, epoch=file.header.epoch, ",
        "codes, metrics, ",
        ("core/runs/test_model_file.py",),
    ),
    ("self._save_weights(state)", "pass", ("core/runs/test_resume.py",)),
    (
        "facts.n_train * len(history) / seconds",
        "facts.n_train / seconds",
        ("core/runs/test_run.py",),
    ),
)
_JOBS = (
    (
        'text != "" and self.writer not in text',
        "self.writer not in text",
        ("core/jobs/test_queue.py::test_an_empty_heartbeat_is_nobodys",),
    ),
    (
        "waiting.index(folder) + 1 if",
        "waiting.index(folder) if",
        ("core/jobs/test_queue.py::test_a_full_queue_says_so_and_takes_nothing",),
    ),
    (
        "for job in self._waiting if job.folder not in busy)",
        "for job in self._waiting)",
        ("core/jobs/test_queue.py::test_two_slots_never_train_one_run",),
    ),
    (
        "drop(job.folder / HEARTBEAT)",
        "pass",
        (
            "core/jobs/test_processes.py::test_a_killed_process_is_replaced_and_its_run_ends_as_if_it_had_lived",
        ),
    ),
    (
        "max(1, (cores - 1) // int(asked))",
        "max(1, cores // int(asked))",
        ("core/jobs/test_queue.py::test_training_leaves_a_core_to_the_pages",),
    ),
    (
        "round(1e9 * self.gigabytes)",
        "round(2**30 * self.gigabytes)",
        ("core/test_limits.py",),
    ),
    (
        "os.sched_setaffinity(0, own)",
        "os.sched_setaffinity(0, CORES)",
        ("core/jobs/test_priority.py",),
    ),
)
_PAGES = (
    (
        "str(f.stat().st_mtime_ns) for f in files",
        "f.name for f in files",
        ("pages/test_lens.py::test_a_run_whose_weights_change_is_offered_at_another_address",),
    ),
    (
        'len(codes) / row["n_images"]',
        'row["n_images"] / len(codes)',
        ("pages/test_aggregate.py::test_classes_are_added_until_they_are_all",),
    ),
    (
        'elsewhere or ("" if is_missing else None)',
        'elsewhere or ""',
        ("pages/test_passcode.py",),
    ),
    (
        "n_new += expected_bytes(",
        "n_new = expected_bytes(",
        ("pages/test_runs_page.py::test_a_sweep_counts_as_all_its_runs",),
    ),
    (
        "min(self.image, n_images - 1)",
        "min(self.image, n_images)",
        ("pages/test_lens_state.py",),
    ),
    (
        "sum(k <= epoch for k in kept)",
        "sum(k < epoch for k in kept)",
        ("pages/test_time_machine.py::test_the_machine_is_told_every_checkpoint",),
    ),
    (
        'history["seconds"].mean() * (epochs - done)',
        'history["seconds"].mean() * epochs',
        ("pages/test_words.py::test_the_time_left_is_that_of_the_epochs_left",),
    ),
    (
        "reduction.implied_sigma(model.sigma_value, train.beta)",
        "reduction.implied_sigma(model.sigma_value)",
        ("pages/test_families.py::test_beta_is_a_part_of_the_sigma_that_a_loss_stands_for",),
    ),
    (
        "others.index((alike or others)[0])",
        "0",
        (
            "pages/test_two_models.py::test_the_second_model_to_begin_with_can_be_ranked_with_the_first",
        ),
    ),
    (
        "sample((2,), torch.Generator().manual_seed(int(seed)))",
        "sample((2,), torch.Generator().manual_seed(0))",
        ("pages/test_walks.py::test_prior_draws_are_the_same_for_the_same_number",),
    ),
)
_LENS = (
    (
        "const precision = Math.exp(-2 * logSigma)",
        "const precision = Math.exp(-logSigma)",
        ("browser/test_likelihoods.py::test_pixels_are_those_of_the_package",),
    ),
    (
        "varianceX + (dx * dx) / 12",
        "varianceX",
        ("browser/test_mixture.py::test_a_map_loses_no_posterior_between_its_cells",),
    ),
    (
        "rest = q.kl - total(q.klPerDim)",
        "rest = total(q.klPerDim) - q.kl",
        ("browser/test_lens.py::test_what_correlation_costs_is_a_part_of_the_rate",),
    ),
    (
        "event.shiftKey ? 400 : 40",
        "event.shiftKey ? 40 : 400",
        ("browser/test_lens.py::test_keys_move_z_with_shift_in_small_steps",),
    ),
    (
        "let step = 1; step <= labels.length",
        "let step = 0; step <= labels.length",
        ("browser/test_lens.py::test_another_image_of_the_class_is_the_next_one",),
    ),
    (
        "[x ? x[j] : j, y ? y[i] : i, value]",
        "[x ? x[j] : j, y ? y[j] : j, value]",
        ("browser/test_save.py::test_every_cell_of_a_map_has_its_own_column_and_row",),
    ),
)
AREAS = {
    "models": _MODELS,
    "analysis": _ANALYSIS,
    "runs": _RUNS,
    "jobs": _JOBS,
    "pages": _PAGES,
    "lens": _LENS,
}
FAULTS = [
    Fault(area, old, new, tuple(f"tests/{test}" for test in tests))
    for area, rows in AREAS.items()
    for old, new, tests in rows
]
