/**
 * The label as an input of a network: the bias of its first layer, one for each label.
 */

export class LabelBias {
  /**
   * @param {Float32Array} bias - of the layer; it is overwritten, and the layer reads it
   * @param {Float32Array} rows - (labels, bias.length): what each label adds
   */
  constructor(bias, rows) {
    Object.assign(this, { bias, rows });
    this.own = bias.slice();
    this.label = null;
  }

  /** Let the network have this label from now on. */
  set(label) {
    if (label === this.label) return;
    this.label = label;
    const start = label * this.bias.length;
    for (let i = 0; i < this.bias.length; i++) this.bias[i] = this.own[i] + this.rows[start + i];
  }
}
