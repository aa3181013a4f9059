"""What a class draws: kept whole and once, within limits, and made a data set."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from vae_core import DataConfig, load_dataset
from vae_core.data import own
from vae_core.data.own import Options, shelf
from vae_core.errors import DataError, RoomError
from vae_core.lessons.drawings import MAX_OWN, SIDE, Drawings, labels_of
from vae_core.lessons.rooms import Room, Rooms

N = 30  # clients that draw at once
LABELS = ("cat", "<b>house</b>")


@pytest.fixture
def drawings(tmp_path: Path) -> Drawings:
    return Drawings(Rooms(tmp_path / "rooms").open_to_draw(LABELS))


def levels(seed: int) -> list[int]:
    picture: list[int] = np.random.default_rng(seed).integers(0, 256, SIDE * SIDE).tolist()
    return picture


def test_thirty_who_draw_at_once_lose_nothing_while_the_teacher_looks_and_removes(
    drawings: Drawings,
) -> None:
    each = 4

    def student(k: int) -> list[str]:
        mine = Drawings(Room(drawings.room.path))
        return [mine.add(f"{k:08x}", j % 2, levels(each * k + j)).name for j in range(each)]

    def teacher() -> list[bytes]:
        removed: list[bytes] = []
        while len(removed) < 10:
            seen = drawings.newest(300)
            assert all(one.pixels.shape == (SIDE, SIDE) for one in seen)  # no half of a file
            gone = [one for one in seen if one.who == f"{len(removed):08x}"][:1]
            drawings.remove([one.name for one in gone])
            removed += [one.pixels.tobytes() for one in gone]
        return removed

    with ThreadPoolExecutor(N + 1) as pool:
        looking = pool.submit(teacher)
        sent = [name for names in pool.map(student, range(N)) for name in names]
        removed = looking.result(60)
    kept = [one.pixels.tobytes() for one in drawings.all()]
    assert len(sent) == N * each
    assert sorted(kept + removed) == sorted(bytes(levels(k)) for k in range(N * each))
    assert drawings.room.n_people() == N
    assert {path.stat().st_size for path in drawings.folder.iterdir()} == {1 + SIDE * SIDE}


def test_without_a_teacher_who_removes_all_of_them_are_there(drawings: Drawings) -> None:
    with ThreadPoolExecutor(N) as pool:
        names = list(pool.map(lambda k: drawings.add(f"{k:08x}", 1, levels(k)).name, range(N)))
    assert sorted(names) == sorted(one.name for one in drawings.all())
    mine = drawings.of(f"{7:08x}")
    assert [(one.who, one.label, one.pixels.ravel().tolist()) for one in mine] == [
        (f"{7:08x}", 1, levels(7))
    ]


def test_a_drawing_that_is_sent_twice_is_kept_once_and_each_sends_so_many(
    drawings: Drawings,
) -> None:
    mark = drawings.mark()
    first = drawings.add("0000000a", 0, levels(0))
    assert drawings.add("0000000a", 0, levels(0)).name == first.name
    assert drawings.mark() != mark
    for k in range(1, MAX_OWN):
        drawings.add("0000000a", 0, levels(k))
    with pytest.raises(RoomError, match="as many as each may send"):
        drawings.add("0000000a", 0, levels(99))
    drawings.add("0000000b", 0, levels(99))  # others may
    drawings.remove([first.name])
    drawings.add("0000000a", 0, levels(99))
    assert len(drawings.names()) == MAX_OWN + 1


@pytest.mark.parametrize(
    ("label", "picture", "said"),
    [
        (0, [0] * SIDE**2, "nothing on the pad"),
        (0, [1] * 10, "784 pixels; got 10"),
        (0, [math.nan] + [1] * (SIDE**2 - 1), "from 0 to 255; got nan"),
        (0, [math.inf] + [1] * (SIDE**2 - 1), "got inf"),
        (0, [256] + [1] * (SIDE**2 - 1), "got 256"),
        (0, [True] + [1] * (SIDE**2 - 1), "got True"),
        (2, [1] * SIDE**2, "number of a label, 0 to 1; got 2"),
        (-1, [1] * SIDE**2, "number of a label"),
        (True, [1] * SIDE**2, "number of a label"),
    ],
)
def test_what_is_no_drawing_is_one_sentence_and_nothing_is_kept(
    drawings: Drawings, label: int, picture: Sequence[float], said: str
) -> None:
    with pytest.raises(RoomError, match=said):
        drawings.add("0000000a", label, picture)
    assert drawings.names() == []


def test_drawings_are_taken_while_the_teacher_takes_them(drawings: Drawings) -> None:
    room = drawings.room
    drawings.add("0000000a", 0, levels(0))
    room.move(room.state(), phase="reveal")
    with pytest.raises(RoomError, match="came too late"):
        drawings.add("0000000a", 0, levels(1))
    room.move(room.state(), phase="predict")
    drawings.add("0000000a", 0, levels(1))
    assert room.state().labels == LABELS
    for name in ("../../states/0000000.json", "0000000a", "0000000a.99"):
        with pytest.raises(RoomError, match="name of a drawing"):
            drawings.remove([name])
    (drawings.folder / "0000000b.00").write_bytes(b"\x05" + bytes(SIDE**2))  # no such label
    (drawings.folder / "0000000b.01").write_bytes(b"\x00half")
    assert len(drawings.all()) == 2


def test_a_room_for_a_lesson_takes_no_drawings(room: Room) -> None:
    with pytest.raises(RoomError, match="it is for a lesson"):
        Drawings(room).add("0000000a", 0, levels(0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 to 12 labels"), (" , ;", "1 to 12 labels"),
        (",".join(map(str, range(13))), "got 13"),
        ("cat, Cat", "twice"), ("c" * 25, "at most 24 letters"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_one_sentence(text: str, said: str) -> None:
    with pytest.raises(RoomError, match=said):
        labels_of(text)


def test_labels_are_what_stands_between_commas() -> None:
    assert labels_of(" cat,  house ; 7\n") == ("cat", "house", "7")
    longest = tuple(f"{'😀' * 23}{chr(97 + k)}" for k in range(12))
    assert labels_of(",".join(longest)) == longest


def test_the_longest_labels_fit_a_state(tmp_path: Path) -> None:
    longest = tuple(f"{'😀' * 23}{chr(97 + k)}" for k in range(12))
    room = Rooms(tmp_path).open_to_draw(longest)
    room.move(room.state(), data="own:" + "a" * 40, model="m" * 80)
    assert room.state().labels == longest


def test_they_become_a_data_set_and_a_zip_of_the_same_pictures(
    drawings: Drawings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf.OWN_VARIABLE, str(tmp_path / "own"))
    with pytest.raises(DataError, match="at least 10 pictures; got 0"):
        drawings.draft()
    for k in range(20):
        drawings.add(f"{k:08x}", k % 2, levels(k))
    draft = drawings.draft()
    own.keep(draft, "class")
    data = load_dataset(DataConfig("own:class"))
    assert data.image_shape == (1, SIDE, SIDE)
    assert set(data.class_names) == set(LABELS)
    assert (len(data.train), len(data.test)) == (16, 4)
    packed = drawings.packed()
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        assert {name.split("/")[0] for name in file.namelist()} == {"cat", "_b_house__b_"}
    again = own.draft_of_uploads({"class.zip": packed}, Options())
    assert pictures_of(again) == pictures_of(draft)


def pictures_of(draft: own.Draft) -> list[bytes]:
    splits = (draft.train, draft.test)
    return sorted(picture.numpy().tobytes() for split in splits for picture in split.pixels)


def test_pictures_that_leave_none_to_test_on_are_one_sentence(tmp_path: Path) -> None:
    drawings = Drawings(Rooms(tmp_path).open_to_draw(tuple("abcdefghijkl")))
    for k in range(12):
        drawings.add("0000000a", k, levels(k))
    with pytest.raises(DataError, match="two pictures or more of some class"):
        drawings.draft()
