"""Where the reader stands: in the address, fitted to a model, from page to page."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.ui.components.lens_state import (
    COUNTS,
    LAYERS,
    MAX_DIMENSIONS,
    STEPS,
    LensState,
    renewed,
)
from tests.pages.app import (
    MAPS,
    MODELS,
    assert_sound,
    go,
    has_component,
    is_map,
    lens_facts,
    lens_pages,
    lens_state,
    open_page,
    tell,
)
from vae_core import Run
from vae_core.analysis import channel_order
from vae_core.analysis.diagnosis.sample_change import varied_image

DIGITS = next(run for run in MODELS if run.id == "digits-2d")
OTHER = next(run for run in MODELS if run.id == "mnist-20d")
MAP = next(run for run in MAPS if run.config.data.name == "digits")
every_model = pytest.mark.parametrize("run", MODELS, ids=lambda run: run.id)

wholes = st.integers(0, 1_000_000)
several = st.lists(wholes, unique=True, min_size=1, max_size=20).map(tuple)
states = st.builds(
    LensState,
    image=st.none() | wholes,
    draw=st.none() | wholes,
    z=st.dictionaries(wholes, st.floats(-999, 999), max_size=MAX_DIMENSIONS),
    axes=several,
    layers=st.sets(st.sampled_from(LAYERS)).map(lambda s: tuple(x for x in LAYERS if x in s)),
    cells=several,
    channel=st.none() | wholes,
    shuffled=st.booleans(),
    tour=st.none() | st.sampled_from(STEPS),
    classes=several,
    count=st.sampled_from(COUNTS),
    label=st.none() | wholes,
)
KEPT = (
    *("image", "draw", "axes", "layers", "cells", "channel", "shuffled", "tour"),
    *("classes", "count", "label"),
)


def address_of(state: LensState, first: LensState | None = None) -> dict[str, str]:
    return {k: v for k, v in state.to_address(first).items() if v is not None}


# The address


@given(states)
def test_an_address_leads_back_to_the_state_to_three_digits_of_z(state: LensState) -> None:
    back = LensState.from_address(address_of(state))
    for name in KEPT:
        assert getattr(back, name) == getattr(state, name)
    assert back.z.keys() == state.z.keys()
    for j, value in state.z.items():
        assert back.z[j] == pytest.approx(value, rel=0.0051)


@given(states, states)
def test_an_address_holds_what_differs_from_how_the_page_begins(
    state: LensState, first: LensState
) -> None:
    shown = state.to_address(first)
    assert shown.keys() == {"z", *KEPT}
    for name, value in shown.items():
        assert (value is None) == (getattr(state, name) == getattr(first, name))
    assert address_of(state, state) == {}


@given(states)
def test_parameters_of_other_things_are_left_alone(state: LensState) -> None:
    others = {"run": "MNIST 2-D", "view": "Bars", "at": "1,2"}
    assert LensState.from_address(address_of(state) | others) == LensState.from_address(
        address_of(state)
    )


def test_where_z_was_let_go_is_not_in_the_address() -> None:
    assert address_of(LensState(at=(1.0, 2.0))) == {}


def test_an_address_holds_no_more_numbers_than_can_be_handed_on() -> None:
    z = {j: float(j) / 2 for j in range(2 * MAX_DIMENSIONS)}
    address = address_of(LensState(z=z))
    assert LensState.from_address(address).z == {j: z[j] for j in range(MAX_DIMENSIONS)}
    assert len(address["z"]) < 2000


@pytest.mark.parametrize(
    "garbage",
    [
        *({"image": text} for text in ("seven", "-1", "7.5", "1000001", 5000 * "9", "", "nan")),
        *({"draw": text} for text in ("x", "-4", "1e3", "inf")),
        *(
            {"z": text}
            for text in ("", "5", "0", "0:", ":1", "0:a", "a:0", "0:1:2", "0:1,", "-1:0")
        ),
        *({"z": f"0:0.5,1:{text}"} for text in ("nan", "inf", "-inf", "1e999", "10000", "1e40")),
        *({"axes": text} for text in ("z0,z1", "0;1", "-1,0", "0,", "nan")),
        *({"cells": text} for text in ("0,-1", "(0, 1)", "9999999", "one")),
        *({"channel": text} for text in ("all", "-1", "0.5")),
        *({"shuffled": text} for text in ("", "yes", "2", "-1")),
        *({"classes": text} for text in ("three", "-1", "1;2")),
        *({"count": text} for text in ("many", "-1", "1e3")),
        *({"label": text} for text in ("seven", "-1", "0.5")),
        {"z": "0:nan", "axes": "a,b", "draw": "?", "cells": "!", "channel": "c1"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_left_out_and_the_rest_is_kept(garbage: dict[str, str]) -> None:
    good = {"image": "7", "draw": "3", "z": "0:0.52,1:-1.2", "axes": "1,0", "layers": "points"}
    good |= {"cells": "2,3", "channel": "1", "shuffled": "1", "classes": "1", "count": "500"}
    good |= {"label": "4"}
    assert LensState.from_address(garbage) == LensState()
    kept = {name: text for name, text in good.items() if name not in garbage}
    assert LensState.from_address(good | garbage) == LensState.from_address(kept)


def test_layers_that_there_are_not_are_left_out_of_those_that_there_are() -> None:
    assert LensState.from_address({"layers": "holes,rings,points"}).layers == ("points", "holes")
    assert LensState.from_address({"layers": "none"}).layers == ()
    for link in ("points,computation", "computation+points", "points computation"):
        assert LensState.from_address({"layers": link}).layers == ("points", "computation")


def test_an_index_given_twice_counts_once() -> None:
    twice = LensState.from_address({"axes": "3,3", "cells": "5,2,5", "z": "0:1,0:2"})
    assert twice.axes == (3,)
    assert twice.cells == (5, 2)
    assert twice.z == {0: 2.0}


# Fitted to a model


@given(states, st.sampled_from([(1,), (2,), (10,), (1, 1, 1), (2, 2, 3), (4, 4, 4)]))
def test_a_fitted_state_has_only_what_the_model_has(
    state: LensState, latent: tuple[int, ...]
) -> None:
    d, n = math.prod(latent), 50
    order = list(range(d))[::-1]
    fitted = state.fit(n, latent, order)
    assert fitted.image == (None if state.image is None else min(state.image, n - 1))
    assert fitted.z == {j: value for j, value in state.z.items() if j < d}
    assert fitted.cells == tuple(cell for cell in state.cells if cell < d // latent[-1])
    assert fitted.shuffled == (state.shuffled and d > latent[-1])
    assert fitted.channel in {None, *range(latent[-1])}
    assert (fitted.draw, fitted.layers) == (state.draw, state.layers)
    assert len(set(fitted.axes)) == min(2, d)
    assert set(fitted.axes) <= set(range(d))
    assert fitted.classes == state.classes
    few = state.fit(n, latent, order, labels=range(10))
    assert few.classes == tuple(y for y in state.classes if y < 10)
    assert fitted.fit(n, latent, order) == fitted


def test_what_a_model_has_is_kept() -> None:
    here = LensState(9, 4, {0: 1.0, 11: -2.0}, (7, 3), ("holes",), (0, 3), 2, shuffled=True)
    assert here.fit(10, (2, 2, 3), list(range(12))) == here


@pytest.mark.parametrize("axes", [(), (3,), (3, 3), (1, 10), (0, 1, 2)])
def test_axes_that_are_no_two_of_the_numbers_become_the_most_informative_two(
    axes: tuple[int, ...],
) -> None:
    order = [6, 2, *(j for j in range(10) if j not in (6, 2))]
    assert LensState(axes=axes).fit(50, (10,), order).axes == (6, 2)


@pytest.mark.parametrize("axes", [(), (1, 0), (0, 1), (5, 6)])
def test_the_plane_of_two_numbers_is_never_turned(axes: tuple[int, ...]) -> None:
    assert LensState(axes=axes).fit(50, (2,), [1, 0]).axes == (0, 1)


def test_a_number_of_images_that_is_not_offered_is_the_usual_one() -> None:
    assert LensState(count=777).fit(50, (2,), [0, 1]).count == LensState.count


# Links of earlier versions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"points": "means"}, {"layers": "points,classes"}),
        ({"points": "draws of z", "ellipses": "true"}, {"layers": "samples,classes"}),
        ({"points": "posteriors, 1σ", "ellipses": "false"}, {"layers": "widths"}),
        ({"points": "none", "ellipses": "False"}, {"layers": "none"}),
        ({"points": "lines"}, {"layers": "points,classes"}),
        ({"across": "z7", "up": "z2"}, {"axes": "7,2"}),
        ({"across": "z7", "up": "z99"}, {}),
        ({"classes": "1,4", "count": "500"}, {"classes": "1,4", "count": "500"}),
    ],
    ids=str,
)
def test_old_parameters_of_the_plane_become_those_of_the_lens(
    old: dict[str, str], new: dict[str, str]
) -> None:
    names = [f"z{j}" for j in range(20)]
    assert renewed(old, names) == new


def test_an_old_link_to_the_posteriors_opens_the_view_it_meant() -> None:
    link = {"points": "draws of z", "across": "z7", "up": "z2", "classes": "3"}
    app = open_page("posteriors.py", OTHER, **link)
    assert_sound(app)
    state = lens_facts(app)["state"]
    assert (state["layers"], state["axes"]) == (["classes", "samples"], [7, 2])
    assert state["classes"] == [3]
    assert dict(app.query_params).keys() == {"run", "layers", "axes", "classes"}


# What the lens says


def test_a_look_goes_to_the_page_and_back() -> None:
    here = LensState(None, 4, {0: 1.0, 11: -2.0}, (7, 3), ("holes",), (0, 3), 2, shuffled=True)
    assert LensState.from_page(here.to_page()) == here
    said = here.to_page() | {"z": {"0": 1, "11": -2.0}, "at": [0.5, 1, 2]}  # as JSON has them
    assert LensState.from_page(said) == LensState(
        None, 4, {0: 1.0, 11: -2.0}, (7, 3), ("holes",), (0, 3), 2, (0.5, 1.0, 2.0), shuffled=True
    )


# From link to lens and from page to page


def test_a_link_brings_back_image_z_axes_layers_and_draw() -> None:
    link = {"image": "7", "draw": "5", "z": "0:0.52,13:-1.2", "axes": "13,4", "layers": "holes"}
    for page in lens_pages(OTHER):
        app = open_page(page, OTHER, **link)
        assert_sound(app)
        told = lens_facts(app)["state"]
        assert (told["image"], told["draw"]) == (7, 5)
        assert told["z"] == {"0": 0.52, "13": -1.2}
        assert told["axes"] == [13, 4]
        assert told["layers"] == ["holes"]
        for name, text in link.items():
            assert app.query_params[name] == text


def test_a_link_brings_back_cells_and_channel_of_a_map() -> None:
    app = open_page("feature_map.py", MAP, cells="1,2", channel="0", z="3:0.25", shuffled="1")
    told = lens_facts(app)["state"]
    assert (told["cells"], told["channel"], told["z"]) == ([1, 2], 0, {"3": 0.25})


@every_model
def test_the_sliders_begin_at_the_first_image_and_leave_the_address_alone(run: Run) -> None:
    app = open_page("sliders.py", run)
    facts = lens_facts(app)
    told = facts["state"]
    assert (told["image"], told["draw"], facts["first_draw"]) == (0, None, 0)
    assert_untouched(told, run)
    assert dict(app.query_params).keys() <= {"run"}


def assert_untouched(told: dict[str, object], run: Run) -> None:
    order = channel_order(run.codes())
    assert told["axes"] == ([0, 1] if len(order) == 2 else order[:2])
    assert told["z"] == {}
    assert told["cells"] == []


@every_model
def test_the_overview_begins_its_start_at_an_image_whose_samples_differ(run: Run) -> None:
    app = open_page("overview.py", run)
    facts = lens_facts(app)
    told, found = facts["state"], varied_image(run.vae(), run.codes())
    assert (told["image"], told["draw"], facts["first_draw"]) == (found, None, 1)
    assert told["tour"] == 1
    assert_untouched(told, run)
    assert app.query_params["tour"] == "1"
    assert app.query_params.get("image", "0") == str(found)
    assert [len(step) for step in facts["words"]["start"]] == [2, 2, 2]


def test_a_start_begins_with_an_image_of_each_model_that_is_chosen() -> None:
    app = open_page("overview.py", DIGITS)
    app.selectbox(key="run").select(MAP.title).run()
    told = lens_facts(app)["state"]
    assert told["image"] == varied_image(MAP.vae(), MAP.codes())
    assert told["tour"] == 1


def test_a_link_to_a_state_has_no_start_and_the_start_ends_on_another_page() -> None:
    told = lens_facts(open_page("overview.py", DIGITS, image="7"))["state"]
    assert (told["image"], told["tour"]) == (7, None)
    app = open_page("overview.py", DIGITS, image="7", tour="2")
    assert lens_facts(app)["state"]["tour"] == 2
    go(app, "sliders.py")
    assert "tour" not in app.query_params
    assert lens_facts(go(app, "overview.py"))["state"]["tour"] is None


@pytest.mark.parametrize("step", ["0", "4", "one"])
def test_a_step_that_the_start_does_not_have_is_none(step: str) -> None:
    told = lens_facts(open_page("overview.py", DIGITS, tour=step))["state"]
    assert told["tour"] is None


def test_what_the_lens_tells_is_in_the_address_and_told_back_on_other_pages() -> None:
    app = open_page("overview.py", DIGITS)
    tell(app, image=11, draw=3, z={"0": 1.5}, at=[1.5, 0.25], layers=["points", "holes"])
    assert_sound(app)
    link = {"image": "11", "draw": "3", "z": "0:1.5", "layers": "points,holes"}
    assert {name: app.query_params[name] for name in link} == link
    for page in ("sliders.py", "kl.py", "sliders.py", "train.py", "overview.py"):
        go(app, page)
        assert_sound(app)
        if page in lens_pages(DIGITS):
            told = lens_facts(app)["state"]
            assert (told["image"], told["draw"], told["z"]) == (11, 3, {"0": 1.5})
            assert told["layers"] == ["points", "holes"]
            assert {name: app.query_params[name] for name in link} == link


def test_a_lens_that_stays_on_its_page_is_told_again_where_it_began() -> None:
    """It keeps its place itself; told anything new, its code would be sent again."""
    app = open_page("overview.py", DIGITS, image="4")
    began = lens_facts(app)
    tell(app, image=11, z={"0": 1.5}, at=[1.5, 0.25])
    assert lens_facts(app) == began
    assert lens_state(app).image == 11


@pytest.mark.parametrize("page", ["kl.py", "sliders.py"])
def test_a_lens_that_comes_back_is_told_where_it_was_left(page: str) -> None:
    app = open_page("overview.py", DIGITS, image="4")
    tell(app, image=11, z={"0": 1.5}, at=[1.5, 0.25])
    go(go(app, page), "overview.py")
    told = lens_facts(app)["state"]
    assert (told["image"], told["z"]) == (11, {"0": 1.5})


@pytest.mark.parametrize(("page", "left"), [("sliders.py", set()), ("overview.py", {"image"})])
def test_what_is_again_as_it_was_leaves_the_address(page: str, left: set[str]) -> None:
    """The Overview begins at another image than the first, whose number stays."""
    app = open_page(page, DIGITS, image="11", z="0:1.5", draw="3")
    tell(app, image=0, z={}, draw=None, at=[0.0, 0.0])
    assert dict(app.query_params).keys() - {"run"} == left


@pytest.mark.parametrize("page", ["overview.py", "sliders.py"])
def test_another_model_keeps_the_image_and_drops_z(page: str) -> None:
    app = open_page(page, OTHER, image="7", z="0:0.52,13:-1.2", axes="13,4", layers="holes")
    tell(app, at=[0.5] * 20)
    app.selectbox(key="run").set_value(DIGITS.title).run()
    assert_sound(app)
    told = lens_facts(app)["state"]
    assert (told["image"], told["layers"]) == (7, ["holes"])
    assert told["z"] == {}
    assert told["axes"] == [0, 1]
    assert lens_state(app).at == ()
    assert app.query_params["image"] == "7"
    assert not {"z", "axes"} & dict(app.query_params).keys()


def test_a_link_to_cells_means_nothing_to_a_vector_and_the_page_of_cells_explains_itself() -> None:
    assert not is_map(DIGITS)
    app = open_page("feature_map.py", DIGITS, cells="1,2", channel="5")
    assert_sound(app)
    assert not has_component(app, "lens")
    told = lens_facts(go(app, "sliders.py"))["state"]
    assert (told["cells"], told["channel"]) == ([], None)
