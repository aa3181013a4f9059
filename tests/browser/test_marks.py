"""Names on a plane: one for classes at one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


def together(modules: Page, *places: tuple[float, float]) -> list[Any]:
    marks = [{"name": str(k), "label": k, "x": x, "y": y} for k, (x, y) in enumerate(places)]
    found: list[Any] = modules.evaluate(
        "async (marks) => (await import('/draw/marks.js')).together(marks, 5)", marks
    )
    return found


def test_classes_at_one_place_have_one_name(modules: Page) -> None:
    (one,) = together(modules, *[(100 + k / 10, 50) for k in range(10)])
    assert one["name"] == "all 10 classes"
    assert one["labels"] == list(range(10))
    assert (one["x"], one["y"]) == pytest.approx((100.45, 50))


def test_classes_apart_keep_their_names_and_places(modules: Page) -> None:
    found = together(modules, (0, 0), (0, 3), (50, 0))
    assert [mark["name"] for mark in found] == ["0, 1", "2"]
    assert found[1]["x"] == 50


@pytest.mark.parametrize(
    ("mean", "variance", "n_drawn"), [(0.0, 1.0, 1), (1.0, 1.0, 3), (0.0, 2.0, 3)]
)
def test_ellipses_that_are_one_to_the_eye_are_drawn_as_one_of_no_class(
    modules: Page, mean: float, variance: float, n_drawn: int
) -> None:
    """The last of three differs by its mean, or by its variance, or not at all."""
    ellipses = [(0, 0.0, 1.0), (1, 0.001, 1.001), (2, mean, variance)]
    classes = [
        {"label": label, "mean": [at, 0], "covariance": [square, 0.1, 1]}
        for label, at, square in ellipses
    ]
    drawn = modules.evaluate(
        "async (all) => (await import('/draw/marks.js')).oneForAll(all, 0.05)", classes
    )
    labels = [None] if n_drawn == 1 else [0, 1, 2]
    assert [each["label"] for each in drawn] == labels


@pytest.mark.parametrize(
    "more", ["{}", "{isLine: true}", "{corners: ['a', 'b', 'c']}", "{rings: false}"]
)
def test_a_plane_saved_as_svg_is_the_picture_on_the_screen(modules: Page, more: str) -> None:
    """The same scene by the canvas and by the pen that writes SVG, pixel by pixel."""
    far, dark, title = modules.evaluate(
        """async (more) => {
          const { PlanePainter } = await import("/draw/plane_painter.js");
          const { SvgPainter } = await import("/draw/svg_painter.js");
          const map = new OffscreenCanvas(2, 2);
          map.getContext("2d").fillRect(0, 0, 1, 1);
          const scene = {
            reach: 3, centre: [0, 0], titles: ["z0 < 1", "z1 & z2"], rings: true, ink: "#000000",
            paper: "#ffffff", grey: "#808080", orange: "#e07000", font: "Arial",
            classColours: ["#0000ff", "#00aa00"], points: { x: [-1, 1], y: [1, 2], labels: [0, 1] },
            widths: { x: [-2], y: [-1], xx: [0.2], xy: [0.1], yy: [0.3], labels: [1] },
            classes: [{ label: 0, name: "a<b", mean: [-1, 0.5], covariance: [0.3, 0.1, 0.2] }],
            map: { image: map, place: [2, 0, 0, -2, 0.5, -0.5] }, ...eval(`(${more})`),
          };
          const posterior = { mean: [1, -1], covariance: [4e-3, 1e-3, 3e-3], hasNumbers: true };
          const marks = { posterior, z: [0.5, 1], focus: null, ghosts: [[0, 1]], lit: "noise" };
          const canvases = [0, 1].map(() => document.createElement("canvas"));
          const shown = new PlanePainter(...canvases);
          shown.fit(500, 1);
          const pen = new SvgPainter(shown.side);
          for (const painter of [shown, pen]) {
            painter.show({ ...scene });
            painter.scene.unit = 1;
            painter.draw(marks);
          }
          const text = pen.file("a < b", "#ffffff");
          const [wide, high] = [canvases[0].width, canvases[0].height];
          const picture = new Image(wide, high);
          picture.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
          await picture.decode();
          const pixels = (...layers) => {
            const pen = new OffscreenCanvas(wide, high).getContext("2d");
            pen.fillStyle = "#ffffff";
            pen.fillRect(0, 0, wide, high);
            for (const layer of layers) pen.drawImage(layer, 0, 0);
            return pen.getImageData(0, 0, wide, high).data;
          };
          const [a, b] = [pixels(...canvases), pixels(picture)];
          let [far, dark] = [0, 0];
          for (let i = 0; i < a.length; i++) {
            if (Math.abs(a[i] - b[i]) > 96) far++;
            if (a[i] < 128) dark++;
          }
          const read = new DOMParser().parseFromString(text, "image/svg+xml");
          return [far / a.length, dark / a.length, read.querySelector("title").textContent];
        }""",
        more,
    )
    assert title == "a < b"
    assert dark > 0.005
    assert far < 0.1 * dark
