// Answers from the server that this page comes from; the image is decoded here too, only to be shown.
import { decode, inChannels } from "./preprocess.js";
import { ImageError } from "./samples.js";

const ATTEMPTS = 60; // a second apart, while the server is busy

export async function createEngine(classifier) {
  const how = classifier.preprocessing;

  async function answer(file) {
    const form = new FormData();
    form.append("file", file, file.name);
    const said = await asked(form);
    return {
      image: await shown(file),
      probabilities: classifier.classes.map((name) => said.probabilities[name]),
      map: { method: said.method, height: said.map.length, width: said.map[0].length, values: said.map.flat() },
      novelty: said.novelty === null ? null : { score: said.novelty, reason: said.unlike },
    };
  }

  async function asked(form) {
    for (let attempt = 0; ; attempt++) {
      const response = await fetch("explain", { method: "POST", body: form }).catch(() => null);
      if (!response) throw new ImageError("the server does not answer");
      if (response.status === 429 && attempt < ATTEMPTS) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        continue;
      }
      const said = await response.json().catch(() => ({ detail: `the server answers ${response.status}` }));
      if (response.ok) return said;
      throw new ImageError(typeof said.detail === "string" ? said.detail : JSON.stringify(said.detail));
    }
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
