"""Every data set that is files: where it is looked for, and how it is downloaded."""

from __future__ import annotations

import pytest

from tests.samples import archives, local_source, write_files
from vae_core import DataConfig, DataError, load_dataset
from vae_core.data.sources import (
    DATA_VARIABLE,
    SOURCES,
    cache_folder,
    download_files,
    find_files,
)

pytestmark = [
    pytest.mark.usefixtures("bare_machine"),
    pytest.mark.parametrize("name", SOURCES),
]


def parents(name, path=None):
    """The folders that the files of a data set are found in."""
    return {file.parent for file in find_files(name, path) or ()}


def test_nothing_is_found_on_an_empty_machine(tmp_path, name):
    assert find_files(name) is None
    assert cache_folder(name).is_relative_to(tmp_path / "cache")


def test_search_goes_from_the_variable_to_the_cache(monkeypatch, tmp_path, name):
    write_files(cache_folder(name), archives(name))
    assert parents(name) == {cache_folder(name)}
    variable = write_files(tmp_path / "variable", archives(name))
    monkeypatch.setenv(DATA_VARIABLE, str(variable))
    assert parents(name) == {variable}
    (variable / SOURCES[name].archives[0]).unlink()
    assert parents(name) == {cache_folder(name)}


def test_named_folder_is_the_only_one_looked_at(monkeypatch, tmp_path, name):
    write_files(cache_folder(name), archives(name))
    monkeypatch.setenv(DATA_VARIABLE, str(write_files(tmp_path / "variable", archives(name))))
    nowhere = str(tmp_path / "nowhere")
    assert find_files(name, nowhere) is None
    with pytest.raises(DataError, match=r"expected the files of .*nowhere: .*; none of them is"):
        load_dataset(DataConfig(name, path=nowhere))
    named = write_files(tmp_path / "named", archives(name))
    assert parents(name, str(named)) == {named}


def test_folder_may_hold_the_files_in_one_named_after_the_data_set(tmp_path, name):
    inner = write_files(tmp_path / "all" / name, archives(name))
    assert parents(name, str(tmp_path / "all")) == {inner}
    assert [other for other in SOURCES if find_files(other, str(tmp_path / "all"))] == [name]


def test_home_is_expanded(monkeypatch, tmp_path, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = write_files(tmp_path / "pictures", archives(name))
    assert parents(name, "~/pictures") == {folder}


@pytest.mark.parametrize("path", ["x" * 300, "~nobody-of-this-name/x", "a\0b"])
def test_folder_that_cannot_be_is_told_like_an_empty_one(name, path):
    with pytest.raises(DataError, match=r"; none of them is there\. Put them there, or name"):
        load_dataset(DataConfig(name, path=path))


def test_download_lands_in_the_cache_and_is_found_again(
    monkeypatch, tmp_path, server, closed_port, name
):
    write_files(tmp_path / "web" / "good", archives(name))
    monkeypatch.setitem(SOURCES, name, local_source(name, f"{server}good/"))
    dataset = load_dataset(DataConfig(name))
    assert (len(dataset.train), len(dataset.test)) == (60, 20)
    assert sorted(path.name for path in cache_folder(name).iterdir()) == sorted(archives(name))
    monkeypatch.setitem(SOURCES, name, local_source(name, closed_port))
    assert load_dataset(DataConfig(name)).fingerprint == dataset.fingerprint


@pytest.mark.parametrize("first", ["closed", "missing", "wrong bytes"])
def test_second_mirror_helps_out(monkeypatch, tmp_path, server, closed_port, name, first):
    good = archives(name)
    write_files(tmp_path / "web" / "good", good)
    write_files(tmp_path / "web" / "wrong", {file: good[file] + b"\0" for file in good})
    mirror = {
        "closed": closed_port,
        "missing": f"{server}nowhere/",
        "wrong bytes": f"{server}wrong/",
    }
    monkeypatch.setitem(SOURCES, name, local_source(name, mirror[first], f"{server}good/"))
    files = download_files(name)
    assert {file.name: file.read_bytes() for file in files} == good
    assert {file.parent for file in files} == {cache_folder(name)}


def test_wrong_bytes_never_reach_the_cache(monkeypatch, tmp_path, server, name):
    wrong = {file: content + b"\0" for file, content in archives(name).items()}
    write_files(tmp_path / "web" / "wrong", wrong)
    monkeypatch.setitem(SOURCES, name, local_source(name, f"{server}wrong/"))
    with pytest.raises(DataError, match=r"127\.0\.0\.1:\d+: ValueError"):
        download_files(name)
    assert not any(cache_folder(name).iterdir())


def test_no_network_names_the_files_and_their_place(monkeypatch, closed_port, name):
    monkeypatch.setitem(SOURCES, name, local_source(name, closed_port, closed_port))
    title = SOURCES[name].title
    with pytest.raises(DataError, match=f"{title} is not on this machine and could not") as caught:
        load_dataset(DataConfig(name))
    message = str(caught.value)
    named = (*SOURCES[name].files, str(cache_folder(name)), "--data-dir", DATA_VARIABLE)
    assert all(part in message for part in named)
    assert message.count("ConnectionError") == 2
    assert "\n" not in message


def test_download_can_be_forbidden(monkeypatch, tmp_path, server, name):
    write_files(tmp_path / "web", archives(name))
    monkeypatch.setitem(SOURCES, name, local_source(name, server))
    with pytest.raises(DataError, match=rf"^{SOURCES[name].title} is not on this machine\.$"):
        load_dataset(DataConfig(name), download=False)
    assert not cache_folder(name).exists()


class Bar:
    """Counts what a download reports."""

    total = done = n_updates = n_files = 0

    def update(self, n: int) -> None:
        self.done, self.n_updates = self.done + n, self.n_updates + 1

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        assert self.done == self.total
        self.n_files += 1


def test_download_reports_its_progress_but_not_every_kilobyte(monkeypatch, tmp_path, server, name):
    write_files(tmp_path / "web", archives(name))
    monkeypatch.setitem(SOURCES, name, local_source(name, server))
    bar = Bar()
    download_files(name, progress=bar)
    assert bar.n_files == len(archives(name))
    n_bytes = sum(map(len, archives(name).values()))
    assert bar.n_updates <= 2 * bar.n_files + n_bytes / 50_000


def test_source_is_complete(name):
    entry = SOURCES[name]
    assert all(m.startswith("https://") and m.endswith("/") for m in entry.mirrors)
    lengths = {"sha256": 32, "md5": 16}
    for known in entry.hashes:
        digits, _, algorithm = known.rpartition(":")[::-1]
        assert len(bytes.fromhex(digits)) == lengths[algorithm or "sha256"]
    assert len(set(entry.hashes)) == len(entry.archives)
    assert entry.megabytes > 0
    assert all(file in entry.listing for file in entry.files)
