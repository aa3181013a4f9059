/**
 * The plane with its controls: which numbers, which layers, what lies behind the points.
 */

import { planeMixture } from "../math/mixture.js";
import { classMoments, planeLayout } from "../draw/plane_layout.js";
import { channelsOf, element, paintPicture } from "../draw/pictures.js";
import { signed } from "../draw/marks.js";
import { LatentPlane } from "../draw/latent_plane.js";

const MAP_CELLS = 96; // a side
const MAP_REACH = 6; // nats at which a colour is full
const PRIOR_DRAWS = 1500;
const BACKGROUNDS = [
  ["none", "nothing"],
  ["density", "density of q(z)"],
  ["holes", "holes: q(z) against p(z)"],
];

export class PlaneView {
  /**
   * @param {HTMLElement} host
   * @param {Object} lens
   */
  constructor(host, lens) {
    this.lens = lens;
    this.host = host;
    this.focus = null; // number of the point under the mouse
    this.holder = element("div", { class: "plane" });
    this.tip = this._makeTip();
    this.holder.append(this.tip.box);
    this.reading = element("p", { class: "reading" });
    this.plane = new LatentPlane(this.holder, {
      where: () => this.layout.toPlane(lens.z),
      onMove: (at) => (at ? lens.place(this.layout.place(lens.z, at)) : lens.schedule()),
      onRelease: () => lens.release(),
      onHover: (index, at) => this._hover(index, at),
    });
    this.legend = element("div", { class: "legend" });
    host.append(this._controls(), this.holder, this.legend, this.reading);
  }

  destroy() {
    this.plane.destroy();
    clearTimeout(this.working);
  }

  _controls() {
    const { facts, look } = this.lens;
    const check = (layer, words) => {
      const box = element("input", { type: "checkbox", onchange: () => this._layers() });
      box.checked = look.layers.includes(layer);
      this.checks[layer] = box;
      return element("label", {}, box, words);
    };
    const select = (label, options, chosen, onchange) => {
      const made = element("select", { "aria-label": label, onchange });
      made.append(...options.map(([value, text]) => element("option", { value, text })));
      made.value = chosen;
      return made;
    };
    this.checks = {};
    const controls = element("div", { class: "controls" });
    if (facts.names.length > 2 && !facts.is_triangle) {
      const options = facts.order.map((j) => [j, `${facts.names[j]}${told(facts.kl, j)}`]);
      this.axes = look.axes.map((axis, k) =>
        select(["Across", "Up"][k], options, axis, () => this._choose()),
      );
      controls.append(
        element("label", {}, "across", this.axes[0]), element("label", {}, "up", this.axes[1]),
      );
    }
    controls.append(check("points", "images"), check("classes", "classes"));
    if (facts.family.has_density && facts.names.length > 1) {
      const background = BACKGROUNDS.find(([name]) => look.layers.includes(name))?.[0] ?? "none";
      this.background = select("Behind the points", BACKGROUNDS, background, () => this._layers());
      controls.append(element("label", {}, "behind", this.background));
    }
    const zoom = (text, title, factor) =>
      element("button", {
        type: "button", text, title, "aria-label": title,
        onclick: () => {
          this.plane.zoomBy(factor);
          this.lens.schedule();
        },
      });
    controls.append(zoom("+", "Zoom in on z", 2), zoom("−", "Zoom out", 0.5));
    return controls;
  }

  /** The numbers across and up have been chosen; never the same twice. */
  _choose() {
    const axes = this.axes.map((select) => Number(select.value));
    if (axes[0] === axes[1]) axes[1] = this.lens.facts.order.find((j) => j !== axes[0]);
    this.axes[1].value = axes[1];
    this.lens.look.axes = axes;
    this.lay();
    this.lens.release();
  }

  _layers() {
    const layers = Object.keys(this.checks).filter((layer) => this.checks[layer].checked);
    if (this.background && this.background.value !== "none") layers.push(this.background.value);
    this.lens.look.layers = layers;
    this.lay();
    this.lens.release();
  }

