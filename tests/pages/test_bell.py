"""The bell's state: of links and of the page, and in the address."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from pages.ui.components import bell
from pages.ui.components.bell import BellState
from tests.pages.app import MODELS, assert_sound, open_page

PLACES = [
    BellState(),
    BellState(mu=0.0, sigma=1.0),
    BellState(-2.25, 0.01, "slip", "seed"),
    BellState(3.0, 3.0, "mean", "exp-logvar"),
]


@pytest.mark.parametrize("state", PLACES)
def test_an_address_keeps_the_state(state: BellState) -> None:
    address = {name: text for name, text in state.to_address().items() if text is not None}
    assert BellState.read(address) == state
    assert BellState.read(bell.facts(state, 2)["state"]) == state
    assert (address == {}) == (state == BellState())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("mu=nan&sigma=wide&formula=true", BellState()),
        ("mu=-99&sigma=0", BellState(mu=-3.0, sigma=0.01)),
        ("mu=1e9&sigma=-1", BellState(mu=3.0, sigma=0.01)),
        ("mu=0.123&noise=seed&formula=right", BellState(mu=0.12, noise="seed")),
    ],
)
def test_what_makes_no_sense_is_as_it_begins(address: str, expected: BellState) -> None:
    assert BellState.read({name: texts[0] for name, texts in parse_qs(address).items()}) == expected
    for given in (None, "mu", [1], {"mu": None, "formula": "x"}):
        assert BellState.read(given) == BellState()


def test_a_link_opens_the_bell_with_the_dimensions_of_the_model() -> None:
    (run,) = [run for run in MODELS if run.id == "digits-map"]
    app = open_page("kl.py", run, view="One Gaussian", mu="0", sigma="0.1", formula="slip")
    assert_sound(app)
    assert app.metric.values == []  # no number of the model competes
    query = app.query_params
    assert [query[name] for name in ("mu", "sigma", "formula")] == ["0", "0.1", "slip"]
    assert "noise" not in query
