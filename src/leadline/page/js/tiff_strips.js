// One strip or tile of a TIFF: decompressed, its prediction undone, its values in the machine's byte order.
import { ImageError } from "./samples.js";

export const ARRAYS = {
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array, uint32: Uint32Array, int32: Int32Array,
  float32: Float32Array, float64: Float64Array,
};

export async function unpackStrip(bytes, { compression, predictor, bits, kind, columns, rows, samples, little, inflate }) {
  const perRow = Math.ceil((columns * samples * bits) / 8);
  const expected = perRow * rows;
  const unpacked = await decompress(bytes, compression, expected, inflate);
  if (unpacked.length < expected) throw new ImageError("is cut off: pixels are missing");
  const raw = unpacked.slice(0, expected);
  if (bits < 8) return fromBits(raw, { bits, perRow, rows, values: columns * samples });
  if (predictor === 3) undoFloatPrediction(raw, { bits, perRow, rows, samples });
  const values = ordered(raw, kind, bits / 8, predictor === 3 ? false : little);
  if (predictor === 2) undoPrediction(values, { length: columns * samples, rows, samples });
  else if (predictor !== 1 && predictor !== 3) throw new ImageError(`has a predictor ${predictor}, which is not read; save it anew`);
  return values;
}

async function decompress(bytes, compression, expected, inflate) {
  if (compression === 1) return bytes;
  if (compression === 5) return lzw(bytes, expected);
  if (compression === 8 || compression === 32946) return inflate([bytes]);
  if (compression === 32773) return packBits(bytes, expected);
  throw new ImageError(`is compressed in a way (${compression}) that this page does not read; save it uncompressed, or with deflate or LZW`);
}

function ordered(raw, kind, size, little) {
  const machine = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (size > 1 && little !== machine) {
    for (let at = 0; at < raw.length; at += size) raw.subarray(at, at + size).reverse();
  }
  return new ARRAYS[kind](raw.buffer, raw.byteOffset, raw.length / size);
}

function undoPrediction(values, { length, rows, samples }) {
  for (let row = 0; row < rows; row++) {
    for (let i = row * length + samples; i < (row + 1) * length; i++) values[i] += values[i - samples];
  }
}

// TIFF technical note 3: bytes are differences, and those of one significance stand together, the highest first.
function undoFloatPrediction(raw, { bits, perRow, rows, samples }) {
  const size = bits / 8, values = perRow / size;
  for (let row = 0; row < rows; row++) {
    const line = raw.subarray(row * perRow, (row + 1) * perRow);
    for (let i = samples; i < perRow; i++) line[i] += line[i - samples];
    const sorted = line.slice();
    for (let i = 0; i < values; i++) for (let byte = 0; byte < size; byte++) line[i * size + byte] = sorted[byte * values + i];
  }
}

function fromBits(raw, { bits, perRow, rows, values }) {
  const out = new Uint8Array(rows * values);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < values; i++) {
      out[row * values + i] = (raw[row * perRow + ((i * bits) >> 3)] >> (8 - bits - ((i * bits) & 7))) & (2 ** bits - 1);
    }
  }
  return out;
}

function packBits(bytes, expected) {
  const out = new Uint8Array(expected);
  let at = 0, position = 0;
  while (at < expected && position < bytes.length) {
    const head = (bytes[position++] << 24) >> 24;
    if (head >= 0) {
      const length = Math.min(head + 1, expected - at, bytes.length - position);
      out.set(bytes.subarray(position, position + length), at);
      position += head + 1;
      at += head + 1;
    } else if (head !== -128) {
      out.fill(bytes[position++], at, at + 1 - head);
      at += 1 - head;
    }
  }
  return out.subarray(0, Math.min(at, expected));
}

// TIFF 6.0, section 13: codes of 9 to 12 bits, the highest bit first; 256 clears the table and 257 ends.
function lzw(bytes, expected) {
  if (bytes[0] === 0 && bytes[1] & 1) throw new ImageError("is compressed with an old kind of LZW, which is not read; save it anew");
  const out = new Uint8Array(expected);
  const prefix = new Uint16Array(4097), suffix = new Uint8Array(4097), lengths = new Uint16Array(4097);
  for (let k = 0; k < 256; k++) [suffix[k], lengths[k]] = [k, 1];
  let next = 258, width = 9, previous = -1, buffer = 0, held = 0, at = 0;
  const write = (code) => {
    const length = lengths[code];
    for (let i = at + length - 1, k = code; i >= at; i--, k = prefix[k]) if (i < expected) out[i] = suffix[k];
    at += length;
  };
  const first = (code) => {
    while (lengths[code] > 1) code = prefix[code];
    return suffix[code];
  };
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfffff;
    held += 8;
    if (held < width) continue;
    held -= width;
    const code = (buffer >> held) & (2 ** width - 1);
    if (code === 257 || at >= expected) break;
    if (code === 256) {
      [next, width, previous] = [258, 9, -1];
      continue;
    }
    if (code > next || (previous < 0 && code > 255) || next > 4096) throw new ImageError("is a damaged TIFF (a code of its LZW is wrong)");
    if (previous >= 0) {
      prefix[next] = previous;
      lengths[next] = lengths[previous] + 1;
      suffix[next] = first(code === next ? previous : code);
      next += 1;
    }
    write(code);
    previous = code;
    if (next + 1 >= 2 ** width && width < 12) width += 1;
  }
  return out.subarray(0, Math.min(at, expected));
}
