// Answers in the browser: onnxruntime-web and the network are inside this page.
import { noveltyOf } from "./novelty.js";
import { asInput, decode, inChannels, workingSize } from "./preprocess.js";

async function embedded(id) {
  const element = document.getElementById(id);
  const text = atob(element.textContent.trim());
  element.remove();
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < packed.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function createEngine(classifier) {
  const [module, wasm, network] = [await embedded("runtime-module"), await embedded("runtime-wasm"), await embedded("network")];
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const runtime = await import(address);
  URL.revokeObjectURL(address);
  runtime.env.wasm.numThreads = 1; // more would need headers that no file has
  runtime.env.wasm.wasmBinary = wasm;
  const session = await runtime.InferenceSession.create(network, { executionProviders: ["wasm"] });
  const how = classifier.preprocessing;

  async function answer(file) {
    const image = inChannels(await decode(new Uint8Array(await file.arrayBuffer()), how), how);
    const input = new runtime.Tensor("float32", asInput(workingSize(image, how)), [1, how.channels, how.size, how.size]);
    const { logits, map, distance, statistics } = await session.run({ images: input });
    const [, height, width] = map.dims;
    return {
      image,
      probabilities: softmax(Array.from(logits.data)),
      map: { method: classifier.map_method, height, width, values: Array.from(map.data) },
      novelty: classifier.novelty && noveltyOf(distance.data[0], Array.from(statistics.data), classifier.novelty),
    };
  }

  return { answer };
}

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
