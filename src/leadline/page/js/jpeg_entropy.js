// The markers and the entropy-coded scans of a JPEG (ITU-T T.81), sequential and progressive: coefficients, block by block.
import { ImageError, exifOrientation, refuseLarge } from "./samples.js";

const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
  62, 63,
];
const SOF0 = 0xc0, SOF2 = 0xc2, DHT = 0xc4, EOI = 0xd9, SOS = 0xda, DQT = 0xdb, DRI = 0xdd, APP0 = 0xe0, APP1 = 0xe1, APP14 = 0xee;
const DAMAGED = "is a damaged JPEG (its compressed pixels make no sense)";

// {width, height, orientation, components, transform}; a component has its sampling h and v, its blocks in rows of
// `perRow`, and the quantization table by which they are to be multiplied.
export function readCoefficients(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const state = { content, view, quantization: [], huffman: {}, restart: 0, adobe: null, jfif: false, orientation: 1, frame: null };
  let position = 2;
  while (position < content.length) {
    while (position < content.length && content[position] !== 0xff) position += 1;
    while (content[position] === 0xff) position += 1;
    const marker = content[position++];
    if (marker === EOI) {
      if (!state.frame) break;
      return described(state);
    }
    if (marker === undefined || marker === 0 || (marker >= 0xd0 && marker <= 0xd8) || marker === 1) continue;
    if (position + 2 > content.length) break;
    const length = view.getUint16(position);
    const segment = content.subarray(position + 2, position + length);
    position = readSegment(state, marker, segment, position + length);
  }
  throw new ImageError("is cut off: its end is missing");
}

function readSegment(state, marker, segment, next) {
  const text = (length) => String.fromCharCode(...segment.subarray(0, length));
  if (marker === DQT) readQuantization(state, segment);
  else if (marker === DHT) readHuffman(state, segment);
  else if (marker === DRI) state.restart = (segment[0] << 8) | segment[1];
  else if (marker === APP0 && text(5) === "JFIF\0") state.jfif = true;
  else if (marker === APP1 && text(6) === "Exif\0\0") state.orientation = exifOrientation(segment);
  else if (marker === APP14 && text(5) === "Adobe") state.adobe = segment[11];
  else if (marker >= SOF0 && marker <= SOF2) readFrame(state, segment, marker === SOF2);
  else if (marker > SOF2 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) throw new ImageError("is a JPEG of a rare kind (lossless or arithmetic), which is not read; save it as PNG");
  else if (marker === SOS) return readScan(state, segment, next);
  return next;
}

function described({ frame, adobe, jfif, orientation }) {
  const { width, height, components } = frame;
  const ids = String.fromCharCode(...components.map((component) => component.id));
  let transform = components.length === 3; // to be turned from luminance and chrominance
  if (components.length === 3 && !jfif) transform = adobe !== null ? adobe !== 0 : ids !== "RGB";
  if (components.length === 4) transform = adobe === 2;
  return { width, height, components, transform, orientation };
}

function readQuantization({ quantization }, segment) {
  for (let at = 0; at < segment.length; ) {
    const wide = segment[at] >> 4, number = segment[at++] & 15;
    const table = new Int32Array(64);
    for (let k = 0; k < 64; k++, at += wide ? 2 : 1) table[ZIGZAG[k]] = wide ? (segment[at] << 8) | segment[at + 1] : segment[at];
    quantization[number] = table;
  }
}

// A table of all 16-bit beginnings: symbol and length of the code.
function readHuffman({ huffman }, segment) {
  for (let at = 0; at + 17 <= segment.length; ) {
    const name = segment[at], counts = segment.subarray(at + 1, at + 17);
    at += 17;
    const lookup = new Uint16Array(65536);
    let code = 0;
    for (let length = 1; length <= 16; length++, code <<= 1) {
      for (let k = 0; k < counts[length - 1]; k++, code++, at++) {
        lookup.fill((length << 8) | segment[at], code << (16 - length), (code + 1) << (16 - length));
      }
    }
    huffman[name] = lookup;
  }
}

function readFrame(state, segment, progressive) {
  const bits = segment[0], height = (segment[1] << 8) | segment[2], width = (segment[3] << 8) | segment[4], count = segment[5];
  if (bits !== 8 || ![1, 3, 4].includes(count)) throw new ImageError(`is a JPEG of ${count} components of ${bits} bits, and only 1, 3 or 4 of 8 bits are read`);
  if (state.frame) throw new ImageError("holds several JPEGs; save the one that counts");
  refuseLarge(width, height, 3 * count, 1);
  const components = Array.from({ length: count }, (_, k) => {
    const [id, sampling, table] = segment.subarray(6 + 3 * k, 9 + 3 * k);
    return { id, h: sampling >> 4, v: sampling & 15, table };
  });
  const hMax = Math.max(...components.map((each) => each.h)), vMax = Math.max(...components.map((each) => each.v));
  const mcusAcross = Math.ceil(width / (8 * hMax)), mcusDown = Math.ceil(height / (8 * vMax));
  for (const component of components) {
    component.across = Math.ceil(Math.ceil((width * component.h) / hMax) / 8);
    component.down = Math.ceil(Math.ceil((height * component.v) / vMax) / 8);
    component.perRow = mcusAcross * component.h;
    component.rows = mcusDown * component.v;
    component.blocks = new Int16Array(64 * component.perRow * component.rows);
  }
  state.frame = { width, height, components, progressive, mcusAcross, mcusDown };
}

