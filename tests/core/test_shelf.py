"""The shelf: its rows are whole, each was measured, and those that train nothing come out."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest

from tests.samples import ROOT, tiny_run
from vae_core import load_dataset
from vae_core.__main__ import main
from vae_core.errors import ConfigError, DataError
from vae_core.lessons import QUANTITIES, open_model
from vae_core.runs.store import RunStore
from vae_core.shelf import (
    Result,
    config_of,
    find_rows,
    machine,
    read_results,
    read_rows,
    reproduce,
    write_results,
)
from vae_core.shelf.reproduce import trained

ROWS = {row.name: row for row in read_rows()}
RESULTS = read_results()


def test_every_row_was_measured_and_nothing_else():
    assert list(RESULTS) == list(ROWS)
    assert len(ROWS) >= 40


def test_nine_in_ten_rows_come_out_and_each_of_the_others_is_explained():
    missed = [row for row in ROWS.values() if not row.holds(RESULTS[row.name].value)]
    assert len(missed) <= 0.1 * len(ROWS)
    for row in ROWS.values():
        assert bool(row.miss) == (row in missed), row.name


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_a_row_says_where_its_number_is_from_and_when_ours_was_measured(row):
    assert re.search(r"\b(19|20)\d\d\)$", row.source)
    assert row.title
    assert row.place
    assert row.within >= 0.0
    assert row.call.name in QUANTITIES
    result = RESULTS[row.name]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", result.date)
    assert re.search(r"\d cores?$", result.machine)
    assert result.seconds >= 0.0
    if config_of(row) is None:
        assert open_model(row.run).is_finished
        assert row.is_quick or row.name.startswith("gap-")
    else:
        assert not row.is_quick
        assert result.seconds > 1.0


def test_quick_rows_come_out_as_published_and_as_in_the_table(tmp_path):
    """All whose images are here: of MNIST where it is at hand."""
    store, n_run = RunStore(tmp_path), 0
    for row in find_rows([], quick=True):
        try:
            result = reproduce(row, store)
        except DataError:
            continue
        n_run += 1
        assert row.holds(result.value), row.name
        kept, error = RESULTS[row.name], RESULTS[row.name].standard_error
        slack = 4.0 * error if math.isfinite(error) else 0.0
        assert result.value == pytest.approx(kept.value, rel=1e-3, abs=1e-6 + slack), row.name
    assert n_run >= 25
    assert not list(tmp_path.iterdir())


def test_rows_are_found_by_name_by_begin_and_by_likeness():
    assert [row.name for row in find_rows(["kl-1-1"])] == ["kl-1-1"]
    assert {row.name for row in find_rows(["water-line"])} >= {"water-line-1", "water-line-2"}
    assert all(row.is_quick for row in find_rows([], quick=True))
    with pytest.raises(ConfigError, match=r"Names like it are .*water-line-1"):
        find_rows(["waterline-1"])
    with pytest.raises(ConfigError, match="no quick row 'mlp-20d'"):
        find_rows(["mlp-20d"], quick=True)


def test_what_is_accepted_is_a_band_with_its_ends():
    row = dataclasses.replace(ROWS["kl-1-1"], published=0.3, within=0.1)
    assert row.holds(0.4)
    assert row.holds(0.2)
    assert not row.holds(0.41)
    assert row.digits == 2
    assert dataclasses.replace(row, within=0.0).digits == 0


def test_a_table_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "results.json"
    results = {
        name: Result(name, 1.5, error, "2026-01-31", machine(), 0.25)
        for name, error in (("a", 0.1), ("b", math.nan))
    }
    write_results(results, path)
    found = read_results(path)
    assert found["a"] == results["a"]
    assert math.isnan(found["b"].standard_error)
    path.write_text('{"rows": [{"name": "a"}]}')
    with pytest.raises(DataError, match="expected a table"):
        read_results(path)


def test_the_command_tells_and_keeps_a_row(tmp_path, capsys, monkeypatch):
    table = tmp_path / "table.json"
    assert main(["reproduce", "kl-1-1", "full-outputs", "--keep", str(table), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    rows = json.loads(line)["rows"]
    assert [row["verdict"] for row in rows] == ["as published"] * 2
    assert (rows[1]["published"], rows[1]["value"]) == (65.0, 65.0)
    assert list(read_results(table)) == ["kl-1-1", "full-outputs"]
    assert main(["reproduce", "kl-1-1", "--quick"]) == 0
    assert "published 0.50000, ours 0.50000 nats" in capsys.readouterr().out
    assert main(["reproduce", "--list"]) == 0
    assert "mlp-20d  (trains, or takes long): " in capsys.readouterr().out
    assert main(["reproduce", "nothing-like-it"]) == 2
    assert "the shelf has no row" in capsys.readouterr().err


def test_a_model_is_trained_once_and_gone_on_with_where_it_was_interrupted(tmp_path):
    store, config, seen = RunStore(tmp_path), tiny_run(), []
    begun = store.create(config)
    next(iter(begun.train(load_dataset(config.data))))
    first = trained(config, store, lambda record: seen.append(record.epoch))
    assert (first.path, seen) == (begun.path, [2, 3])
    assert trained(config, store).path == begun.path
    assert seen == [2, 3]


def test_the_docs_show_rows_as_they_were_measured():
    """Its short table has the numbers of the long one."""
    text = (ROOT / "docs" / "reference" / "published.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| .* \| ([^|]+) \| ([^|]+) \| `([\w-]+)` \|$", text, re.MULTILINE)
    assert len(shown) >= 6
    for published, ours, name in shown:
        assert float(published.replace("−", "-")) == pytest.approx(ROWS[name].published)
        value = float(ours.split("±")[0].replace("−", "-"))
        assert value == pytest.approx(RESULTS[name].value, abs=0.006)
