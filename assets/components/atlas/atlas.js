/**
 * The atlas: all images on a projection of their codes.
 *
 * Fetches coordinates, draws them, and sends the picked images to the server, by their index
 * in the split, when a click or a loop is over.
 */

import { paintPicture } from "../draw/pictures.js";
import { Scatter } from "../draw/scatter.js";
import { Sprites } from "../draw/sprites.js";
import { median, squareAround } from "../math/geometry.js";
import { button, element } from "../page/element.js";
import { bytesAt } from "../page/fetch.js";
import { keepOne } from "../page/mounting.js";
import { Stage } from "../page/stage.js";

const MAX_PICTURES = 500; // kept here of those that were fetched one by one
const SMALLEST = 0.25; // half the side of the plane, in units of z
const keepAtlas = keepOne("pick", (...parts) => new Atlas(...parts));

/** Called by Streamlit when the atlas is put on the page, and again whenever `data` change. */
export default function mount(component) {
  return keepAtlas(component);
}

class Atlas {
  /**
   * @param {Element|ShadowRoot} host
   * @param {Object} facts - see pages/ui/components/atlas.py
   * @param {function(Object)} send - hands the picked images to the server
   */
  constructor(host, facts, send) {
    this.facts = facts;
    this.send = send;
    this.pick = facts.pick; // {kind, index}: "image", "lasso" or "none", and indices in the split
    this.pictures = new Map();
    this.hidden = new Set(); // labels
    this.stage = new Stage(host, "atlas", { onTheme: (theme) => this.scatter.show(theme) });
    this.tip = this._makeTip();
    this.plane = element("div", { class: "plane" }, this.tip.box);
    this.reading = element("p", { class: "reading" });
    this.legend = element("div", { class: "legend classes", role: "group", "aria-label": "Classes shown" });
    this.stage.root.append(this._controls(), this.plane, this.legend, this.reading);
    this.scatter = new Scatter(this.plane, {
      onHover: (i, at) => this._hover(i, at),
      onPick: (i) => this._choose(i === null ? "none" : "image", i === null ? [] : [i]),
      onLasso: (found) => this._choose(found.length ? "lasso" : "none", found),
    });
    this._fetch();
  }

  destroy() {
    this.scatter.destroy();
    this.stage.destroy();
  }

  /** New facts: other coordinates for the same images, or their pictures. What is picked, stays. */
  update(facts, send) {
    this.send = send;
    const old = this.facts;
    this.facts = facts;
    if (facts.pictures !== old.pictures) {
      this.sprites = null;
      this.pictures.clear();
    }
    if (facts.address !== old.address || facts.pictures !== old.pictures) this._fetch();
  }

  async _fetch() {
    const { address } = this.facts;
    try {
      const bytes = await bytesAt(`${address}coordinates`);
      if (this.stage.isGone || address !== this.facts.address) return;
      this._lay(bytes);
      if (this.showsImages) await this._fetchSprites();
    } catch (error) {
      this.stage.fail(error.message);
      return;
    }
    this.stage.ready();
  }

  /** Lay the points out: x, y, index in the split, class; each for all of them. */
  _lay(bytes) {
    const { n, class_names, colours, titles, has_unit } = this.facts;
    const x = new Float32Array(bytes, 0, n);
    const y = new Float32Array(bytes, 4 * n, n);
    const index = new Int32Array(bytes, 8 * n, n);
    const labels = new Int32Array(bytes, 12 * n, n);
    this.positions = new Map();
    index.forEach((number, i) => this.positions.set(number, i));
    const members = new Map(); // label -> positions
    labels.forEach((label, i) => {
      if (!members.has(label)) members.set(label, []);
      members.get(label).push(i);
    });
    this.members = new Map([...members].sort(([a], [b]) => a - b));
    this.points = {
      x, y, index, labels, picked: null, one: null,
      shown: (i) => !this.hidden.has(labels[i]),
      isClassShown: (label) => !this.hidden.has(label),
    };
    const classes = [...this.members].map(([label, of]) => ({
      label, name: class_names[label], mean: [median(of.map((i) => x[i])), median(of.map((i) => y[i]))],
    }));
    this.scatter.whole();
    this.scatter.show({
      ...squareAround(x, y, SMALLEST), titles: [`${titles[0]} →`, ""], upTitle: titles[1], classes, hasNoUnit: !has_unit, classColours: colours.classes,
      orange: colours.picked, grey: colours.grey, sprites: null, ...this.stage.theme,
    });
    this._legend();
    this._showPick();
  }

  // ---- what is picked

  _choose(kind, positions) {
    this.pick = { kind, index: positions.map((i) => this.points.index[i]) };
    this._showPick();
    this.stage.announce(this.reading.textContent);
    this.send(this.pick);
  }

  _showPick() {
    const { kind, index } = this.pick;
    const found = index.map((number) => this.positions.get(number)).filter((i) => i !== undefined);
    const picked = kind === "lasso" ? new Uint8Array(this.points.x.length) : null;
    if (picked) for (const i of found) picked[i] = 1;
    this.points = { ...this.points, positions: this.positions, picked, one: kind === "image" ? (found[0] ?? null) : null };
    this.scatter.show({ points: this.points });
    this.clear.hidden = kind === "none";
    this._read();
  }

  _read() {
    const { kind, index } = this.pick;
    const { n } = this.facts;
    const words = {
      none: `${n.toLocaleString("en")} test images. Click one, or press Lasso and draw around some.`,
      image: index.length ? `Picked: ${this._name(this.positions.get(index[0]))}.` : "",
      lasso: `Picked: ${index.length.toLocaleString("en")} of ${n.toLocaleString("en")} test images.`,
    };
    const pictures = this.scatter.scene.sprites ? ` ${this.facts.sprites_note}` : "";
    this.reading.textContent = words[kind] + pictures;
    this.scatter.above.setAttribute("aria-label", `${words[kind]} Arrow keys go from image to image, Enter picks one, plus and minus zoom.`);
  }

