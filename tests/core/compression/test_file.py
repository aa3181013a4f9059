"""Files of packed images, and the commands that write and read them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.samples import ROOT
from vae_core import RunStore, load_dataset
from vae_core.__main__ import main
from vae_core.compression import fingerprint, pack, read_packed, to_levels, unpack
from vae_core.errors import DataError, VAECoreError

MODELS = ROOT / "assets" / "models"
DIGITS = MODELS / "digits-2d"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve digits."""
    file = tmp_path_factory.mktemp("packed") / "digits.elbo"
    assert main(["compress", str(DIGITS), "--limit", "12", "--to", str(file), "--json"]) == 0
    return file


def test_compress_and_decompress_give_the_images(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.npy"
    command = ["decompress", str(written), "--to", str(out), "--runs", str(MODELS)]
    assert main(command) == 0
    assert "12 images of shape 1 x 8 x 8, bit for bit" in capsys.readouterr().out
    images = load_dataset(RunStore(MODELS).load("digits-2d").config.data).test.images[:12]
    levels = np.load(out)
    assert levels.dtype == np.uint8
    assert (levels == (images.numpy() > 0.5)).all()
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err


def test_compress_tells_the_length_beside_the_negative_elbo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compress", str(DIGITS), "--limit", "30", "--to"]
    assert main([*command, str(tmp_path / "a"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bytes"] == (tmp_path / "a").stat().st_size
    assert found["bits_per_pixel"] == pytest.approx(8 * found["bytes"] / (30 * 64))
    assert found["negative_elbo_bits_per_pixel"] * 64 * np.log(2) == pytest.approx(
        found["negative_elbo"]
    )
    assert main([*command, str(tmp_path / "b")]) == 0
    assert "30 test images, pixels 0 or 1 (threshold 0.5)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "more", "said"),
    [
        ("mnist-gaussian-10d", [], "is a density"),
        ("digits-2d", ["--limit", "0"], "expected at least 1 image"),
    ],
)
def test_what_cannot_be_packed_is_refused(
    run: str, more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x"
    assert main(["compress", str(MODELS / run), "--to", str(file), *more]) == 2
    assert said in capsys.readouterr().err
    assert not file.exists()


def test_a_damaged_file_is_one_sentence(written: Path, tmp_path: Path) -> None:
    """Cut off anywhere, or with any byte changed."""
    content, bad = written.read_bytes(), tmp_path / "bad"
    cuts = [content[:k] for k in (0, 5, 11, 12, 40, len(content) - 4, len(content) - 1)]
    rng = np.random.default_rng(0)
    for k in rng.choice(len(content), 60, replace=False):
        changed = bytearray(content)
        changed[k] ^= 1 << int(rng.integers(8))
        cuts.append(bytes(changed))
    vae = RunStore(MODELS).load("digits-2d").vae()
    for cut in cuts:
        bad.write_bytes(cut)
        with pytest.raises(VAECoreError) as error:
            unpack(read_packed(bad), vae)
        assert len(str(error.value).splitlines()) == 1


def test_no_other_model_unpacks_a_file(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = RunStore(MODELS).load("digits-map")
    with pytest.raises(DataError, match="only it can unpack them; got the model"):
        unpack(read_packed(written), other.vae())
    shutil.copytree(other.path, tmp_path / "runs" / "digits-map")
    command = ["decompress", str(written), "--to", str(tmp_path / "y.npy")]
    assert main([*command, "--runs", str(tmp_path / "runs")]) == 2
    assert "which packed this file; found none" in capsys.readouterr().err
    assert main([*command, "--runs", str(tmp_path / "none")]) == 2


def test_what_comes_out_is_checked_against_what_went_in() -> None:
    run = RunStore(MODELS).load("digits-2d")
    vae = run.vae()
    levels = to_levels(load_dataset(run.config.data).test.images[:3], 2)
    packed, costs = pack(vae, levels)
    assert (unpack(packed, vae) == levels).all()
    assert sum(cost.images for cost in costs) == 3
    with pytest.raises(DataError, match="not those that were packed"):
        unpack(type(packed)(**{**vars(packed), "images": "0" * 16}), vae)


def test_the_fingerprint_is_that_of_the_weights() -> None:
    vae = RunStore(MODELS).load("digits-2d").vae()
    before = fingerprint(vae)
    assert before == fingerprint(RunStore(MODELS).load("digits-2d").vae())
    next(vae.decoder.parameters()).data[0, 0] += 1e-3
    assert before != fingerprint(vae)
