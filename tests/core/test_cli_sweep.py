"""The command `sweep`: runs that differ in one setting."""

from __future__ import annotations

import pytest

from tests.samples import tiny_run
from vae_core import RunStore
from vae_core.analysis import sweep
from vae_core.settings import command_line

TINY = command_line(tiny_run()).split()[4:]
FIELDS = [
    *("run_id", "dataset", "binarisation", "n_test", "n_samples", "test_distortion", "test_rate"),
    *("test_negative_elbo", "test_bits_per_dimension", "seconds", "images_per_second"),
]


def test_sweep_trains_every_run_and_the_same_command_keeps_them(answer, tmp_path):
    words = ("sweep", "--over", "beta", "--values", ".1", 1, *TINY, "--runs", tmp_path)
    runs = answer(*words)["runs"]
    assert [run["name"] for run in runs] == ["beta 0.1", "beta 1"]
    assert runs[0]["test_rate"] > runs[1]["test_rate"]
    assert {entry.status for entry in RunStore(tmp_path).list()} == {"finished"}
    assert answer(*words)["runs"] == runs
    longer = answer(*words[:5], 4, *words[5:])["runs"]
    assert [run["name"] for run in longer] == ["beta 0.1", "beta 4", "beta 1"]
    assert (longer[0], longer[2]) == tuple(runs)
    trained = answer("train", *TINY, "--runs", tmp_path / "alone")
    assert trained["test_negative_elbo"] == runs[1]["test_negative_elbo"]


def test_sweep_with_seeds_reports_mean_and_spread_of_each_value(cli, answer, tmp_path):
    words = ("sweep", "--over", "beta", "--values", ".1", 4, "--seeds", 2, *TINY)
    both = answer(*words, "--epochs", 1, "--runs", tmp_path)
    names = ["beta 0.1", "beta 0.1, seed 1", "beta 4", "beta 4, seed 1"]
    assert [run["name"] for run in both["runs"]] == names
    low, high = both["values"]
    assert (low["name"], low["n_seeds"], high["name"]) == ("beta 0.1", 2, "beta 4")
    for term, key in (("rate", "test_rate"), ("negative_elbo", "test_negative_elbo")):
        each = [run[key] for run in both["runs"][:2]]
        assert low[term] == pytest.approx(sum(each) / 2)
        assert low[f"{term}_sd"] == pytest.approx(abs(each[0] - each[1]) / 2**0.5)
    code, out, err = cli(*words, "--epochs", 1, "--runs", tmp_path)
    assert (code, err) == (0, "")
    title, *rows = out[out.index("mean ± sd over seeds") :].splitlines()
    assert [row.split()[:2] for row in rows] == [["beta", "0.1"], ["beta", "4"]]
    assert f"{low['rate']:.2f} ± {low['rate_sd']:.2f}" in rows[0]
    assert "negative ELBO" in title


def test_sweep_tells_people_which_run_it_is_at(cli, tmp_path):
    words = ("sweep", "--over", "posterior", "--values", "delta", "full", *TINY)
    code, out, err = cli(*words, "--runs", tmp_path)
    assert (code, err) == (0, "")
    assert "posterior full, run 2 of 2\n" in out
    table = out[out.index("distortion    rate") :].splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["posterior", "delta"],
        ["posterior", "full"],
    ]
    assert table[1].split()[-2:] == ["-", "-"]  # no finite rate


def test_runs_that_were_made_are_resumed_in_one_go(answer, tmp_path):
    runs = [RunStore(tmp_path).create(c) for c in sweep(tiny_run(), "beta", [0.5, 2])]
    values = answer("resume", *(run.id for run in runs), "--runs", tmp_path)["runs"]
    assert [v["run_id"] for v in values] == [run.id for run in runs]
    assert all(run.is_finished for run in runs)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--over gamma --values 1", "setting must be one of"),
        ("--over beta --values 1 -3", "beta must be"),
        ("--over latent --values 2 4x4", "latent must be"),
        ("--over network --values mlp conv --latent 16x16x4", "finer than the image"),
        ("--over beta --values 1 1", "comes twice"),
        ("--over beta --values 1 2 --seeds 0", "seeds must be from 1 to 100"),
        ("--over beta --values 1 2 --seeds many", "--seeds"),
        ("--over seed --values 1 2 --seeds 3", "one for each value"),
        ("--over beta", "--values"),
    ],
)
def test_bad_sweep_is_one_line_and_leaves_no_run(refusal, tmp_path, words, said):
    assert said in refusal("sweep", *TINY, *words.split(), "--runs", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
