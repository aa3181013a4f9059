/**
 * The population of a plane: the images that are shown of the test split, by classes and number,
 * and one sample of z of each.
 */

const MEANS = "points", SAMPLES = "samples", WIDTHS = "widths"; // layers of the state

export class Population {
  /** @param {LensState} state - its classes (none: all), count and layers are read */
  constructor(state) {
    this.state = state;
    this.places = new Map(); // by image: a sample of its z on the plane
  }

  /** Whether a class is chosen: all are, where none is. */
  has(label) {
    const { classes } = this.state;
    return !classes.length || classes.includes(label);
  }

  /** Numbers of the images shown: the first of the chosen classes. */
  get images() {
    const { model, count } = this.state;
    const found = [];
    const { labels } = model.codes;
    for (let i = 0; i < labels.length && found.length < count; i++) {
      if (this.has(labels[i])) found.push(i);
    }
    return found;
  }

  /**
   * What the painter draws of them: points, at means or samples, and ellipses.
   * @param {Object} layout - see planeLayout
   * @param {Object} means - layout.points(...) of all images
   * @returns {{points: ?Object, widths: ?Object}} points {x, y, labels, index: numbers of images};
   *   widths, too, with xx, xy, yy
   */
  marks(layout, means) {
    const { layers, model } = this.state;
    const images = this.images;
    const has = (layer) => layers.includes(layer);
    const of = (name) => Float64Array.from(images, (i) => means[name][i]);
    const about = { labels: Float32Array.from(images, (i) => model.codes.labels[i]), index: images };
    const at = { x: of("x"), y: of("y"), ...about };
    const widths = has(WIDTHS) ? { ...at, xx: of("xx"), xy: of("xy"), yy: of("yy") } : null;
    const clouds = [];
    if (has(MEANS)) clouds.push(at);
    if (has(SAMPLES) && model.isKnown) clouds.push({ ...about, ...this._samples(layout, means, images) });
    return { points: clouds.length ? joined(clouds) : null, widths };
  }

  /** A sample of each image's z: the same again, whatever else is shown. */
  _samples(layout, means, images) {
    if (layout !== this.layout) this.places.clear();
    this.layout = layout;
    const places = images.map((i) => {
      if (!this.places.has(i)) this.places.set(i, layout.toPlane(this.sampleOf(i)));
      return this.places.get(i);
    });
    const y = layout.isLine ? images.map((i) => means.y[i]) : places.map(([, up]) => up);
    return { x: Float64Array.from(places, ([across]) => across), y: Float64Array.from(y), isSample: true };
  }

  /** z of the sample that is shown of an image. */
  sampleOf(image) {
    return this.state.model.posteriorAt(image).draw(image + 1);
  }
}

/** Several clouds as one: which of its points are samples is in `samples`. */
function joined(clouds) {
  const all = (name) => clouds.flatMap((cloud) => Array.from(cloud[name]));
  return {
    x: Float64Array.from(all("x")), y: Float64Array.from(all("y")), labels: all("labels"), index: all("index"),
    isSample: clouds.flatMap((cloud) => cloud.index.map(() => Boolean(cloud.isSample))),
  };
}
