"""Room in a folder of runs: what takes it, what is kept, what goes, and never half a run."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.samples import tiny_run, tiny_sweep
from vae_core import Dataset, Run, RunError, RunStore
from vae_core.analysis import sweep
from vae_core.io import write_json
from vae_core.runs.archive import archive
from vae_core.runs.export import export_run
from vae_core.runs.store import envelope


def store_of(run: Run) -> RunStore:
    return RunStore(run.path.parent)


def aged(run: Run, day: int) -> Run:
    """The run as if it had been made on this day."""
    made = replace(run, created=f"2026-01-{day:02}T12:00:00+00:00")
    write_json(made.path / "config.json", envelope(made.config, made.created))
    return made


@pytest.fixture
def five(tmp_path: Path, finished_run: Run) -> list[Run]:
    """Five finished runs, the oldest first."""
    for k in range(5):
        shutil.copytree(finished_run.path, tmp_path / f"run-{k}")
    return [aged(RunStore(tmp_path).load(f"run-{k}"), k + 1) for k in range(5)]


def test_a_size_is_that_of_its_files_and_all_runs_together_add_up(tmp_path, digits):
    runs = tiny_sweep(tmp_path, digits, betas=(0.5, 2.0))  # with folders of epochs
    store = RunStore(tmp_path)
    for run in runs:
        files = [p.stat().st_size for p in run.path.rglob("*") if p.is_file()]
        assert len(files) == len(runs[0].kept_epochs()) + len(runs[0].frame_steps()) + 8
        assert store.size(run.id) == sum(files)
    assert store.size() == sum(store.size(run.id) for run in runs)
    assert store.size("absent") == RunStore(tmp_path / "absent").size() == 0


def test_links_take_no_room(run_copy, tmp_path):
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "file").write_bytes(bytes(10**6))
    before = store_of(run_copy).size()
    (run_copy.path / "link").symlink_to(tmp_path / "large")
    (run_copy.path.parent / "linked").symlink_to(tmp_path / "large")
    assert store_of(run_copy).size() == store_of(run_copy).size(run_copy.id) == before
    assert store_of(run_copy).size("linked") == 0


def test_only_the_whole_sweep_is_the_same_sweep(store):
    first, second = configs = sweep(tiny_run(), "beta", [1, 4])
    runs = [store.create(config) for config in configs]
    assert store.find_same([second, first]) == runs[::-1]
    assert store.find_same([first]) == []
    third = sweep(tiny_run(), "beta", [9])
    assert store.find_same([*configs, *third]) == []


def test_a_deleted_run_is_gone_and_the_others_stay(five):
    store = store_of(five[0])
    store.delete("run-2")
    assert [entry.id for entry in store.list()] == ["run-4", "run-3", "run-1", "run-0"]
    assert sorted(os.listdir(store.root)) == ["run-0", "run-1", "run-3", "run-4"]
    with pytest.raises(RunError, match="there is no such run; it may have been deleted"):
        store.delete("run-2")


def test_a_damaged_run_and_a_foreign_folder_can_be_deleted_a_file_cannot(run_copy):
    store = store_of(run_copy)
    (run_copy.path / "config.json").unlink()
    (store.root / "photos" / "2026").mkdir(parents=True)
    (store.root / "note.txt").touch()
    store.delete(run_copy.id)
    store.delete("photos")
    with pytest.raises(RunError, match="there is no such run"):
        store.delete("note.txt")
    assert os.listdir(store.root) == ["note.txt"]


def test_a_pinned_run_is_known_by_it_and_by_nothing_else(run_copy):
    store, before = store_of(run_copy), store_of(run_copy).size()
    assert not run_copy.is_pinned
    for _ in range(2):
        store.pin(run_copy.id)
        assert store.load(run_copy.id).is_pinned
    assert store.load(run_copy.id) == run_copy
    assert store.size() == before
    for _ in range(2):
        store.pin(run_copy.id, False)
        assert not run_copy.is_pinned
    with pytest.raises(RunError, match="there is no such run"):
        store.pin("absent")


def test_a_pin_does_not_go_along_with_a_copy(run_copy, digits, tmp_path):
    plain = archive(run_copy)
    store_of(run_copy).pin(run_copy.id)
    assert archive(run_copy) == plain
    assert not export_run(run_copy, digits, tmp_path / "copy").is_pinned


@pytest.mark.parametrize("n", [0, 1, 3, 5])
def test_the_oldest_runs_make_room_as_many_as_it_takes(five, n):
    store = store_of(five[0])
    each = max(store.size(run.id) for run in five)
    offered = store.to_free(n * each - (n > 0))
    assert [run.id for run in offered] == [f"run-{k}" for k in range(n)]
    assert sum(store.size(run.id) for run in offered) >= n * each - 100  # config.json may differ
    assert len(store.list()) == 5


def test_pinned_new_damaged_linked_and_kept_runs_are_not_offered(five, tmp_path, finished_run):
    store = store_of(five[0])
    store.pin("run-1")
    (five[2].path / "metrics.json").write_text("?")
    shutil.copytree(finished_run.path, elsewhere := tmp_path / ".elsewhere")
    (tmp_path / "linked").symlink_to(elsewhere)
    new = aged(store.create(tiny_run()), 1)
    assert [run.id for run in store.to_free(10**12, keep=["run-3"])] == ["run-0", "run-4"]
    assert new.id in {entry.id for entry in store.list()}


def test_an_unfinished_run_is_offered_too(tmp_path: Path, digits: Dataset):
    run = RunStore(tmp_path).create(tiny_run())
    training = run.train(digits)
    next(training)
    training.close()
    assert RunStore(tmp_path).to_free(1) == [run]


def unlisted(store: RunStore) -> set[str]:
    return {path.name for path in store.root.glob(".*")}


def test_a_new_run_is_there_with_its_config_or_not_at_all(tmp_path):
    """Killed at any moment, `create` leaves nothing that is listed: only a folder under another
    name, which the rename ends."""
    store = RunStore(tmp_path)
    with store._new_folder("half") as folder:
        assert store.list() == []
        assert folder.name in unlisted(store)
        (folder / "config.json").write_text("{")
    assert [entry.id for entry in store.list()] == ["half"]
    assert unlisted(store) == set()
    with pytest.raises(KeyboardInterrupt), store._new_folder("none"):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["half"]
    run = store.create(tiny_run())
    assert store.load(run.id) == run
    assert unlisted(store) == set()


def left_behind(store: RunStore, name: str, hours: float) -> Path:
    """A folder that a killed process has left, and when it last wrote into it."""
    folder = store.root / name
    folder.mkdir(parents=True)
    (folder / "config.json").touch()
    then = time.time() - 3600 * hours
    for path in (folder / "config.json", folder):
        os.utime(path, (then, then))
    return folder


def test_what_was_left_behind_a_day_ago_is_cleared_and_nothing_else(tmp_path):
    store = RunStore(tmp_path)
    old = left_behind(store, ".digits-3-diagonal-1a2b3c.0123af", 25)
    kept = [
        left_behind(store, ".digits-3-diagonal-1a2b3c.4567cd", 23),  # another server's, at work
        left_behind(store, ".git", 1000),
        left_behind(store, ".venv.backup", 1000),
        left_behind(store, "photos.0123af", 1000),
    ]
    at_work = left_behind(store, ".digits-3-diagonal-1a2b3c.89abef", 1000)
    (at_work / "config.json").write_text("more")  # the folder is as old as it was
    store.create(tiny_run())
    assert not old.exists()
    assert all(path.is_dir() for path in [*kept, at_work])


def test_a_link_that_was_left_behind_is_cleared_and_its_target_is_not(tmp_path):
    target = left_behind(RunStore(tmp_path / "elsewhere"), "target", 1000)
    store = RunStore(tmp_path / "runs")
    store.root.mkdir()
    link = store.root / ".linked.0123af"
    link.symlink_to(target)
    os.utime(link, (0, 0), follow_symlinks=False)
    store.create(tiny_run())
    assert not link.is_symlink()
    assert (target / "config.json").exists()
