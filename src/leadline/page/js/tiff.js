// TIFF, OME-TIFF and ImageJ TIFF: one image, whole, in its own type, as leadline/data/formats/tiff.py reads it. What this
// does not read (JPEG inside, colours other than grey, RGB, palette and CMYK) it refuses.
import { ImageError, arrayOf, fromInks, inflate, onWhite, refuseLarge, upright } from "./samples.js";
import { imageAxes } from "./tiff_axes.js";
import { ARRAYS, unpackStrip } from "./tiff_strips.js";

const SIZES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8 };
const TAGS = {
  254: "subfile", 256: "width", 257: "height", 258: "bits", 259: "compression", 262: "photometric", 266: "fillOrder",
  270: "description", 273: "stripOffsets", 274: "orientation", 277: "samples", 278: "rowsPerStrip", 279: "stripCounts",
  284: "planar", 317: "predictor", 320: "colours", 322: "tileWidth", 323: "tileHeight", 324: "tileOffsets",
  325: "tileCounts", 338: "extra", 339: "format",
};
const MOST_PAGES = 10000;
const MINISWHITE = 0, MINISBLACK = 1, RGB = 2, PALETTE = 3, INKED = 5;
// Sample format and bits → how they are stored, and the type of the pixels.
const KINDS = {
  "1 1": ["uint8", "uint8"], "1 2": ["uint8", "uint8"], "1 4": ["uint8", "uint8"], "1 8": ["uint8", "uint8"],
  "1 16": ["uint16", "uint16"], "1 32": ["uint32", "float32"], "2 8": ["int8", "int16"], "2 16": ["int16", "int16"],
  "2 32": ["int32", "float32"], "3 32": ["float32", "float32"], "3 64": ["float64", "float32"],
};
const EXACT_IN_FLOAT32 = 2 ** 24;

export async function decodeTiff(content, project) {
  const file = readPages(content);
  const pages = file.pages.filter((page) => !(page.subfile & 1));
  if (!pages.length) throw new ImageError("is a damaged TIFF (there is no image in it)");
  const page = describe(pages[0]);
  const { channels, depth, order } = imageAxes(pages, page, project);
  refuseLarge(page.width, page.height, channels * depth * page.samples, Number(page.kind.match(/\d+/)[0]) / 8);
  const stored = []; // [plane in depth][channel]
  for (let z = 0; z < depth; z++) {
    stored.push([]);
    for (let c = 0; c < channels; c++) {
      const number = order(c, z);
      const from = number < pages.length ? describe(pages[number]) : contiguous(page, number);
      if (from.width !== page.width || from.height !== page.height || from.kind !== page.kind || from.samples !== page.samples) {
        throw new ImageError(`holds images of several sizes or types; save the one that counts in a file of its own`);
      }
      stored[z].push(...(await readPlanes(file, from)));
    }
  }
  const planes = stored.map((samples) => meaning(samples, page, channels));
  const projected = planes[0].map((_, channel) => projection(planes.map((each) => each[channel]), project));
  return upright({ width: page.width, height: page.height, planes: projected }, page.orientation);
}

