"""Training in the page, from the server's side: a view of Train, its address, the digits it has."""

from __future__ import annotations

import base64
import gzip

import numpy as np
import pytest

from pages.ui.components import training
from tests.pages.app import assert_sound, open_page
from vae_core import DataConfig, load_dataset


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"set": "moons", "beta": "0.5", "run": "x"}, {"set": "moons", "beta": "0.5"}),
        ({"set": "<b>", "beta": "1" * 30, "seed": 3}, {}),
        (None, {}),
        ("moons", {}),
    ],
)
def test_only_short_plain_settings_are_taken_from_an_address(
    given: object, expected: dict[str, str]
) -> None:
    assert training.read(given) == expected


def test_the_digits_in_the_page_are_those_of_the_library() -> None:
    digits = load_dataset(DataConfig())
    given = training.facts({})["digits"]
    rows = np.frombuffer(gzip.decompress(base64.b64decode(given["packed"])), np.uint8)
    rows = rows.reshape(-1, 65)
    assert len(rows) == len(digits.train) + len(digits.test)
    for split, some in (
        (digits.train, rows[: given["n_train"]]), (digits.test, rows[given["n_train"] :])
    ):  # fmt: skip
        assert (some[:, 0] == split.labels.numpy()).all()
        assert (some[:, 1:] == split.pixels.flatten(1).numpy()).all()
        assert split.levels == given["levels"]
    assert given["run"]["data"]["fingerprint"] == digits.fingerprint


def test_it_is_a_view_of_train_and_leaves_nothing_in_the_address() -> None:
    app = open_page("train.py", training="In the page", set="moons")
    assert_sound(app)
    (component,) = (
        c.proto for c in app.get("bidi_component") if c.proto.component_name.endswith(".training")
    )
    assert '"set": "moons"' in component.json.replace('":"', '": "')
    assert [b.proto.label for b in app.get("download_button")] == ["Take it home, .html"]
    app.segmented_control(key="training").set_value("On the server").run()
    assert_sound(app)
    assert "set" not in app.query_params
