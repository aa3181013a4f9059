"""What the first visitor should not wait for."""

from __future__ import annotations


def import_and_open() -> None:
    """Import what every page needs and run one picture through the default model."""
    import plotly.graph_objects  # noqa: F401
    import torch

    from pages.ui.state import BUNDLED, DEFAULT_RUN
    from vae_core import RunStore, VAECoreError
    from vae_core.analysis import decode_mean

    torch.set_grad_enabled(True)  # initialises torch's thread pool in this thread
    try:
        vae = RunStore(BUNDLED).load(DEFAULT_RUN).vae()
    except VAECoreError:
        return  # the page will say so
    decode_mean(vae, torch.zeros(1, *vae.latent_shape))
