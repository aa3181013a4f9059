/**
 * Below a chart: save it as PNG or SVG, dark on white whatever the page's colours are, or save
 * its numbers as CSV. All of it happens in the page, when it is asked for.
 */

import { csvOf, download } from "../page/download.js";
import { element } from "../page/element.js";
import { showFirst } from "./first_picture.js";

const [INK, PAPER] = ["#1f2328", "#ffffff"];
const FONT = "Arial, Helvetica, sans-serif"; // the page's own is not known to a picture
const SCALE = 3; // pixels of a PNG per pixel on screen
const TYPES = { png: "image/png", svg: "image/svg+xml", csv: "text/csv" };
const BARS = new WeakMap(); // by the element they live in

/** Called by Streamlit when the bar is put below a chart, and again whenever `data` change. */
export default function mountSave({ parentElement, data, setStateValue }) {
  const bar = BARS.get(parentElement) ?? createBar(parentElement);
  bar.data = data;
  nameChart(data);
  bar.endFirst?.();
  bar.endFirst = data.sketch ? showFirst(bar.root, placeOf(data.chart), data.sketch) : null;
  if (data.is_awaited) afterFrames(() => setStateValue("seen", true));
  BARS.set(parentElement, bar);
  return () => {
    bar.endFirst?.();
    bar.root.remove();
    BARS.delete(parentElement);
  };
}

/** Call a function when what is drawn now is on the screen. */
function afterFrames(done) {
  requestAnimationFrame(() => requestAnimationFrame(done));
}

function createBar(host) {
  const bar = { root: element("div", { class: "save", role: "group", "aria-label": "Save this figure" }) };
  bar.status = element("span", { role: "status" });
  const button = (kind) =>
    element("button", {
      type: "button", text: kind.toUpperCase(), title: kind === "csv" ? "Its numbers" : `As ${kind.toUpperCase()}`,
      onclick: () => save(bar, kind),
    });
  bar.root.append(bar.status, "Save as", ...Object.keys(TYPES).map(button));
  host.append(bar.root);
  return bar;
}

async function save(bar, kind) {
  bar.status.textContent = "";
  try {
    const chart = chartOf(bar.data.chart);
    const content = kind === "csv" ? toCsv(chart) : await toPicture(chart, kind);
    download(new Blob([content], { type: TYPES[kind] }), `${bar.data.name}.${kind}`);
  } catch (error) {
    bar.status.textContent = error.sentence ?? "This could not be saved. Load the page again.";
    console.warn(error);
  }
}

/** Where Streamlit shows what has a key. */
function placeOf(key) {
  const name = `st-key-${key.trim().replace(/[^a-zA-Z0-9_-]/g, "-")}`;
  return `.${CSS.escape(name)}`;
}

/** Name the chart for those who do not see it. */
function nameChart({ chart, label }) {
  const place = document.querySelector(placeOf(chart));
  place?.setAttribute("role", "figure");
  place?.setAttribute("aria-label", label);
}

/** The chart that Streamlit shows under a key, by the class that Plotly gives it. */
function chartOf(key) {
  const chart = document.querySelector(`${placeOf(key)} .js-plotly-plot`);
  return chart ?? refuse("The figure is not found on this page. Load the page again.");
}

/** What Plotly draws with, which Streamlit leaves in the window: it bundles no other way to it. */
function plotly() {
  return window.Plotly?.toImage
    ? window.Plotly
    : refuse("This version of Streamlit keeps Plotly to itself: only the numbers can be saved, as CSV.");
}

/**
 * The traces as they are drawn. Plotly keeps them to itself; its public `data` hold numbers that
 * are still packed, and not what it has filled in: x of bars without one, names, axes.
 */
function tracesOf(chart) {
  return Array.isArray(chart._fullData)
    ? chart._fullData
    : refuse("This version of Plotly keeps its numbers to itself: save the figure as PNG or SVG.");
}

/** Raise an error whose sentence the reader sees. */
function refuse(sentence) {
  throw Object.assign(new Error(sentence), { sentence });
}

/** The chart as it is, zoomed where it is zoomed, on white. */
async function toPicture(chart, format) {
  const { clientWidth: width, clientHeight: height } = chart;
  const figure = { ...onPaper(chart), config: { staticPlot: true } };
  const scale = format === "png" ? SCALE : 1;
  const address = await plotly().toImage(figure, { format, width, height, scale });
  return (await fetch(address)).blob();
}

/** A figure whose words are dark and whose ground is white. */
export function onPaper({ data, layout }) {
  const ink = (font) => ({ ...font, color: INK, family: FONT });
  const scale = (axis) => ({ ...axis, tickfont: ink(axis.tickfont), title: named(axis.title) });
  const named = (title) => {
    const known = typeof title === "string" ? { text: title } : title;
    return { ...known, font: ink(known?.font) };
  };
  const white = { paper_bgcolor: PAPER, plot_bgcolor: PAPER, font: ink(layout.font) };
  const legend = { ...layout.legend, font: ink(layout.legend?.font) };
  const made = { ...layout, ...white, legend, title: named(layout.title) };
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis\d*$/.test(name)) made[name] = scale(layout[name]);
    if (/^coloraxis\d*$/.test(name)) {
      made[name] = { ...layout[name], colorbar: scale(layout[name].colorbar ?? {}) };
    }
  }
  const hasBar = (trace) => trace.type === "heatmap" && !trace.coloraxis;
  const drawn = data.map((trace) =>
    hasBar(trace) ? { ...trace, colorbar: scale(trace.colorbar ?? {}) } : trace,
  );
  return { data: drawn, layout: made };
}

/** Every trace's numbers, one row per point; nothing more than what is drawn. */
export function toCsv(chart) {
  const { xaxis, yaxis, xaxis2, annotations = [] } = chart.layout;
  const panels = xaxis2 ? annotations.filter((each) => each.xref === "paper") : [];
  const traces = tracesOf(chart).filter(({ x, y, z }) => x || y || z);
  const isGrid = traces.some(({ z }) => z);
  const head = ["series", titleOf(xaxis, "x"), titleOf(yaxis, "y"), ...(isGrid ? ["value"] : [])];
  const rows = [panels.length ? ["panel", ...head] : head];
  for (const trace of traces) {
    const panel = panels.length ? [panels[(Number(trace.xaxis.slice(1)) || 1) - 1]?.text] : [];
    const points = trace.z ? gridRows(trace) : pointRows(trace);
    for (const point of points) rows.push([...panel, trace.name, ...point]);
  }
  const isText = (value) => value != null && typeof value !== "number";
  return csvOf(rows.map((row) => row.map((value) => (isText(value) ? shownText(value) : value))));
}

function titleOf(axis, name) {
  return shownText(axis?.title?.text ?? "") || name;
}

function pointRows({ x, y }) {
  const n = Math.max(x?.length ?? 0, y?.length ?? 0);
  return Array.from({ length: n }, (_, i) => [x ? x[i] : i, y ? y[i] : i]);
}

function gridRows({ x, y, z }) {
  return Array.from(z).flatMap((row, i) =>
    Array.from(row, (value, j) => [x ? x[j] : j, y ? y[i] : i, value]),
  );
}

/** Text as Plotly shows it: without its tags, and with the letters that it has escaped. */
function shownText(value) {
  const letters = { lt: "<", gt: ">", amp: "&" };
  return String(value).replace(/<[^>]*>/g, "").replace(/&(lt|gt|amp);/g, (_, name) => letters[name]);
}