  /** Lay everything out anew: codes have come, or axes, layers or colours have changed. */
  lay() {
    const { model, facts, look } = this.lens;
    const { params, labels, n } = model.codes;
    this.layout = planeLayout(model, look.axes, facts);
    const points = this.layout.points(params, n);
    this.points = points;
    const isShown = (layer) => look.layers.includes(layer);
    const classes = classMoments(points, labels).map((each) => ({
      ...each, name: facts.class_names[each.label],
    }));
    const draws = facts.has_rings || !model.isKnown ? null : this._priorDraws();
    this.plane.show({
      ...this._square(points, draws),
      titles: this.layout.titles,
      corners: this.layout.corners,
      points: isShown("points") ? { ...points, labels, shown: () => true } : null,
      classes: isShown("classes") ? classes : [],
      rings: facts.has_rings,
      prior: draws,
      map: null,
      classColours: facts.colours.classes,
      orange: facts.colours.rate,
      grey: facts.colours.prior,
      ...this.lens.theme,
    });
    this._mixture();
    this.lens.schedule();
  }

  _priorDraws() {
    const draws = Array.from({ length: PRIOR_DRAWS }, (_, seed) =>
      this.layout.toPlane(this.lens.model.prior.draw(seed + 1)),
    );
    return { x: draws.map(([x]) => x), y: draws.map(([, y]) => y) };
  }

