/**
 * The registry of the families of q(z|x), by their names in vae_core.posteriors.
 */

import { CodebookEntry } from "./codebook.js";
import { PointMass } from "./delta.js";
import { DiagonalGaussian } from "./diagonal.js";
import { Dirichlet } from "./dirichlet.js";
import { FullCorrelationGaussian, FullGaussian } from "./full.js";
import { Laplace } from "./laplace.js";

export const FAMILIES = {
  diagonal: DiagonalGaussian,
  full: FullGaussian,
  "full-correlation": FullCorrelationGaussian,
  laplace: Laplace,
  dirichlet: Dirichlet,
  delta: PointMass,
  codebook: CodebookEntry,
};
