"""How far the plane of the Projection page keeps neighbours, in two numbers."""

from __future__ import annotations

import streamlit as st
import torch

from pages.ui.drawing import numbers
from pages.ui.explore import projection_queue
from pages.ui.library import cached
from pages.ui.library.background import run_in_background
from vae_core import Run
from vae_core.analysis.space.neighbourhoods import NEIGHBOURS, Neighbourhoods, neighbourhoods
from vae_core.analysis.space.projections import points_of


def show(run: Run, method: str, what: str) -> None:
    """Trustworthiness and continuity of a projection that is there, each explained."""
    projection = projection_queue.find(run, method, what)
    if projection is None or len(projection) <= 2 * NEIGHBOURS:
        return
    found = _neighbourhoods(run, method, what)
    st.caption(
        f"**Trustworthiness {numbers.estimate(found.trustworthiness, 3)}**: neighbours on the "
        "plane are neighbours in latent space. **Continuity "
        f"{numbers.estimate(found.continuity, 3)}**: neighbours in latent space are neighbours on "
        f"the plane. Each is 1 where that holds for all {found.n_neighbours} neighbours of every "
        "image, and one half for places by chance; who comes from further away costs more. Of "
        f"{found.n_images:,} images; ±: one standard error over them."
    )


@cached.per_run("Comparing neighbours …", 32)
def _neighbourhoods(run: Run, method: str, what: str) -> Neighbourhoods:
    projection, codes = projection_queue.find(run, method, what), cached.codes(run)
    assert projection is not None
    z = torch.from_numpy(points_of(codes, what, projection_queue.SEED)).float()
    return run_in_background(neighbourhoods, z[projection.index], projection.coordinates)
