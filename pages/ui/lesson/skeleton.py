"""The beginning of a lesson's file: the page, model and view at hand, with texts to fill in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vae_core.lessons.head import KEY

TEXT = """\
+++
title = "A lesson of mine"
question = "What does a student ask?"
minutes = 5
run = {run}
page = {page}
view = {view}
hide = {hide}
after = []
+++
## Predict
What will happen? Write the question here.
- [ ] A wrong answer -- M: What one believes who chooses it. Why that is not so.
- [x] The right answer -- Why it is right.
- [ ] Another wrong answer -- M: Another misconception. Why that is not so.

## Do
{show}Say what to move, and what to watch.

## Reveal
Say what was to be seen. A number is written as {{{{ kl_normal(0, 1) | .2f }}}}, and computed when
the lesson is read.

## Explain
Say why, in three sentences and a formula: $q(z\\mid x)$.

## Transfer
Ask for a number that follows from it.
= kl_normal(2, 1) +- 0.05
"""


def skeleton(run_id: str, page: str, view: Mapping[str, str], hide: Iterable[str]) -> str:
    """A file that `read_lesson` takes as it is.

    Parameters
    ----------
    run_id : str
        Of the model at hand.
    page : str
        Its address.
    view : mapping of str to str
        Address parameters of the page.
    hide : iterable of str
        Keys of what the lesson hides until the step Do.
    """
    hidden = [key for key in hide if KEY.fullmatch(key)]
    pairs = ", ".join(f"{_text(name)} = {_text(value)}" for name, value in view.items())
    return TEXT.format(
        run=_text(run_id),
        page=_text(page),
        view=f"{{ {pairs} }}" if pairs else "{}",
        hide=f"[{', '.join(map(_text, hidden))}]",
        show=f"Show: {', '.join(hidden)}\n" if hidden else "",
    )


def _text(value: str) -> str:
    """A basic string of TOML, on one line."""
    return '"' + "".join(map(_letter, value)) + '"'


def _letter(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    if 0xD800 <= ord(c) <= 0xDFFF:  # half a letter
        return "?"
    return c if c.isprintable() else f"\\U{ord(c):08X}"
