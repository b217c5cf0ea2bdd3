// Answers from the server that this page comes from; the image is decoded here too, only to be shown.
import { decode, inChannels } from "./preprocess.js";
import { ImageError } from "./samples.js";

export async function createEngine(classifier) {
  const how = classifier.preprocessing;

  async function answer(file) {
    const form = new FormData();
    form.append("files", file, file.name);
    const response = await fetch("explain", { method: "POST", body: form }).catch(() => null);
    if (!response) throw new ImageError("the server does not answer");
    const said = await response.json().catch(() => ({ detail: `the server answers ${response.status}` }));
    if (!response.ok) throw new ImageError(said.answers?.[0]?.error ?? said.detail);
    const { probabilities, map, novelty } = said.answers[0];
    return { image: await shown(file), probabilities, map, novelty };
  }

  // null where this page cannot decode what the server can.
  async function shown(file) {
    try {
      return inChannels(await decode(new Uint8Array(await file.arrayBuffer()), how), how);
    } catch {
      return null;
    }
  }

  return { answer };
}