  _name(i) {
    if (i === undefined) return "an image that is not here";
    const { index, labels } = this.points;
    return `class ${this.facts.class_names[labels[i]]}, test image ${index[i]}`;
  }

  // ---- controls

  _controls() {
    this.asPoints = button("Points", () => this._setImages(false), { "aria-pressed": "true" });
    this.asImages = button("Images", () => this._setImages(true), { "aria-pressed": "false" });
    this.lasso = button("Lasso", () => this._setLasso(!this.scatter.isLasso), {
      "aria-pressed": "false", title: "Draw around images; or hold shift and drag",
    });
    this.clear = button("Clear", () => this._choose("none", []), { hidden: true });
    const zoom = (text, title, act) => button(text, act, { title, "aria-label": title });
    return element(
      "div", { class: "controls" },
      element("div", { class: "tabs", role: "group", "aria-label": "Show images as" }, this.asPoints, this.asImages),
      this.lasso,
      zoom("+", "Zoom in", () => this.scatter.zoomBy(2)),
      zoom("−", "Zoom out", () => this.scatter.zoomBy(0.5)),
      zoom("Whole", "Show everything", () => this.scatter.whole()),
      this.clear,
    );
  }

  _setLasso(isLasso) {
    this.scatter.setLasso(isLasso);
    this.lasso.setAttribute("aria-pressed", String(isLasso));
  }

  _setImages(showsImages) {
    this.showsImages = showsImages;
    this.asPoints.setAttribute("aria-pressed", String(!showsImages));
    this.asImages.setAttribute("aria-pressed", String(showsImages));
    if (showsImages) this._fetchSprites().catch((error) => this.stage.fail(error.message));
    else {
      this.scatter.show({ sprites: null });
      if (this.points) this._read();
    }
  }

  async _fetchSprites() {
    if (!this.points) return; // called again when the coordinates have come
    const { pictures, image_shape, colours } = this.facts;
    if (!this.sprites) {
      this.reading.textContent = "Fetching the pictures …";
      const bytes = new Uint8Array(await bytesAt(`${pictures}sprites`));
      if (this.stage.isGone || pictures !== this.facts.pictures) return;
      this.sprites = new Sprites(bytes, image_shape, (number) => {
        const label = this.points.labels[this.positions.get(number)] ?? 0;
        return colours.classes[label % colours.classes.length];
      });
    }
    if (this.showsImages) this.scatter.show({ sprites: this.sprites });
    this._read();
  }

  /** One button per class: the first shows it alone, others add theirs, as on Latent space. */
  _legend() {
    const { class_names, colours } = this.facts;
    const buttons = [...this.members].map(([label, of]) => {
      const swatch = element("i", { class: "swatch", style: `background:${colours.classes[label % colours.classes.length]}` });
      const button = element("button", {
        type: "button", "aria-pressed": String(!this.hidden.has(label)),
        title: `${of.length.toLocaleString("en")} images; show them alone, or with other classes`,
        onclick: () => this._toggle(label),
      }, swatch, class_names[label]);
      return [label, button];
    });
    this.buttons = new Map(buttons);
    this.all = element("button", {
      type: "button", text: "All", title: "Show all classes", onclick: () => this._hide([]),
    });
    this.legend.replaceChildren(...this.buttons.values(), this.all);
  }

  _toggle(label) {
    const all = [...this.members.keys()];
    if (!this.hidden.size) this._hide(all.filter((each) => each !== label));
    else if (this.hidden.has(label)) this._hide([...this.hidden].filter((each) => each !== label));
    else this._hide(this.hidden.size + 1 < all.length ? [...this.hidden, label] : []);
  }

  _hide(labels) {
    this.hidden = new Set(labels);
    for (const [label, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(!this.hidden.has(label)));
    }
    this.scatter.focus = null;
    this.scatter.show({});
  }

  // ---- what lies under the mouse

  _makeTip() {
    const canvas = element("canvas", { class: "picture" });
    const words = element("p");
    const box = element("div", { class: "tip one", hidden: true }, canvas, words);
    return { box, canvas, words };
  }

  _hover(i, at) {
    const { box, words } = this.tip;
    box.hidden = i === null;
    if (i === null) {
      this.under = null;
      return;
    }
    const wide = this.plane.clientWidth;
    const isLeft = at[0] < wide / 2;
    box.style.left = isLeft ? `${at[0] + 16}px` : "";
    box.style.right = isLeft ? "" : `${wide - at[0] + 16}px`;
    box.style.top = `${Math.max(at[1] - 70, 0)}px`;
    if (i === this.under) return;
    this.under = i;
    words.textContent = this._name(i);
    this.stage.announce(words.textContent);
    this._paint(i);
  }

  async _paint(i) {
    const number = this.points.index[i];
    let bytes = this.sprites?.picture(number) ?? this.pictures.get(number);
    if (!bytes) {
      try {
        bytes = new Uint8Array(await bytesAt(`${this.facts.pictures}images/${number}`));
      } catch {
        return; // the words are there
      }
      if (this.pictures.size >= MAX_PICTURES) this.pictures.delete(this.pictures.keys().next().value);
      this.pictures.set(number, bytes);
    }
    if (this.stage.isGone || this.under !== i) return;
    paintPicture(this.tip.canvas, Float32Array.from(bytes, (value) => value / 255), this.facts.image_shape);
  }
}
