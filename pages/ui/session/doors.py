"""The doors of the app: every page with its menu, its title and the one question it answers."""

from __future__ import annotations

from dataclasses import dataclass

from vae_core import Run

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
    """

    menu: str
    script: str
    title: str
    question: str
    url_path: str
    of_model: bool = True

    def tab(self, run: Run | None) -> str:
        """The title of the browser's tab: where one is, and with which model."""
        name = [run.title] if run and self.of_model else []
        return " · ".join([self.title, *name, APP])


DOORS = (
    Door("", "overview.py", "Overview", "How does a VAE turn an image into a code and back?", ""),
    Door("", "train.py", "Train", "What does it learn, and when?", "train", of_model=False),
    Door("", "runs.py", "Runs", "Which models were trained here?", "runs", of_model=False),
    Door("Learn", "lessons.py", "Lessons", "What do you think will happen?", "lessons",
         of_model=False),
    Door("Learn", "classroom.py", "Class", "What does the class think?", "classroom",
         of_model=False),
    Door("Learn", "glossary.py", "Glossary", "What do the words mean?", "glossary",
         of_model=False),
    Door(
        "Explore", "posteriors.py", "Posteriors", "Where do images of each class go?", "posteriors"
    ),
    Door("Explore", "sliders.py", "Latent sliders", "What does each latent dimension change?",
         "sliders"),
    Door("Explore", "feature_map.py", "Feature map", "What does each cell hold?", "feature-map"),
    Door("Explore", "locality.py", "Locality", "What does each cell see, and what does it change?",
         "locality"),
    Door("Explore", "projection.py", "Projection",
         "Which images are neighbours when there are many dimensions?", "projection"),
    Door("Explore", "walks.py", "Walks", "What lies between two images?", "walks"),
    Door("Measure", "kl.py", "KL", "What does each dimension cost?", "kl"),
    Door("Measure", "aggregate.py", "Aggregate posterior",
         "Do all codes together match the prior?", "aggregate"),
    Door("Measure", "bounds.py", "Bound and truth",
         "How far is the ELBO from log p(x), and why?", "bounds"),
    Door("Measure", "diagnostics.py", "Diagnostics", "Is this model healthy?", "diagnostics"),
    Door("Compare", "two_models.py", "Two models", "Which is better, and at what?", "compare"),
    Door("Compare", "rate_distortion.py", "Rate and distortion",
         "What does a cheaper code cost in the picture?", "rate-distortion"),
    Door("Compare", "time_machine.py", "Time machine", "How do β and training move the codes?",
         "time-machine", of_model=False),
)  # fmt: skip


def door_of(url_path: str) -> Door:
    """The door of an address."""
    return next(door for door in DOORS if door.url_path == url_path)


def after(door: Door) -> Door | None:
    """The next door in teaching order; None after the last."""
    k = DOORS.index(door)
    return DOORS[k + 1] if k + 1 < len(DOORS) else None
