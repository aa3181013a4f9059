"""Random bad files as own data sets: a data set or one sentence, and nothing is left behind.

python -m pytest tests/campaign/test_own_data.py -n0 --campaign 10
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.campaign.strategies import damaged, texts
from tests.campaign.test_campaign import campaign, content, told  # noqa: F401  a fixture
from tests.pictures import CLASSES, FORMATS, encoded, npy_bytes, some_pixels
from vae_core import DataConfig, load_dataset
from vae_core.data import own
from vae_core.data.own import Options

WHOLE = {kind: make(some_pixels(14)) for kind, make in FORMATS.items()}
HOSTILE = {  # beginnings of files that lie
    "png of no size": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\0\0\0\0",
    "npy of no end": b"\x93NUMPY\x01\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (9e9,)}",
    "npy of code": b"\x93NUMPY\x01\0v\0{'descr': __import__('os'), 'shape': ()}" + b" " * 80,
    "idx of no end": b"\0\0\x08\x03\x7f\xff\xff\xff\0\0\xff\xff\0\0\xff\xff",
    "parquet of no end": b"PAR1" + b"\x15\x00" * 40 + b"\xff\xff\xff\x7fPAR1",
    "zip of no end": b"PK\x05\x06" + b"\xff" * 18,
    "csv of one row": b"label," + b"9," * 900,
    "csv of open quotes": b'label,p\n"' + b"1,2\n" * 500,
    "text": "ß,字,\u202e\n".encode() * 9,
}


def _names() -> st.SearchStrategy[str]:
    """Of files and folders in a .zip, leading elsewhere or nowhere."""
    odd = st.sampled_from(
        [
            "../../up",
            "/etc/passwd",
            "C:\\x",
            "a/../../b",
            "",
            ".",
            "..",
            "<img src=x>",
            "con",
            "a\nb",
        ]
    )
    return st.one_of(odd, texts()).map(lambda name: name.encode(errors="replace").decode())


@st.composite
def _zips(draw: st.DrawFn) -> bytes:
    """Pictures, whole and damaged, in folders of odd names."""
    file, pictures = io.BytesIO(), [encoded(p) for p in some_pixels(3)]
    with zipfile.ZipFile(file, "w") as packed:
        for k in range(draw(st.integers(0, 14))):
            inner = draw(st.sampled_from(pictures) | damaged(pictures[0]))
            name = f"{draw(_names())}/{k}.png".replace("\0", "?")
            member = zipfile.ZipInfo(name)
            if draw(st.integers(0, 5)) == 0:
                member.create_system, member.external_attr = 3, 0o120777 << 16  # a link
            packed.writestr(member, inner)
    return draw(damaged(file.getvalue())) if draw(st.booleans()) else file.getvalue()


@st.composite
def _tables(draw: st.DrawFn) -> bytes:
    """CSV in which some cells are others."""
    rows = WHOLE["csv"]["rows.csv"].decode().split("\n")
    for _ in range(draw(st.integers(0, 6))):
        k = draw(st.integers(0, len(rows) - 1))
        cells = rows[k].split(",")
        cells[draw(st.integers(0, len(cells) - 1))] = draw(
            st.sampled_from(["nan", "inf", "-1", "1e400", "256", '"', "", "0.5", "9" * 400])
            | texts()
        )
        rows[k] = ",".join(cells)
    return "\n".join(rows).encode(errors="replace")


@st.composite
def sources(draw: st.DrawFn) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files by name, most of them spoiled, and the options beside them."""
    kind = draw(st.sampled_from([*WHOLE, "odd zip", "table", "hostile"]))
    if kind == "odd zip":
        files = {"a.zip": draw(_zips())}
    elif kind == "table":
        files = {"a.csv": draw(_tables())}
    elif kind == "hostile":
        name, start = draw(st.sampled_from(sorted(HOSTILE.items())))
        files = {f"{name}.bin": start + draw(st.binary(max_size=200)), "x.npy": _strange(draw)}
        files = dict(draw(st.permutations(list(files.items())))[: draw(st.integers(1, 2))])
    else:
        files = dict(WHOLE[kind])
        for name in draw(st.sets(st.sampled_from(sorted(files)), min_size=1, max_size=3)):
            files[name] = draw(damaged(files[name]))
    options = {
        "size": draw(st.sampled_from([None, None, (8, 12), (5, 128)])),
        "fit": draw(st.sampled_from(["crop", "pad", "stretch"])),
        "colour": draw(st.sampled_from(["auto", "grey", "colour"])),
        "shape": draw(st.sampled_from([(8, 12), (8, 12), None, (4, 8, 3)])),
        "test_share": draw(st.sampled_from([None, None, 0.5])),
    }
    return files, options


def _strange(draw: st.DrawFn) -> bytes:
    import numpy as np

    shape = draw(st.sampled_from([(), (0,), (14, 8, 12), (14, 0, 8), (14, 96), (2, 2, 2, 2, 2)]))
    kind = draw(st.sampled_from(["u1", "f4", "f8", "c8", "U3", "S3", "M8[s]", "?", "i8", "V5"]))
    return npy_bytes(np.zeros(shape, kind))


def test_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setenv("ELBO_ROOM_OWN_DATA", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    given = tmp_path / "given"

    def check(case: tuple[dict[str, bytes], dict[str, Any]]) -> None:
        files, options = case
        for name, file in files.items():
            path = given / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file)
        before = content(tmp_path)
        try:
            made = own.draft_of_uploads(files, Options(**options))
            assert content(tmp_path) == before
            one = given / next(iter(files)) if len(files) == 1 else given
            again = own.draft_of_path(one, Options(**options))
            kept = own.keep(again, "mine")
            data = load_dataset(DataConfig("own:mine"))
            assert data.fingerprint == kept.fingerprint
            assert len(data.train) + len(data.test) == len(made.train) + len(made.test) >= 10
            assert all(name.isprintable() and len(name) <= 60 for name in made.class_names)
            assert json.dumps(made.dropped_lines())
            assert own.sheet(made.train, len(made.class_names)).shape[2] == 4
            own.remove("mine")
            assert list((tmp_path / "own").iterdir()) == []
            (tmp_path / "own").rmdir()
        finally:
            assert content(tmp_path) == before
            for path in sorted(given.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()

    campaign("own data", 300, times, sources(), check)


def test_whole_files_are_no_part_of_what_is_refused() -> None:
    for files in WHOLE.values():
        made = own.draft_of_uploads(files, Options(shape=(8, 12)))
        assert len(made.train) + len(made.test) == 14
        assert made.class_names in (CLASSES, ("0", "1"))