function readScan(state, segment, position) {
  const { frame, huffman } = state;
  const scanned = Array.from({ length: segment[0] }, (_, k) => {
    const component = frame.components.find((each) => each.id === segment[1 + 2 * k]);
    component.quantization ??= state.quantization[component.table];
    component.dc = huffman[segment[2 + 2 * k] >> 4];
    component.ac = huffman[0x10 | (segment[2 + 2 * k] & 15)];
    component.previous = 0;
    return component;
  });
  const [start, end, approximation] = segment.subarray(1 + 2 * segment[0]);
  const scan = { bits: new Bits(state.content, position), start, end, high: approximation >> 4, low: approximation & 15, run: 0 };
  const block = !frame.progressive ? sequential : start === 0 ? (scan.high ? refineFirst : firstOf) : scan.high ? refineRest : restOf;
  const alone = scanned.length === 1;
  const across = alone ? scanned[0].across : frame.mcusAcross, down = alone ? scanned[0].down : frame.mcusDown;
  for (let mcu = 0; mcu < across * down; mcu++) {
    if (state.restart && mcu && mcu % state.restart === 0) {
      scan.bits.restart();
      scan.run = 0;
      for (const component of scanned) component.previous = 0;
    }
    const row = Math.floor(mcu / across), column = mcu % across;
    if (alone) {
      block(scan, scanned[0], 64 * (row * scanned[0].perRow + column));
      continue;
    }
    for (const component of scanned) {
      for (let v = 0; v < component.v; v++) {
        for (let h = 0; h < component.h; h++) {
          block(scan, component, 64 * ((row * component.v + v) * component.perRow + column * component.h + h));
        }
      }
    }
  }
  return scan.bits.end();
}

class Bits {
  constructor(content, position) {
    this.content = content;
    this.position = position;
    this.buffer = 0;
    this.held = 0;
  }

  // Zeros follow the last byte before a marker, as libjpeg has it.
  fill() {
    while (this.held <= 16) {
      let byte = 0;
      if (this.content[this.position] !== 0xff) byte = this.content[this.position++] ?? 0;
      else if (this.content[this.position + 1] === 0) [byte, this.position] = [0xff, this.position + 2];
      this.buffer = ((this.buffer << 8) | byte) & 0xffffffff;
      this.held += 8;
    }
  }

  take(count) {
    if (!count) return 0;
    this.fill();
    this.held -= count;
    return (this.buffer >>> this.held) & ((1 << count) - 1);
  }

  symbol(lookup) {
    this.fill();
    const entry = lookup[(this.buffer >>> (this.held - 16)) & 0xffff];
    if (!entry) throw new ImageError(DAMAGED);
    this.held -= entry >> 8;
    return entry & 255;
  }

  // A number of `count` bits, of which the lower half are negative.
  signed(count) {
    const value = this.take(count);
    return count && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  restart() {
    this.buffer = this.held = 0;
    const { content } = this;
    while (this.position < content.length && !(content[this.position] === 0xff && content[this.position + 1] >= 0xd0 && content[this.position + 1] <= 0xd7)) {
      if (content[this.position] === 0xff && content[this.position + 1] > 0 && content[this.position + 1] !== 0xff) throw new ImageError(DAMAGED);
      this.position += 1;
    }
    this.position += 2;
  }

  // Where the next marker is.
  end() {
    const { content } = this;
    while (this.position < content.length && !(content[this.position] === 0xff && content[this.position + 1] > 0)) this.position += 1;
    return this.position;
  }
}

function sequential({ bits }, component, at) {
  const { blocks } = component;
  blocks[at] = component.previous += bits.signed(bits.symbol(component.dc));
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(component.ac), size = symbol & 15, run = symbol >> 4;
    if (!size) {
      if (run < 15) return;
      k += 15;
      continue;
    }
    k += run;
    if (k > 63) throw new ImageError(DAMAGED);
    blocks[at + ZIGZAG[k]] = bits.signed(size);
  }
}

function firstOf({ bits, low }, component, at) {
  component.blocks[at] = (component.previous += bits.signed(bits.symbol(component.dc))) << low;
}

function refineFirst({ bits, low }, component, at) {
  component.blocks[at] |= bits.take(1) << low;
}

function restOf(scan, component, at) {
  const { bits, start, end, low } = scan;
  if (scan.run) {
    scan.run -= 1;
    return;
  }
  for (let k = start; k <= end; k++) {
    const symbol = bits.symbol(component.ac), size = symbol & 15, run = symbol >> 4;
    if (!size) {
      if (run < 15) {
        scan.run = (1 << run) - 1 + bits.take(run);
        return;
      }
      k += 15;
      continue;
    }
    k += run;
    if (k > 63) throw new ImageError(DAMAGED);
    component.blocks[at + ZIGZAG[k]] = bits.signed(size) * (1 << low);
  }
}

function refineRest(scan, component, at) {
  const { bits, start, end, low } = scan, { blocks } = component, step = 1 << low;
  let k = start;
  const refine = (place) => {
    if (bits.take(1) && !(Math.abs(blocks[place]) & step)) blocks[place] += blocks[place] > 0 ? step : -step;
  };
  if (!scan.run) {
    for (; k <= end; k++) {
      const symbol = bits.symbol(component.ac), size = symbol & 15;
      let run = symbol >> 4, value = 0;
      if (size) value = bits.take(1) ? step : -step;
      else if (run < 15) {
        scan.run = (1 << run) + bits.take(run);
        break;
      }
      for (; k <= end; k++) {
        const place = at + ZIGZAG[k];
        if (blocks[place]) refine(place);
        else if (run-- === 0) {
          blocks[place] = value;
          break;
        }
      }
    }
  }
  if (scan.run) {
    for (; k <= end; k++) if (blocks[at + ZIGZAG[k]]) refine(at + ZIGZAG[k]);
    scan.run -= 1;
  }
}
