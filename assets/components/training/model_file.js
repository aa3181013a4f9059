/**
 * A model that was trained in the page, as a weights file of the library.
 */

import { writeTensors } from "../model/safetensors.js";
import { BATCH } from "./settings.js";

/**
 * The bytes of a .safetensors file. That of digits says, as vae_core/runs/weights.py writes it,
 * which run it is, so that ELBO Room opens it; points are no images, so theirs does not.
 * @param {{tensors, epoch: number}} model - see Session.save
 * @param {Object} settings
 * @param {?{config: Object, data: Object}} facts - of a run on these data; null for points
 */
export function modelFile({ tensors, epoch, config }, settings, facts) {
  const epochs = Math.max(1, Math.ceil(epoch - 1e-9));
  if (!facts) return writeTensors(tensors, { made: "trained in the page by ELBO Room", epoch: String(epochs) });
  const run = {
    ...facts.config,
    name: `Digits, trained in the page`,
    model: {
      ...facts.config.model, hidden: config.hidden, latent_shape: [config.latent], likelihood: config.likelihood,
      sigma: config.sigma, sigma_value: config.sigmaValue,
    },
    train: {
      ...facts.config.train, epochs, batch_size: BATCH, lr: Number(settings.rate), beta: Number(settings.beta),
      seed: Number(settings.seed),
    },
  };
  return writeTensors(tensors, { epoch: String(epochs), config: JSON.stringify(run), data: JSON.stringify(facts.data) });
}
