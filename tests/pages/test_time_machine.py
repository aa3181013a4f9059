"""The time machine's page: what its component is told, and what it can fetch."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load as load_tensors
from streamlit.testing.v1 import AppTest

from pages.ui.components import time_machine
from pages.ui.library import listing
from tests.pages.app import (
    assert_sound,
    charts,
    fetch,
    lens_facts,
    numbers,
    open_page,
    the_component,
)
from tests.samples import tiny_run, tiny_sweep
from vae_core import Dataset, Run, RunStore
from vae_core.analysis import examples, sweep
from vae_core.figures import contact_sheet

PAGE = "time_machine.py"


def open_sweep(name: str = "tiny, yours", **address: str) -> AppTest:
    return open_page(PAGE, sweep=name, **address)


def file_of(run: Run, epoch: int) -> Path:
    return run.path / "epochs" / f"{epoch:04d}.safetensors"


def tensors_of(facts: dict[str, Any]) -> dict[str, torch.Tensor]:
    answer = fetch(facts["address"] + "codes")
    assert answer.status == 200
    found: dict[str, torch.Tensor] = load_tensors(answer.content)
    return found


def test_the_machine_is_told_every_checkpoint(runs: Path, digits: Dataset) -> None:
    found = tiny_sweep(runs, digits, latent_shape=(2,))
    app = open_sweep()
    assert_sound(app)
    facts = lens_facts(app, "timeline")
    assert facts["bars"] == {"value": "β", "epoch": "epoch"}
    assert facts["values"] == ["0.2", "1", "5"]
    assert facts["epochs"] == [1, 2, 3]
    assert facts["cells"] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert facts["place"] == {"value": 1, "epoch": 2}
    for name in ("rate", "distortion"):
        expected = [getattr(record, f"test_{name}") for run in found for record in run.history()]
        assert facts["numbers"][name] == pytest.approx(expected)
    tensors = tensors_of(facts)
    n, k = len(digits.test), len(digits.class_names)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    assert shapes == {"points": (9, n, 2), "moments": (9, k, 5), "labels": (n,)}
    kept = found[1].checkpoint(3).codes  # the one that stays as it is
    torch.testing.assert_close(tensors["points"][5].float(), kept.mean, atol=5e-3, rtol=0)
    assert "Procrustes" in app.caption[-1].value


def test_a_sheet_is_what_the_checkpoint_decodes(runs: Path, digits: Dataset) -> None:
    *_, last = tiny_sweep(runs, digits, latent_shape=(2,))
    facts = lens_facts(open_sweep(), "timeline")
    answer = fetch(facts["address"] + "sheet-7")
    checkpoint = last.checkpoint(2)
    z = examples(checkpoint.codes, 10).mean
    row = contact_sheet(checkpoint.decode_mean(z).numpy(), 10, scale=1, gap=1)
    sheet, first = (np.asarray(Image.open(io.BytesIO(png))) for png in (answer.content, row))
    assert sheet.shape == (11 * 9 - 1, 10 * 9 - 1)
    np.testing.assert_array_equal(sheet[:8], first)


def test_the_address_says_where_the_bars_stand(runs: Path, digits: Dataset) -> None:
    tiny_sweep(runs, digits, latent_shape=(2,))
    app = open_sweep(value="5", epoch="1")
    assert lens_facts(app, "timeline")["place"] == {"value": 2, "epoch": 0}
    machine = the_component(app, "timeline")
    app.session_state[machine.key] = {"place": {"value": 0, "epoch": 1}}
    assert_sound(app.run())
    assert app.query_params["value"] == "0.2"
    assert app.query_params["epoch"] == "2"
    assert lens_facts(app, "timeline")["place"] == {"value": 2, "epoch": 0}, "nothing is sent again"
    assert lens_facts(open_sweep(value="7", epoch="x"), "timeline")["place"] == {
        "value": 1, "epoch": 2,
    }  # fmt: skip


def test_what_is_damaged_or_missing_is_said_and_the_rest_shown(runs: Path, digits: Dataset) -> None:
    small, middle, large = tiny_sweep(runs, digits, latent_shape=(2,))
    file_of(small, 2).write_bytes(b"short")
    file_of(middle, 1).unlink()
    for epoch in (1, 2, 3):
        file_of(large, epoch).unlink()
    app = open_sweep()
    assert_sound(app)
    assert len(app.warning) == 2
    assert "0002.safetensors" in app.warning[0].value
    assert "has kept no epoch so far" in app.warning[1].value
    facts = lens_facts(app, "timeline")
    assert facts["values"] == ["0.2", "1"]
    assert facts["cells"] == [[0, 0, 1], [2, 2, 3]]
    assert facts["kept"] == [1, 3, 2, 3]


def test_a_sweep_without_epochs_says_what_to_do(runs: Path, digits: Dataset) -> None:
    for run in tiny_sweep(runs, digits, (1.0, 2.0), latent_shape=(2,)):
        for epoch in run.kept_epochs():
            file_of(run, epoch).unlink()
    app = open_sweep()
    assert not app.exception
    assert "Train it again with epochs to keep" in app.error[0].value


@pytest.mark.parametrize(
    ("posterior", "latent", "said"),
    [
        ("laplace", (2,), "Nothing is turned here"),
        ("dirichlet", (3,), "Nothing is turned here"),
        ("delta", (3,), "two dimensions most informative"),
        ("full", (2, 2, 3), "all cells are turned alike"),
    ],
)
def test_every_family_says_how_it_is_turned(
    posterior: str, latent: tuple[int, ...], said: str, runs: Path, digits: Dataset
) -> None:
    tiny_sweep(runs, digits, (0.5, 1.0), posterior=posterior, latent_shape=latent)
    app = open_sweep()
    assert_sound(app)
    assert said in app.caption[-1].value
    facts = lens_facts(app, "timeline")
    assert facts["rings"] == (said != "Nothing is turned here")
    assert fetch(facts["address"] + "sheet-0").status == 200
    assert bool(tensors_of(facts)["points"].isfinite().all())
    assert (facts["numbers"]["rate"][0] is None) == (posterior == "delta")


def test_one_number_makes_no_plane(runs: Path, digits: Dataset) -> None:
    tiny_sweep(runs, digits, (1.0, 2.0), latent_shape=(1,))
    app = open_sweep()
    assert_sound(app)
    assert "have one latent dimension" in app.info[0].value


def test_of_several_seeds_the_first_is_shown(runs: Path, digits: Dataset) -> None:
    config = tiny_run(latent_shape=(2,))
    config = replace(config, sweep="tiny", train=replace(config.train, keep_epochs=(3,)))
    for one in sweep(config, "beta", (0.5, 2.0), n_seeds=2)[::-1]:
        list(RunStore(runs).create(one).train(digits))
    facts = lens_facts(open_sweep(), "timeline")
    assert facts["values"] == ["0.5", "2"]
    first = listing.sweeps()["tiny, yours"][0]
    assert (first.config.train.beta, first.config.train.seed) == (0.5, 0)
    assert facts["numbers"]["rate"][0] == pytest.approx(first.metrics().rate)
    app = open_page("rate_distortion.py", f"beta 2, seed 1 · {own(runs, 'beta 2, seed 1')}")
    assert_sound(app)
    rows = app.dataframe[0].value.set_index("run")
    assert rows["seeds"].tolist() == [2, 2]
    (ring,) = (t for t in charts(app)[0]["data"] if t.get("name") == "chosen model")
    assert float(numbers(ring["x"])[0]) == pytest.approx(rows.loc["beta 2", "rate"])
    assert any("2 seeds for each value" in m.value for m in app.markdown)


def own(runs: Path, title: str) -> str:
    """The six digits by which the picker tells this run from others."""
    return next(e.id[-6:] for e in RunStore(runs).list() if e.run and e.run.title == title)


def test_a_version_follows_the_files(runs: Path, digits: Dataset) -> None:
    found = tiny_sweep(runs, digits, (1.0, 2.0), latent_shape=(2,))
    before = time_machine.version(found)
    assert time_machine.version(found) == before
    file_of(found[0], 1).unlink()
    assert time_machine.version(found) != before