function readPages(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const little = view.getUint8(0) === 0x49, big = view.getUint16(2, little) === 43;
  const number = (at) => (big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const file = { content, view, little, pages: [] };
  const seen = new Set();
  try {
    let at = number(big ? 8 : 4);
    while (at) {
      if (seen.has(at)) throw new ImageError("is a damaged TIFF (its chain of pages turns back to an earlier one)");
      if (seen.size >= MOST_PAGES) throw new ImageError(`has more than ${MOST_PAGES} pages`);
      seen.add(at);
      const entries = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
      const start = at + (big ? 8 : 2), size = big ? 20 : 12;
      const page = {};
      for (let entry = 0; entry < entries; entry++) readTag(file, page, start + entry * size, big, number);
      file.pages.push(page);
      at = number(start + entries * size);
    }
  } catch (error) {
    if (error instanceof RangeError) throw new ImageError("is cut off: a part of it is missing");
    throw error;
  }
  return file;
}

function readTag({ content, view, little }, page, at, big, number) {
  const name = TAGS[view.getUint16(at, little)];
  if (!name) return;
  const type = view.getUint16(at + 2, little), count = number(at + 4), size = SIZES[type];
  if (!size || count > 2 ** 24) throw new ImageError(`is a TIFF whose tag ${name} cannot be read; save it anew`);
  const inside = at + (big ? 12 : 8);
  const start = size * count <= (big ? 8 : 4) ? inside : number(inside);
  if (type === 2) {
    page[name] = new TextDecoder().decode(content.subarray(start, start + count)).replace(/\0.*$/s, "");
    return;
  }
  const values = Array.from({ length: count }, (_, i) => {
    const position = start + i * size;
    if (size === 1) return view.getUint8(position);
    if (size === 2) return view.getUint16(position, little);
    return size === 4 ? view.getUint32(position, little) : Number(view.getBigUint64(position, little));
  });
  page[name] = /Offsets|Counts|bits|colours|extra|format/.test(name) ? values : values[0];
}

// A page with its defaults, or an ImageError for what is not read.
function describe(page) {
  const described = { compression: 1, photometric: MINISBLACK, samples: 1, planar: 1, predictor: 1, extra: [], orientation: 1, ...page };
  const bits = new Set(page.bits ?? [1]), formats = new Set(page.format ?? [1]);
  const format = [...formats][0] === 4 ? 1 : [...formats][0];
  const kind = KINDS[`${format} ${[...bits][0]}`];
  if (!kind || bits.size > 1 || formats.size > 1) {
    throw new ImageError(`holds values of ${[...bits].join(", ")} bits of a kind that is not read; save it as uint8, uint16, int16 or float32`);
  }
  const { photometric, samples, extra } = described;
  if (![MINISWHITE, MINISBLACK, RGB, PALETTE, INKED].includes(photometric)) {
    throw new ImageError("stores its colours in a way that is not read; save it as grey or RGB");
  }
  const colours = { [MINISBLACK]: 1, [RGB]: 3 }[photometric];
  const transparent = extra.length === 1 && (extra[0] === 1 || extra[0] === 2) && samples - 1 === colours;
  const whole = format === 1 && [...bits][0] <= 16;
  if ((transparent || photometric === INKED || photometric === MINISWHITE) && !whole) {
    throw new ImageError("holds transparency, inks or inverted grey of a type whose white is not known; save it as grey or RGB");
  }
  if (photometric === INKED && samples !== 4) throw new ImageError(`holds ${samples} printing inks, and only CMYK is read`);
  if (described.fillOrder === 2) throw new ImageError("stores its bits in reverse order, which is not read; save it anew");
  return { ...described, bits: [...bits][0], kind: kind[0], dtype: kind[1], transparent };
}

// ImageJ describes one page and lays the others behind it.
function contiguous(page, number) {
  if (page.compression !== 1 || page.tileOffsets) throw new ImageError("lacks planes that its metadata promise");
  const bytes = (page.width * page.height * page.samples * page.bits) / 8;
  return { ...page, stripOffsets: [page.stripOffsets[0] + number * bytes], stripCounts: [bytes], rowsPerStrip: page.height };
}

// The samples of a page as planes of the stored type.
async function readPlanes(file, page) {
  const { width, height, samples } = page;
  const tiled = Boolean(page.tileOffsets);
  const [offsets, counts] = tiled ? [page.tileOffsets, page.tileCounts] : [page.stripOffsets, page.stripCounts];
  const columns = tiled ? page.tileWidth : width;
  const rows = tiled ? page.tileHeight : Math.min(page.rowsPerStrip ?? height, height);
  const across = Math.ceil(width / columns), down = Math.ceil(height / rows);
  const together = page.planar === 1 ? samples : 1;
  const needed = across * down * (samples / together);
  if (!offsets || !counts || offsets.length !== needed || counts.length !== needed) throw new ImageError("is cut off: pixels are missing");
  const planes = Array.from({ length: samples }, () => new ARRAYS[page.kind](width * height));
  for (let piece = 0; piece < needed; piece++) {
    if (!counts[piece] || offsets[piece] + counts[piece] > file.content.length) throw new ImageError("is cut off: pixels are missing");
    const place = piece % (across * down), first = Math.floor(piece / (across * down));
    const top = Math.floor(place / across) * rows, left = (place % across) * columns;
    const tall = tiled ? rows : Math.min(rows, height - top);
    const bytes = file.content.subarray(offsets[piece], offsets[piece] + counts[piece]);
    const values = await unpackStrip(bytes, { ...page, columns, rows: tall, samples: together, little: file.little, inflate });
    for (let y = 0; y < Math.min(tall, height - top); y++) {
      for (let x = 0; x < Math.min(columns, width - left); x++) {
        const target = (top + y) * width + left + x, source = (y * columns + x) * together;
        for (let s = 0; s < together; s++) planes[first + s][target] = values[source + s];
      }
    }
  }
  return planes;
}

// What samples mean: palette, inverted grey, transparency, inks; then their final type.
function meaning(samples, page, channels) {
  const { photometric, bits } = page;
  if (photometric === PALETTE && samples.length === 1) {
    const length = page.colours.length / 3;
    return [0, 1, 2].map((channel) => Uint8Array.from(samples[0], (index) => page.colours[channel * length + index] >> 8));
  }
  const full = bits < 16 ? 255 : 65535;
  if (bits < 8) samples = samples.map((plane) => plane.map((value) => value * (255 / (2 ** bits - 1))));
  if (photometric === MINISWHITE) samples = samples.map((plane) => plane.map((value) => full - value));
  if (page.transparent && channels === 1) samples = onWhite(samples, full, page.extra[0] === 1);
  if (photometric === INKED) samples = fromInks(samples, full);
  return samples.map((plane) => ofType(plane, page));
}

function ofType(plane, { kind, dtype }) {
  if (kind === dtype) {
    if (dtype === "float32" && !plane.every(Number.isFinite)) throw new ImageError("holds values that are not numbers or infinite; replace them");
    return plane;
  }
  if (kind.includes("int") && dtype === "float32" && plane.some((value) => Math.abs(value) > EXACT_IN_FLOAT32)) {
    throw new ImageError(`holds ${kind} values beyond ${EXACT_IN_FLOAT32}, which 32-bit floats do not hold exactly; save it as uint16`);
  }
  const converted = arrayOf(dtype, plane.length);
  converted.set(plane);
  if (!converted.every(Number.isFinite)) throw new ImageError("holds values that are not numbers or beyond 32-bit floats; replace them");
  return converted;
}

// One plane of a stack in depth: its maximum, or its mean in the type of the planes.
function projection(planes, project) {
  if (planes.length === 1) return planes[0];
  const out = planes[0].slice();
  for (let i = 0; i < out.length; i++) {
    let value = planes[0][i];
    for (let z = 1; z < planes.length; z++) value = project === "mean" ? value + planes[z][i] : Math.max(value, planes[z][i]);
    if (project === "mean") {
      value /= planes.length;
      if (!(out instanceof Float32Array)) {
        const below = Math.floor(value);
        value = value - below === 0.5 ? below + (below & 1) : Math.round(value);
      }
    }
    out[i] = value;
  }
  return out;
}