  /** The square around the points and the prior that the plane shows. */
  _square({ x, y }, draws) {
    if (this.layout.corners) return { centre: [0.5, 0.43], reach: 0.62 };
    const reach = this.lens.facts.has_rings ? 3.4 : 0.1;
    const [low, high] = [[-reach, -reach], [reach, reach]];
    for (const [k, values, more] of [[0, x, draws?.x], [1, y, draws?.y]]) {
      for (const list of [values, more ?? []]) {
        for (const value of list) {
          low[k] = Math.min(low[k], value);
          high[k] = Math.max(high[k], value);
        }
      }
    }
    const half = 0.52 * Math.max(high[0] - low[0], high[1] - low[1]);
    return { centre: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], reach: half };
  }

  /** The aggregate posterior on this plane, and its picture a few rows at a time. */
  _mixture() {
    clearTimeout(this.working);
    this.legend.replaceChildren();
    this.mixture = null;
    const { model, facts, look } = this.lens;
    if (!this.layout.unit || !facts.family.has_density || !model.isKnown) return;
    const { params, n } = model.codes;
    this.mixture = planeMixture(model.family, params, n, model.latentShape, this.layout.axes);
    const kind = ["density", "holes"].find((name) => look.layers.includes(name));
    if (!this.mixture || !kind) return;
    const { centre, reach } = this.plane.scene;
    const isSimplex = facts.family.low >= 0;
    const bounds = isSimplex
      ? [0, 1, 0, 1]
      : [centre[0] - reach, centre[0] + reach, centre[1] - reach, centre[1] + reach];
    const rows = this.mixture.rows(bounds, MAP_CELLS, MAP_CELLS);
    this.legend.textContent = "computing …";
    const work = () => {
      const step = rows.next();
      if (!step.done) this.working = setTimeout(work);
      else this._showMap(step.value.values, bounds, kind);
    };
    work();
  }

  _showMap(values, [x0, x1, y0, y1], kind) {
    const [a, b, c, d] = this.layout.unit;
    const [across, up] = [x1 - x0, y0 - y1]; // rows go down
    const place = [a * across, b * across, c * up, d * up, a * x0 + c * y1, b * x0 + d * y1];
    const image = this._colour(values, [x0, x1, y0, y1], kind);
    this.plane.show({ map: { image, place } });
    this._showLegend(kind);
    this.lens.schedule();
  }

  /** log q - log p as colour, or log q itself below its maximum. */
  _colour(values, [x0, x1, y0, y1], kind) {
    const { brighter, darker } = this.lens.differenceColours;
    const data = new ImageData(MAP_CELLS, MAP_CELLS);
    const at = (i) => [
      x0 + ((x1 - x0) * ((i % MAP_CELLS) + 0.5)) / MAP_CELLS,
      y1 - ((y1 - y0) * (Math.floor(i / MAP_CELLS) + 0.5)) / MAP_CELLS,
    ];
    const logPrior = values.map((_, i) => this.mixture.logPrior(...at(i)));
    const mostLikely = logPrior.reduce((a, b) => Math.max(a, b), -Infinity);
    const logDensity = values.map((value, i) => value + logPrior[i]);
    const most = logDensity.reduce((a, b) => (b > a ? b : a), -Infinity);
    values.forEach((value, i) => {
      if (Number.isNaN(value)) return; // not on the simplex
      const isHole = kind === "holes";
      const strength = isHole
        ? Math.min(Math.abs(value) / MAP_REACH, 1) * (mostLikely - logPrior[i] > 4.5 ? 0.3 : 1)
        : Math.max(1 + (logDensity[i] - most) / MAP_REACH, 0); // 4.5 nats: 3 sigma in two numbers
      const colour = isHole && value < 0 ? darker : brighter;
      data.data.set([...colour, 215 * strength], 4 * i);
    });
    const canvas = new OffscreenCanvas(MAP_CELLS, MAP_CELLS);
    canvas.getContext("2d").putImageData(data, 0, 0);
    return canvas;
  }

  _showLegend(kind) {
    const { brighter, darker } = this.lens.facts.colours;
    const [low, high, colours] =
      kind === "holes"
        ? [`p ≫ q, a hole: −${MAP_REACH} nats`, `q ≫ p: +${MAP_REACH} nats`, `${darker},transparent,${brighter}`]
        : [`−${MAP_REACH} nats`, "densest", `transparent,${brighter}`];
    const bar = element("i", { style: `background:linear-gradient(to right,${colours})` });
    this.legend.replaceChildren(low, bar, high);
  }

  /** Each frame: the posterior, z, and what is read off there. */
  frame() {
    if (!this.layout) return;
    const { posterior: q, z } = this.lens;
    const posterior = q && {
      mean: this.layout.toPlane(q.mean),
      covariance: this.lens.facts.family.has_density ? this.layout.covariance(q) : [0, 0, 0],
    };
    const { points, focus: i } = this;
    const focus = i === null ? null : [points.x[i], points.y[i]];
    this.plane.draw({ posterior, z: this.layout.toPlane(z), focus });
    this.reading.textContent = this._read(z);
  }

  _read(z) {
    const { names } = this.lens.facts;
    const axes = this.layout.corners ? [0, 1, 2] : [...new Set(this.layout.axes)];
    const parts = axes.map((j) => `${names[j]} = ${signed(z[j], 2)}`);
    if (!this.mixture) return parts.join(", ");
    const [j, k] = this.layout.axes;
    const gap = this.mixture.logDensity(z[j], z[k]) - this.mixture.logPrior(z[j], z[k]);
    const isAll = names.length === 2 || this.layout.corners;
    const verdict = gap < -3 ? ": a hole, codes never come here" : "";
    const number = Number.isFinite(gap) ? signed(Math.max(gap, -99), 1) : "−∞";
    const of = isAll ? "log q(z) − log p(z)" : "log q − log p of these two";
    return `${parts.join(", ")}; ${of} = ${number} nats${verdict}`;
  }

  // ---- what lies under the mouse

  _makeTip() {
    const decoded = element("canvas", { class: "picture" });
    const original = element("canvas", { class: "picture" });
    const words = element("p");
    const box = element("div", { class: "tip", hidden: true }, decoded, original, words);
    return { box, decoded, original, words };
  }

  _hover(index, at) {
    const { box, decoded, original, words } = this.tip;
    const isNew = index !== this.focus;
    this.focus = index;
    box.hidden = index === null;
    if (index === null) {
      if (isNew) this.lens.schedule();
      return;
    }
    const right = at[0] < this.holder.clientWidth / 2;
    box.style.left = right ? `${at[0] + 16}px` : "";
    box.style.right = right ? "" : `${this.holder.clientWidth - at[0] + 16}px`;
    box.style.top = `${Math.max(at[1] - 90, 0)}px`;
    if (!isNew) return;
    const { model, facts } = this.lens;
    words.textContent = `${facts.class_names[model.codes.labels[index]]}, test image ${index}`;
    const show = (canvas, values) => paintPicture(canvas, values, facts.image_shape);
    model.decode(model.posteriorAt(index).mean, (made) => this.focus === index && show(decoded, made.mean));
    original.hidden = !this.lens.hasOriginal(index);
    this.lens.fetchImage(index, (x) => this.focus === index && show(original, x));
    this.lens.schedule();
  }
}

function told(kl, j) {
  return kl ? ` · ${kl[j].toFixed(2)} nats` : "";
}
