"""Links: every model and every page that is named can be opened where it is named.

A page that cannot serve the chosen model says why, offers the models that it can serve as
buttons, and the pages that serve this model as links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

import streamlit as st

from pages.ui.drawing import escaping
from pages.ui.library import listing
from pages.ui.session import chosen, keys, problems
from pages.ui.session.doors import (
    Door,
    door_of,
    has_density,
    has_rate,
    has_standard_prior,
    is_map,
    views,
)
from vae_core.config import POSTERIORS
from vae_core.runs.run import Run

MODEL, PAGE = ":material/deployed_code:", ":material/arrow_forward:"
MAX_OFFERED = 4

Fits = Callable[[Run], bool]


def is_gaussian(run: Run) -> bool:
    """Whether its prior is N(0, I), and its posterior is trained against it."""
    family = POSTERIORS[run.config.model.posterior]
    is_normal = family.has_rate and family.is_rotation_invariant
    return bool(is_normal and has_standard_prior(run))


def fitting(runs: Mapping[str, Run], fits: Fits, like: Run, most: int = MAX_OFFERED) -> list[str]:
    """Labels of other runs that fit, those of the same images first, each else in its order."""
    found = [label for label, run in runs.items() if fits(run) and run.path != like.path]
    name = like.config.data.name
    return sorted(found, key=lambda label: runs[label].config.data.name != name)[:most]


def offer_models(fits: Fits, like: Run) -> None:
    """Buttons for models that this page can show; `like` is the one that it cannot."""
    runs = listing.openable()
    with st.container(horizontal=True):
        for label in fitting(runs, fits, like):
            offer_model(runs[label])


def offer_model(run: Run, label: str | None = None, here: str = "") -> None:
    """A button that makes this the chosen model, on this page. Not for fragments.

    `here` tells two buttons for one model on one page apart.
    """
    st.button(
        label or f"Open {escaping.markdown(listing.label_of(run))}",
        icon=MODEL,
        key=f"open-{run.id}-{here}",
        on_click=problems.callback(chosen.choose),
        args=(run.id,),
    )


def try_models(ids: Iterable[str], run: Run, here: str = "") -> None:
    """Buttons for models that ship and are named in a sentence, but for the one that is open."""
    shipped = {one.id: one for one in listing.shipped()}
    others = [shipped[name] for name in ids if name in shipped and name != run.id]
    if others:
        with st.container(horizontal=True):
            for other in others:
                offer_model(other, here=here)


def to_page(url_path: str, label: str = "", query: Mapping[str, str] | None = None) -> None:
    """A link to a page, by default under its title and question."""
    door = door_of(url_path)
    st.page_link(
        door.script,
        label=label or f"{door.title}. {door.question}",
        icon=PAGE,
        help="",  # the question is in the label, or beside it
        query_params=dict(query) if query else None,
    )


def to_also(door: Door, run: Run | None) -> None:
    """The page that the question of this one leads to, with a model that it can show."""
    if not door.also or run is None:
        return
    other, name = door_of(door.also), ""
    query: dict[str, str] = {}
    if not other.serves(run):
        runs = listing.openable()
        fit = next(iter(fitting(runs, other.serves, run)), None)
        if fit is None:
            return
        name, query = f" of {escaping.markdown(fit)}", {keys.RUN_LABEL.name: fit}
    to_page(other.url_path, f"{other.title}{name}. {other.question}", query)


def to_pages(*url_paths: str) -> None:
    """Links to pages, in a row."""
    with st.container(horizontal=True):
        for url_path in url_paths:
            to_page(url_path)


def to_views(door: Door) -> None:
    """The views of a page that has several, each with its own address: the open one is marked."""
    if row := views(door):
        with st.container(horizontal=True, key="views"):
            for one in row:
                st.page_link(
                    one.script,
                    label=f"**{one.view}**" if one is door else one.view,
                    help=one.question,
                    disabled=one is door,
                )


def need(
    run: Run, fits: Fits, why: str, pages: Sequence[str] = (), icon: str = ":material/block:"
) -> None:
    """End the page when it cannot serve the run, with the doors out of it.

    Parameters
    ----------
    run : Run
        The chosen one.
    fits : callable
        Whether the page can serve a run.
    why : str
        One sentence in Markdown.
    pages : sequence of str
        Addresses of pages that serve this run.
    icon : str
    """
    if not fits(run):
        dead_end(run, fits, why, pages, icon)


def dead_end(
    run: Run, fits: Fits, why: str, pages: Sequence[str] = (), icon: str = ":material/block:"
) -> NoReturn:
    """`need` for a page that knows already that it cannot."""
    st.info(why, icon=icon)
    offer_models(fits, run)
    to_pages(*pages)
    problems.end_page()


def need_density(run: Run, why: str, of_entries: str) -> None:
    """End the page when the run's posteriors are points, with what that means here.

    `why` is of an auto-encoder, `of_entries` of a codebook.
    """
    name = escaping.markdown(run.title)
    if POSTERIORS[run.config.model.posterior].has_entries:
        sentence = f"{name} has a codebook: its z is one of finitely many entries. {of_entries}"
        need(run, has_density, sentence, ("kl", "posteriors"), ":material/apps:")
    sentence = f"{name} is a deterministic auto-encoder: {why}"
    need(run, has_density, sentence, ("", "posteriors"), ":material/all_inclusive:")


def need_rate(run: Run, why: str) -> None:
    """End the page when the run's KL is infinite, with what that means here."""
    sentence = f"{escaping.markdown(run.title)} is a deterministic auto-encoder: {why}"
    need(run, has_rate, sentence, ("", "posteriors"), ":material/all_inclusive:")


def need_map(run: Run) -> None:
    """End the page where the run's latent is a vector, with maps and pages that show this one."""
    need(
        run,
        is_map,
        f"The latent of {escaping.markdown(run.title)} is a vector: it has no cells. Open a model "
        "whose latent is a feature map, or see this one elsewhere.",
        ("sliders", "posteriors"),
        ":material/grid_on:",
    )
