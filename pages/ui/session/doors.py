"""The doors of the app: every page with its menu, its title and the one question it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vae_core import Run
from vae_core.config import POSTERIORS, PRIORS

APP = "ELBO Room"


@dataclass(frozen=True)
class Door:
    """One page.

    Attributes
    ----------
    menu : str
        The menu that leads to it; none for those that stand in the bar themselves.
    script : str
        Its file in `pages`.
    title : str
    question : str
        What it answers, in plain words.
    url_path : str
        Its address; empty for the first page.
    of_model : bool
        Whether it shows the chosen model.
    needs : str
        What a model must have for the page to show it, as in "needs a feature map": a key of
        `NEEDS`; empty where every model will do.
    view_of : str
        The address of the page of which it is a view: no door in the menu, but in a row of views
        on both pages.
    view : str
        What it is called in that row.
    also : str
        The address of another page that its question leads to, linked before the next one.
    """

    menu: str
    script: str
    title: str
    question: str
    url_path: str
    of_model: bool = True
    needs: str = ""
    view_of: str = ""
    view: str = ""
    also: str = ""

    def serves(self, run: Run) -> bool:
        """Whether the page can show this run."""
        return not self.needs or NEEDS[self.needs](run)

    def tab(self, run: Run | None) -> str:
        """The title of the browser's tab: where one is, and with which model."""
        name = [run.title] if run and self.of_model else []
        return " · ".join([self.title, *name, APP])


def is_map(run: Run) -> bool:
    """Whether the latent is a feature map."""
    return len(run.config.model.latent_shape) == 3


def has_density(run: Run) -> bool:
    """Whether its posteriors have a density: not those of an auto-encoder or a codebook."""
    return bool(POSTERIORS[run.config.model.posterior].has_density)


def has_rate(run: Run) -> bool:
    """Whether its codes have a finite KL: not those of an auto-encoder."""
    return bool(POSTERIORS[run.config.model.posterior].has_rate)


def has_standard_prior(run: Run) -> bool:
    """Whether its prior is the family's own, and not learned."""
    return not PRIORS[run.config.model.prior].is_learned


MAP, VAE = "a feature map", "a VAE, not a plain auto-encoder"
DENSITY = "a posterior with a density, not a point or a codebook entry"
NEEDS: dict[str, Callable[[Run], bool]] = {MAP: is_map, VAE: has_rate, DENSITY: has_density}

DOORS = (
    Door("", "overview.py", "Overview", "How does a VAE turn an image into a code and back?", ""),
    Door("Learn", "lessons.py", "Lessons", "What do you think will happen?", "lessons",
         of_model=False),
    Door("Learn", "classroom.py", "Class", "What does the class think?", "classroom",
         of_model=False),
    Door("Learn", "glossary.py", "Glossary", "What do the words mean?", "glossary",
         of_model=False),
    Door("Train", "train.py", "New model", "What does it learn, and when?", "train",
         of_model=False),
    Door("Train", "runs.py", "Runs", "Which models were trained here?", "runs", of_model=False),
    Door("Train", "data.py", "Data", "Which images does it learn from?", "data", of_model=False),
    Door("Explore", "posteriors.py", "Latent space", "Where do images of each class go?",
         "posteriors", also="kl"),
    Door("Explore", "sliders.py", "Latent sliders", "What does each latent dimension change?",
         "sliders", also="kl"),
    Door("Explore", "feature_map.py", "Feature map", "What does each cell hold?", "feature-map",
         needs=MAP, view="Move cells"),
    Door("Explore", "locality.py", "Locality", "What does each cell see, and what does it "
         "change?", "locality", needs=MAP, view_of="feature-map", view="Locality"),
    Door("Explore", "projection.py", "Projection",
         "Which images are neighbours when there are many dimensions?", "projection"),
    Door("Explore", "walks.py", "Walks", "What lies between two images?", "walks"),
    Door("Measure", "kl.py", "KL", "What does each dimension cost?", "kl", needs=VAE,
         also="feature-map"),
    Door("Measure", "aggregate.py", "Aggregate posterior",
         "Do all codes together match the prior?", "aggregate", needs=DENSITY),
    Door("Measure", "bounds.py", "Bound and truth",
         "How far is the ELBO from log p(x), and why?", "bounds", needs=DENSITY),
    Door("Measure", "diagnostics.py", "Diagnostics", "Is this model healthy?", "diagnostics"),
    Door("Compare", "two_models.py", "Two models", "Which is better, and at what?", "compare"),
    Door("Compare", "rate_distortion.py", "Rate and distortion",
         "What does a cheaper code cost in the picture?", "rate-distortion"),
    Door("Compare", "time_machine.py", "Time machine", "How do β and training move the codes?",
         "time-machine", of_model=False),
    Door("Compare", "published_numbers.py", "Published numbers",
         "Which published numbers come out here, too?", "published-numbers",
         of_model=False),
)  # fmt: skip


def door_of(url_path: str) -> Door:
    """The door of an address."""
    return next(door for door in DOORS if door.url_path == url_path)


def views(door: Door) -> list[Door]:
    """The page and its views, in order; none where a page is one view only."""
    home = door.view_of or door.url_path
    row = [one for one in DOORS if home and home in (one.url_path, one.view_of)]
    return row if len(row) > 1 else []


def after(door: Door) -> Door | None:
    """The next door in teaching order; None after the last."""
    k = DOORS.index(door)
    return DOORS[k + 1] if k + 1 < len(DOORS) else None
