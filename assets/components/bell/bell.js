/**
 * One Gaussian against the prior: mean and width are dragged, and the KL follows in its parts.
 * Switches put common mistakes in place of the formula, and of the line that draws z.
 */

import { BellScale, HIGH, drawBells } from "../draw/bells.js";
import { areasOf, deviationOf, drawsOf, noiseOf, termsOf } from "../math/one_gaussian.js";
import { button, element } from "../page/element.js";
import { keepOne } from "../page/mounting.js";
import { Stage } from "../page/stage.js";
import { addingUp, signed } from "../page/text.js";

const N_DRAWS = 20;
const DIGITS = 3; // of nats and of standard deviations
const STEP = 0.01; // of mu and sigma
const ROUND = 0.5; // numbers that a drag rests on
const NEAR = 4; // pixels within which it does
const QUIET = 300; // milliseconds after a key before the server is told
const NAMES = { mu: "μ", sigma: "σ" };
const TITLES = { mu: "mean μ of q", sigma: "standard deviation σ of q" };

// By its name: what a switch offers, the line itself, and its parts of mean and width.
const FORMULAS = {
  right: ["Right", () => "½ μ² + ½ (σ² − ln σ² − 1)", "½ μ²", "½ (σ² − ln σ² − 1)"],
  slip: ["Sign of the logarithm wrong", () => "½ μ² + ½ (σ² + ln σ² − 1)", "½ μ²", "½ (σ² + ln σ² − 1)"],
  flipped: ["Whole bracket negative", () => "−½ (μ² + σ² − ln σ² − 1)", "−½ μ²", "−½ (σ² − ln σ² − 1)"],
  mean: [
    "Mean over d, not sum", (d) => `½ (μ² + σ² − ln σ² − 1) / d, here d = ${d}`,
    "½ μ² / d", "½ (σ² − ln σ² − 1) / d",
  ],
};
const NOISES = {
  right: ["Right: z = μ + σ ε", "σ"],
  "exp-logvar": ["exp(logvar): z = μ + σ² ε", "σ²"],
  seed: ["log(σ/2): z = μ + ln(σ/2) ε", "|ln(σ/2)|"],
};

class Bell {
  constructor(host, data, send) {
    this.stage = new Stage(host, "bell", {
      onFrame: () => this._draw(),
      onTheme: () => this.stage.schedule(),
    });
    this.seed = 1;
    this._build(data.colours);
    this.observer = new ResizeObserver(() => this._fit());
    this.observer.observe(this.curves);
    this.update(data, send);
    this.stage.ready();
  }

  /**
   * @param {Object} data - state: mu, sigma, formula, noise, as they begin; limits of mu and sigma,
   *   [least, most]; d: latent dimensions of the model; colours; hide
   */
  update(data, send) {
    this.send = send;
    this.data = data;
    const begins = JSON.stringify(data.state);
    if (begins !== this.begins) this.state = { ...data.state };
    this.begins = begins;
    this.stage.hide(data.hide);
    this._show();
  }

  destroy() {
    clearTimeout(this.waiting);
    this.observer.disconnect();
    this.stage.destroy();
  }

  _build({ prior, rate, darker }) {
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.handles = { mu: this._handle("mu"), sigma: this._handle("sigma") };
    this.curves = element("div", { class: "curves" }, this.canvas, ...Object.values(this.handles));
    this.above = element("span");
    this.below = element("span");
    const drawing = element(
      "div", { class: "drawing" },
      element(
        "p", { class: "legend" },
        element("span", {}, element("i", { class: "curve" }), "q = N(μ, σ²)"),
        element("span", {}, element("i", { class: "curve prior" }), "prior p = N(0, 1)"),
      ),
      this.curves,
      element(
        "p", { class: "legend" }, "Area of q ln(q/p), nats:",
        element("span", {}, element("i", { style: `background: ${rate}` }), this.above),
        element("span", {}, element("i", { style: `background: ${darker}` }), this.below),
      ),
    );
    drawing.style.setProperty("--prior", prior);
    this.stage.root.append(drawing, element("div", { class: "numbers" }, this._formula(), this._noise()));
  }

  _handle(name) {
    const handle = element(
      "button",
      {
        type: "button", class: `handle ${name}`, role: "slider", "aria-label": TITLES[name],
        onpointerdown: (event) => this._grab(name, event),
        onpointermove: (event) => this._drag(event),
        onpointerup: () => this._release(),
        onpointercancel: () => this._release(),
        onkeydown: (event) => this._key(name, event),
      },
      element("span"),
    );
    return handle;
  }

  _formula() {
    this.line = element("p", { class: "line" });
    this.rows = ["mean", "width", "sum", "kl"].map((name) => {
      const row = { title: element("td"), value: element("td", { class: "value" }) };
      row.root = element("tr", { class: name === "sum" ? "sum" : "" }, row.title, row.value);
      return row;
    });
    return element(
      "section", {}, this._switch("formula", "Formula of the KL", FORMULAS), this.line,
      element("table", { class: "ledger" }, ...this.rows.map(({ root }) => root)),
    );
  }

  _noise() {
    this.spread = [0, 1].map(() => {
      const row = { title: element("td"), value: element("td", { class: "value" }) };
      row.root = element("tr", {}, row.title, row.value);
      return row;
    });
    const again = button("Sample again", () => {
      this.seed += 1;
      this._show();
    });
    return element(
      "section", {}, this._switch("noise", "Line that samples z", NOISES),
      element("p", { class: "note", text: "Standard deviation" }),
      element("table", { class: "ledger" }, ...this.spread.map(({ root }) => root)), again,
    );
  }

