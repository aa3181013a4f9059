"""Settings that change while a run is trained: recorded, and the same to the last bit on resume."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest
import torch

from tests.core.runs.test_resume import assert_same
from tests.samples import tiny_run
from vae_core import ConfigError, Run, RunConfig, RunError, RunStore, TrainConfig, build_vae, fit
from vae_core.__main__ import main
from vae_core.runs.archive import archive
from vae_core.runs.changes import CHANGES, WANTED, Change, settings_at
from vae_core.runs.export import export_run
from vae_core.runs.records import read_history

SETTINGS = TrainConfig(epochs=5, batch_size=32, threads=1)
CONFIG = replace(tiny_run(), train=SETTINGS)


def changed_run(root, digits, *stops: int, config: RunConfig = CONFIG) -> Run:
    """Asked in its second epoch for beta 4, in its fourth for another learning rate.

    Interrupted in the midst of the epochs after `stops`, and gone on with.
    """
    run = RunStore(root).create(config)
    training = run.train(digits)
    for epoch in range(1, 6):
        assert next(training).epoch == epoch
        if epoch == 1:
            run.change(4.0, 1e-3, is_under_way=True)
        if epoch == 3:
            run.change(4.0, 0.01, is_under_way=True)
        if epoch in stops:
            training.close()
            training = run.train(digits)
    assert list(training) == []
    return run


@pytest.fixture(scope="module")
def changed(tmp_path_factory, digits) -> Run:
    return changed_run(tmp_path_factory.mktemp("changed"), digits)


def test_what_took_effect_is_in_the_history(changed):
    assert [(r.beta, r.lr) for r in changed.history()] == [
        *((1.0, 1e-3), (1.0, 1e-3), (4.0, 1e-3), (4.0, 1e-3), (4.0, 0.01)),
    ]  # fmt: skip
    assert changed.changes() == [Change(3, 4.0, 1e-3), Change(5, 4.0, 0.01)]
    assert changed.wanted_change() is None
    assert changed.effective_beta == 4.0
    assert changed.config.train.beta == 1.0


def test_it_is_trained_as_the_changed_settings_say(changed, digits):
    """The same as three trainings, each of which goes on from the state of the one before."""
    vae, state = build_vae(CONFIG.model, digits.image_shape), None
    for epochs, beta, lr in ((2, 1.0, 1e-3), (4, 4.0, 1e-3), (5, 4.0, 0.01)):
        settings = replace(SETTINGS, epochs=epochs, beta=beta, lr=lr)
        *_, last = fit(vae, digits, settings, state)
        state = last.state
    kept = changed.state().to_tensors()
    assert all(torch.equal(kept[name], value) for name, value in state.to_tensors().items())


@pytest.mark.parametrize("stops", [(1,), (2,), (3,), (4,), (1, 2, 3, 4)])
def test_interrupted_it_comes_to_the_same_bits(tmp_path, digits, changed, stops):
    run = changed_run(tmp_path, digits, *stops)
    for name in ("weights", "codes", "resume"):
        assert_same(run, changed, name)
    assert run.changes() == changed.changes()


def test_before_training_and_between_two_trainings_the_next_epoch_changes(tmp_path, digits):
    run = RunStore(tmp_path).create(CONFIG)
    assert run.change(2.0, 1e-3, is_under_way=False).epoch == 1
    training = run.train(digits)
    next(training)
    training.close()
    run.change(3.0, 1e-3, is_under_way=False)
    list(run.train(digits))
    assert [r.beta for r in run.history()] == [2.0, 3.0, 3.0, 3.0, 3.0]


def test_the_last_of_several_wishes_counts_and_one_for_what_is_there_leaves_no_trace(
    tmp_path, digits
):
    run = RunStore(tmp_path).create(CONFIG)
    run.change(2.0, 1e-3, is_under_way=False)
    run.change(1.0, 1e-3, is_under_way=False)
    list(run.train(digits))
    assert not run.was_changed
    assert run.wanted_change() is None
    assert not (run.path / CHANGES).exists()


def test_what_cannot_be_is_refused(tmp_path, digits, changed):
    with pytest.raises(RunError, match="its last epoch is under way or done"):
        changed.change(2.0, 1e-3, is_under_way=False)
    run = RunStore(tmp_path).create(CONFIG)
    with pytest.raises(ConfigError, match="lr must be a number"):
        run.change(1.0, 2.0, is_under_way=False)
    weighted = replace(CONFIG, train=replace(SETTINGS, importance=4))
    with pytest.raises(ConfigError, match="importance"):
        RunStore(tmp_path).create(weighted).change(2.0, 1e-3, is_under_way=False)
    swept = RunStore(tmp_path).create(replace(CONFIG, sweep="some"))
    with pytest.raises(RunError, match="the runs of a sweep keep"):
        swept.change(2.0, 1e-3, is_under_way=False)


def test_a_changed_run_is_not_shared_by_who_asks_for_its_settings(tmp_path, digits):
    run = RunStore(tmp_path).create(CONFIG)
    assert RunStore(tmp_path).find_same([CONFIG]) == [run]
    run.change(2.0, 1e-3, is_under_way=False)
    assert RunStore(tmp_path).find_same([CONFIG]) == []
    next(run.train(digits))
    assert RunStore(tmp_path).find_same([CONFIG]) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"epoch": 2}', '{"epoch": 0, "beta": 1, "lr": 0.1}'),
        *('{"epoch": 2, "beta": -1, "lr": 0.1}', '{"epoch": 2, "beta": true, "lr": 0.1}'),
        '{"epoch": 2, "beta": 1, "lr": "fast"}',
    ],
)
def test_files_that_are_no_changes_are_named_or_passed_over(tmp_path, digits, text):
    run = RunStore(tmp_path).create(CONFIG)
    (run.path / WANTED).write_text(text)
    assert run.wanted_change() is None
    next(run.train(digits))
    assert run.changes() == []
    (run.path / CHANGES).write_text(f'{{"changes": [{text or 1}]}}')
    with pytest.raises(RunError, match=r"changes\.json: "):
        run.changes()


def test_changes_out_of_order_are_refused(tmp_path):
    run = RunStore(tmp_path).create(CONFIG)
    one = {"epoch": 2, "beta": 1.0, "lr": 0.1}
    (run.path / CHANGES).write_text(json.dumps({"changes": [one, one]}))
    with pytest.raises(RunError, match="in the order of their epochs"):
        run.changes()


def test_settings_hold_until_the_next_change():
    changes = [Change(3, 4.0, 1e-3), Change(5, 1.0, 0.01)]
    found = [settings_at(SETTINGS, changes, epoch) for epoch in (2, 3, 4, 5)]
    assert [(one.beta, one.lr) for one in found] == [
        *((1.0, 1e-3), (4.0, 1e-3), (4.0, 1e-3), (1.0, 0.01)),
    ]  # fmt: skip


def test_old_records_have_no_learning_rate(tmp_path, changed):
    lines = [r.to_dict() for r in changed.history()]
    del lines[0]["lr"]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [r.lr for r in read_history(tmp_path / "history.jsonl")][:2] == [None, 1e-3]


def test_show_the_zip_and_an_exported_folder_tell_of_the_changes(changed, digits, tmp_path, capsys):
    said = (
        "Changed while it was trained: from epoch 3 on β = 4, learning rate 0.001; from epoch 5 on "
        "β = 4, learning rate 0.01."
    )
    assert main(["show", str(changed.path)]) == 0
    assert said in capsys.readouterr().out
    assert main(["show", str(changed.path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["epoch"] for one in shown["changes"]] == [3, 5]
    with zipfile.ZipFile(io.BytesIO(archive(changed))) as packed:
        assert said in packed.read(f"{changed.id}/README.txt").decode()
    small = export_run(changed, digits, tmp_path / "small")
    assert said in (small.path / "README.md").read_text(encoding="utf-8")
    assert (small.changes(), small.effective_beta) == (changed.changes(), 4.0)
