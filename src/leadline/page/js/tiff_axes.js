// Which pages of a TIFF are channels and which are depth: said by ImageJ, by OME-XML or by tifffile, never guessed.
import { ImageError } from "./samples.js";

// {channels, depth, order(channel, plane in depth) → number of the page}; channels are pages, samples come on top.
export function imageAxes(pages, page, project) {
  const text = page.description ?? "";
  const axes = text.startsWith("ImageJ=") ? ofImageJ(text)
    : /<(\w+:)?OME[\s>]/.test(text) ? ofOme(text, pages, page)
    : text.startsWith("{") && pages.length > 1 ? ofTifffile(text)
    : { letters: "I", lengths: { I: pages.length } };
  const { letters, lengths } = axes;
  const length = (letter) => lengths[letter] ?? 1;
  if (length("T") > 1) throw new ImageError(`is a series of ${length("T")} time points; save those that count in files of their own`);
  const depthAxis = ["Z", "I", "Q"].filter((letter) => length(letter) > 1);
  const known = Object.keys(lengths).every((letter) => "TZCIQ".includes(letter) || length(letter) === 1);
  if (depthAxis.length > 1 || !known || (length("C") > 1 && page.samples > 1)) {
    throw new ImageError("has axes of which no single image can be made; save it with axes C, Y and X");
  }
  const depth = depthAxis.length ? length(depthAxis[0]) : 1;
  if (depth > 1 && !project) {
    throw new ImageError(depthAxis[0] === "Z"
      ? `is a stack of ${depth} planes in depth, which this classifier was not trained on`
      : `holds ${depth} pages and does not say whether they are channels, depth or time; save it with named axes`);
  }
  const count = length("C") * depth;
  if (pages.length !== count && !(axes.contiguous && pages.length === 1)) {
    throw new ImageError(pages.length > count ? `holds ${pages.length} images; save the one that counts in a file of its own` : "lacks planes that its metadata promise");
  }
  // Letters from the fastest axis to the slowest.
  const order = (channel, z) => {
    let number = 0, step = 1;
    for (const letter of letters) {
      number += step * (letter === "C" ? channel : letter === depthAxis[0] ? z : 0);
      step *= length(letter);
    }
    return number;
  };
  return { channels: length("C"), depth, order };
}

function ofImageJ(text) {
  const said = Object.fromEntries(text.split("\n").map((line) => line.split("=")));
  const number = (name) => Math.max(1, Number(said[name] ?? 1));
  const lengths = { C: number("channels"), Z: number("slices"), T: number("frames") };
  const images = number("images");
  if (lengths.C * lengths.Z * lengths.T === images) return { letters: "CZT", lengths, contiguous: true };
  return { letters: "I", lengths: { I: images }, contiguous: true };
}

function ofOme(text, pages, page) {
  const pixels = text.match(/<(?:\w+:)?Pixels\s[^>]*>/g) ?? [];
  if (pixels.length !== 1) throw new ImageError(`holds ${pixels.length} images; save the one that counts in a file of its own`);
  const value = (name) => pixels[0].match(new RegExp(`\\s${name}\\s*=\\s*["']([^"']*)["']`))?.[1];
  const number = (name) => Math.max(1, Number(value(name) ?? 1));
  const files = new Set([...text.matchAll(/FileName\s*=\s*["']([^"']*)["']/g)].map((found) => found[1]));
  if (files.size > 1) throw new ImageError("has planes in other files; save it as one file");
  const explicit = [...text.matchAll(/<(?:\w+:)?TiffData\s([^>]*)>/g)].filter((found) => /First[CZT]|IFD/.test(found[1]));
  const orderly = explicit.every((found, k) => Number(found[1].match(/IFD\s*=\s*["'](\d+)/)?.[1] ?? 0) === k);
  if (explicit.length > 1 && !(orderly && explicit.length === pages.length)) throw new ImageError("lays out its planes in an order that is not read; save it anew");
  const letters = (value("DimensionOrder") ?? "XYCZT").replace(/[XY]/g, "");
  return { letters, lengths: { C: number("SizeC") / page.samples, Z: number("SizeZ"), T: number("SizeT") } };
}

function ofTifffile(text) {
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    said = {};
  }
  const shape = Array.isArray(said.shape) ? said.shape : [];
  const axes = typeof said.axes === "string" && said.axes.length === shape.length ? said.axes : "Q".repeat(Math.max(0, shape.length - 2)) + "YX";
  const lengths = {};
  [...axes].forEach((letter, k) => {
    if (!"YXS".includes(letter)) lengths[letter] = (lengths[letter] ?? 1) * shape[k];
  });
  return { letters: [...axes].filter((letter) => !"YXS".includes(letter)).reverse().join(""), lengths };
}