  _switch(name, title, known) {
    const options = Object.entries(known).map(([value, [text]]) => element("option", { value, text }));
    const select = element("select", {
      onchange: () => {
        this.state[name] = select.value;
        this._show();
        this._tell();
      },
    }, ...options);
    this[`${name}Select`] = select;
    return element("label", { class: "switch" }, title, select);
  }

  // Dragging and keys

  _grab(name, event) {
    if (event.button) return;
    this.held = { name, from: event.clientX, value: this.state[name] };
    this.handles[name].setPointerCapture(event.pointerId);
  }

  _drag(event) {
    if (!this.held || !this.scale) return;
    const { name, from, value } = this.held;
    const { unit } = this.scale;
    const to = value + (event.clientX - from) / unit;
    const round = Math.round(to / ROUND) * ROUND;
    this._set(name, Math.abs(to - round) * unit < NEAR ? round : to);
  }

  _release() {
    if (!this.held) return;
    this.held = null;
    this._tell();
  }

  _key(name, event) {
    const steps = {
      ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10,
    };
    const [least, most] = this.data.limits[name];
    const ends = { Home: least, End: most };
    if (!(event.key in steps || event.key in ends)) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1;
    this._set(name, ends[event.key] ?? this.state[name] + far * STEP * steps[event.key]);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this._tell(), QUIET);
  }

  _set(name, value) {
    const [least, most] = this.data.limits[name];
    const whole = Math.round(Math.min(Math.max(value, least), most) / STEP);
    this.state[name] = Number((whole * STEP).toFixed(2)) + 0; // no minus zero
    this._show();
  }

  _tell() {
    clearTimeout(this.waiting);
    this.send({ ...this.state });
    const { mu, sigma, formula } = this.state;
    const { sum } = termsOf(formula, mu, sigma, this.data.d);
    this.stage.announce(`The formula gives ${signed(sum, DIGITS)} nats.`);
  }

  // Showing

  _show() {
    const { mu, sigma, formula, noise } = this.state;
    this.formulaSelect.value = formula;
    this.noiseSelect.value = noise;
    this.draws = drawsOf(noise, mu, sigma, this.seed, N_DRAWS);
    this._showFormula();
    const { value, error } = deviationOf(this.draws);
    const spread = [
      [`of ${N_DRAWS} samples`, `${signed(value, DIGITS)} ± ${signed(error, DIGITS)}`],
      [`of this line, ${NOISES[noise][1]}`, signed(noiseOf(noise, sigma), DIGITS)],
    ];
    fill(this.spread, spread);
    const areas = areasOf(mu, sigma);
    const [above, below] = addingUp([areas.above, areas.below], DIGITS);
    this.above.textContent = `above 0: ${signed(above, DIGITS)}`;
    this.below.textContent = `below 0: ${signed(below, DIGITS)}`;
    for (const name of ["mu", "sigma"]) this._showHandle(name);
    this.stage.schedule();
  }

  _showFormula() {
    const { mu, sigma, formula } = this.state;
    const [, text, meanText, widthText] = FORMULAS[formula];
    this.line.textContent = text(this.data.d);
    const { mean, width, sum } = termsOf(formula, mu, sigma, this.data.d);
    const parts = addingUp([mean, width], DIGITS, sum);
    fill(this.rows, [
      [`mean part, ${meanText}`, signed(parts[0], DIGITS)],
      [`width part, ${widthText}`, signed(parts[1], DIGITS)],
      ["this formula, nats", signed(sum, DIGITS)],
      ["KL(q ‖ p): the area, nats", signed(termsOf("right", mu, sigma).sum, DIGITS)],
    ]);
  }

  _showHandle(name) {
    const [handle, value] = [this.handles[name], this.state[name]];
    const [least, most] = this.data.limits[name];
    const text = `${NAMES[name]} = ${signed(value, 2)}`;
    handle.firstChild.textContent = text;
    handle.setAttribute("aria-valuemin", least);
    handle.setAttribute("aria-valuemax", most);
    handle.setAttribute("aria-valuenow", value);
    handle.setAttribute("aria-valuetext", text);
  }

  _fit() {
    const wide = this.curves.clientWidth;
    if (!wide || wide === this.wide) return;
    this.wide = wide;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(wide * this.ratio);
    this.canvas.height = Math.round(HIGH * this.ratio);
    this.canvas.style.height = `${HIGH}px`;
    this.stage.schedule();
  }

  _draw() {
    if (!this.wide) return;
    const { mu, sigma } = this.state;
    this.scale = new BellScale(this.wide, sigma);
    const { prior, rate, darker, elbo } = this.data.colours;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const look = { ...this.stage.theme, prior, above: rate, below: darker, draw: elbo };
    drawBells(pen, this.scale, { mu, sigma, draws: this.draws }, look);
    const places = this.scale.handles(mu, sigma);
    for (const [name, [x, y]] of Object.entries(places)) {
      this.handles[name].style.transform = `translate(${x}px, ${y}px)`;
    }
    this.handles.sigma.classList.toggle("at-end", places.sigma[0] > this.wide - 100);
  }
}

/** Titles and values of a table's rows. */
function fill(rows, texts) {
  rows.forEach(({ title, value }, k) => {
    [title.textContent, value.textContent] = texts[k];
  });
}

const keep = keepOne("bell", (host, data, send) => new Bell(host, data, send));

/** Called by Streamlit when the page begins, and again whenever `data` change. */
export default function mount(component) {
  return keep(component);
}
