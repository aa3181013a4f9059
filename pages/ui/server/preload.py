"""Preloading of what pages need, in the order in which readers would wait for it."""

from __future__ import annotations

import gc

FULL = 100  # smaller collections before a full one: about a minute of a busy class


def warm_up() -> None:
    """Import what pages need, run one picture through the default model, then freeze.

    When Python collects garbage, everyone waits, once all that was ever read and drawn is looked
    through for a sixth of a second. So that is done seldom, and frozen objects are left out.
    """
    import torch

    from pages.ui.library.listing import DEFAULT_RUN
    from pages.ui.session.paths import BUNDLED
    from vae_core import DataConfig, RunStore, VAECoreError, load_dataset
    from vae_core.analysis import decode_mean

    try:
        vae = RunStore(BUNDLED).load(DEFAULT_RUN).vae()
        decode_mean(vae, torch.zeros(1, *vae.latent_shape))
    except VAECoreError:
        pass  # the page shows the error
    gc.set_threshold(*gc.get_threshold()[:2], FULL)
    _freeze()
    load_dataset(DataConfig())  # the digits
    import plotly.graph_objects  # noqa: F401

    _freeze()


def _freeze() -> None:
    gc.collect()
    gc.freeze()
