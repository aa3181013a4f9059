"""Where MNIST is looked for, how it is downloaded, and the real files where there are any."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.samples import synthetic_files, write_files
from vae_core import DataConfig, DataError, ModelConfig, TrainConfig, build_vae, fit, load_dataset
from vae_core.data.mnist import (
    DATA_VARIABLE,
    FILES,
    SOURCES,
    Source,
    cache_folder,
    download_files,
    find_files,
)


@pytest.fixture(autouse=True)
def _nothing_on_this_machine(monkeypatch, tmp_path):
    """No data folder, an empty cache, and no proxy between a test and its own server."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def parents(files: tuple[Path, ...] | None) -> set[Path]:
    assert files is not None
    return {file.parent for file in files}


def test_nothing_is_found_on_an_empty_machine(tmp_path):
    assert find_files("mnist") is None
    assert cache_folder("mnist").is_relative_to(tmp_path / "cache")


def test_search_goes_from_the_variable_to_the_cache(monkeypatch, tmp_path):
    write_files(cache_folder("mnist"), synthetic_files())
    assert parents(find_files("mnist")) == {cache_folder("mnist")}
    variable = write_files(tmp_path / "variable", synthetic_files())
    monkeypatch.setenv(DATA_VARIABLE, str(variable))
    assert parents(find_files("mnist")) == {variable}


def test_named_folder_is_the_only_one_looked_at(monkeypatch, tmp_path):
    write_files(cache_folder("mnist"), synthetic_files())
    monkeypatch.setenv(DATA_VARIABLE, str(write_files(tmp_path / "variable", synthetic_files())))
    assert find_files("mnist", str(tmp_path / "nowhere")) is None
    with pytest.raises(DataError, match=r"expected the four files of MNIST in .*nowhere"):
        load_dataset(DataConfig("mnist", path=str(tmp_path / "nowhere")))
    named = write_files(tmp_path / "named", synthetic_files(), zipped=True)
    assert parents(find_files("mnist", str(named))) == {named}


def test_folder_may_hold_the_files_in_one_named_after_the_data_set(tmp_path):
    inner = write_files(tmp_path / "all" / "mnist", synthetic_files())
    assert parents(find_files("mnist", str(tmp_path / "all"))) == {inner}
    assert find_files("fashion-mnist", str(tmp_path / "all")) is None


def test_home_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = write_files(tmp_path / "pictures", synthetic_files())
    assert parents(find_files("mnist", "~/pictures")) == {folder}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server for the folders of tmp_path / "web"."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = partial(Quiet, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


@pytest.fixture
def closed_port() -> str:
    """An address of this machine where nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def source(folder: Path, *mirrors: str) -> Source:
    """A data set on local mirrors, recognised by the hashes of the files in `folder`."""
    known = tuple(
        hashlib.sha256((folder / f"{file}.gz").read_bytes()).hexdigest() for file in FILES
    )
    return replace(SOURCES["mnist"], mirrors=mirrors, sha256=known)


@pytest.fixture
def good(tmp_path) -> Path:
    return write_files(tmp_path / "web" / "good", synthetic_files(), zipped=True)


def test_download_lands_in_the_cache_and_is_found_again(monkeypatch, good, server, closed_port):
    monkeypatch.setitem(SOURCES, "mnist", source(good, f"{server}good/"))
    dataset = load_dataset(DataConfig("mnist"))
    assert (len(dataset.train), len(dataset.test)) == (60, 20)
    monkeypatch.setitem(SOURCES, "mnist", source(good, closed_port))
    assert load_dataset(DataConfig("mnist")).fingerprint == dataset.fingerprint


@pytest.mark.parametrize("first", ["closed", "missing", "wrong bytes"])
def test_second_mirror_helps_out(monkeypatch, tmp_path, good, server, closed_port, first):
    write_files(tmp_path / "web" / "wrong", synthetic_files(n_test=21), zipped=True)
    mirror = {
        "closed": closed_port,
        "missing": f"{server}nowhere/",
        "wrong bytes": f"{server}wrong/",
    }
    monkeypatch.setitem(SOURCES, "mnist", source(good, mirror[first], f"{server}good/"))
    files = download_files("mnist")
    assert [file.read_bytes() for file in files] == [
        (good / f"{file}.gz").read_bytes() for file in FILES
    ]
    assert parents(files) == {cache_folder("mnist")}


def test_wrong_bytes_never_reach_the_cache(monkeypatch, tmp_path, good, server):
    write_files(tmp_path / "web" / "wrong", synthetic_files(n_train=61, n_test=21), zipped=True)
    monkeypatch.setitem(SOURCES, "mnist", source(good, f"{server}wrong/"))
    with pytest.raises(DataError, match=r"127\.0\.0\.1:\d+: ValueError"):
        download_files("mnist")
    assert find_files("mnist") is None


def test_no_network_names_the_files_and_their_place(monkeypatch, good, closed_port):
    monkeypatch.setitem(SOURCES, "mnist", source(good, closed_port, closed_port))
    with pytest.raises(DataError, match="MNIST is not on this machine and could not be") as caught:
        load_dataset(DataConfig("mnist"))
    message = str(caught.value)
    assert all(file in message for file in FILES)
    assert str(cache_folder("mnist")) in message
    assert "--data-dir" in message
    assert DATA_VARIABLE in message
    assert message.count("ConnectionError") == 2


def test_download_can_be_forbidden(monkeypatch, good, server):
    monkeypatch.setitem(SOURCES, "mnist", source(good, f"{server}good/"))
    with pytest.raises(DataError, match="MNIST is not on this machine"):
        load_dataset(DataConfig("mnist"), download=False)
    assert not cache_folder("mnist").exists()


@pytest.mark.parametrize("name", SOURCES)
def test_source_is_complete(name):
    entry = SOURCES[name]
    assert len(entry.mirrors) >= 2
    assert all(m.startswith("https://") and m.endswith("/") for m in entry.mirrors)
    assert all(len(bytes.fromhex(known)) == 32 for known in entry.sha256)
    assert len(set(entry.sha256)) == len(FILES)
    assert len(entry.first_test_labels) == len(entry.class_names) == 10


@pytest.mark.slow
def test_real_mnist_is_read_whole(mnist_folder):
    dataset = load_dataset(DataConfig("mnist", path=mnist_folder))
    assert dataset.image_shape == (1, 28, 28)
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert dataset.train.pixels.float().mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert tuple(dataset.test.labels[:10].tolist()) == SOURCES["mnist"].first_test_labels


def test_real_mnist_is_not_taken_for_fashion(mnist_folder):
    with pytest.raises(DataError, match="expected Fashion-MNIST; it holds MNIST"):
        load_dataset(DataConfig("fashion-mnist", path=mnist_folder))


@pytest.mark.slow
def test_short_training_on_real_mnist_reaches_the_known_bound(mnist_folder):
    dataset = load_dataset(DataConfig("mnist", path=mnist_folder, limit=20_000))
    vae = build_vae(ModelConfig(), dataset.image_shape)
    *_, last = fit(vae, dataset, TrainConfig(epochs=3, threads=1))
    assert 120 < last.test_distortion + last.test_rate < 135
