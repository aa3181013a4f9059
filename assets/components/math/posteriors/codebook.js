/**
 * One of K codebook entries at every site, as vae_core/posteriors/codebook.py: its parameters are
 * the entry itself, which the prior has found.
 */

import { readParams } from "./base.js";
import { PointMass } from "./delta.js";

/** z = e_k with certainty. Its KL is the prior's to tell, for the entries are the prior's. */
export class CodebookEntry extends PointMass {
  static isRotationInvariant = false;

  static fromParams(params, latentShape) {
    return new CodebookEntry(latentShape, readParams(params, latentShape));
  }
}
