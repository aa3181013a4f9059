/**
 * The prior of a model, from its file: the family's own, or one that is learned.
 */

import { FAMILIES } from "../posteriors/families.js";
import { CodebookPrior } from "./codebook.js";
import { FlowPrior } from "./flow.js";
import { MixturePrior } from "./mixture.js";

/**
 * @param {?Object} prior - of the graph: kind, and what that needs; null for the family's own
 * @param {Object} tensors - name -> {values, shape}
 * @param {Object} family - one of FAMILIES
 * @param {number[]} latentShape
 */
export function priorOf(prior, tensors, family, latentShape) {
  return prior ? KINDS[prior.kind](prior, tensors, latentShape) : family.prior(latentShape);
}

const KINDS = {
  mixture({ family, is_of_classes: isOfClasses }, tensors, latentShape) {
    const { values, shape } = tensors["prior.params"];
    const width = values.length / shape[0];
    const components = Array.from({ length: shape[0] }, (_, k) =>
      FAMILIES[family].fromParams(values.subarray(k * width, (k + 1) * width), latentShape),
    );
    return new MixturePrior(latentShape, components, tensors["prior.log_weights"].values, isOfClasses);
  },

  flow({ couplings }, tensors, latentShape) {
    const made = couplings.map(({ moved, layers }) => ({
      moved,
      layers: layers.map((name) => ({
        weight: tensors[`${name}.weight`], bias: tensors[`${name}.bias`],
      })),
    }));
    return new FlowPrior(latentShape, made, tensors["prior.mean"].values);
  },

  codebook(_, tensors, latentShape) {
    const [entries, counts] = ["entries", "counts"].map((name) => tensors[`prior.${name}`].values);
    return new CodebookPrior(latentShape, entries, counts);
  },
};
