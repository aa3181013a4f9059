"""Two small lessons to try the pages with, on a model of digits."""

from __future__ import annotations

from pathlib import Path

CHOICE = r"""+++
title = "What does the KL term compare?"
question = "Why must mu and sigma be close to each other?"
minutes = 7
run = "digits-2d"
page = "kl"
view = { view = "By class" }
hide = ["summary", "kl-numbers", "kl", "words"]
+++
## Predict
For which $(\mu, \sigma)$ is the KL term zero?
- [ ] Both 1 -- M: KL compares mu with sigma. It costs {{ kl_normal(1, 1) | .2f }} nats.
- [x] $\mu = 0$ and $\sigma = 1$ -- This is the prior itself.
- [ ] Any pair of equals -- At 2 it is {{ kl_normal(2, 2) | .2f }} nats.
## Do
Show: kl
View: view=Bars
Which dimension costs more?
## Reveal
Show: kl-numbers, summary
At $\sigma = 0.1$ it costs {{ kl_normal(0, 0.1) | .2f }} nats.
Check: kl_normal(0, 0.1) > 1
## Explain
KL compares $q(z\mid x)$ with the prior.
## Transfer
Only the mean moves, from 0 to 2. By how much does the KL term rise?
= kl_normal(2, 1) +- 0.05
"""
PLACE = """+++
title = "Where is the middle of the prior?"
question = "Where do draws of the prior lie?"
minutes = 3
run = "digits-2d"
page = ""
view = { image = 3, layers = "points" }
hide = ["ledger", "plane-numbers"]
after = ["choice"]
+++
## Predict
Put z where the prior is most dense.
@ 0; 0 +- 0.3
## Do
Page: posteriors
View: points=draws of z, classes=1
Show: model-box
Look at class 1.
## Explain
It is the origin.
"""
FALSE = CHOICE.replace("kl_normal(0, 0.1) > 1", "kl_normal(0, 0.1) < 1")


def write(folder: Path, **lessons: str) -> Path:
    """A teacher's folder with these lessons, by their ids."""
    folder.mkdir(exist_ok=True)
    for name, text in lessons.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder
