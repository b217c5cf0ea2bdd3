// PNG, 1 to 16 bits a sample, interlaced or not, without what browsers do to it: no colour profile, no 8-bit canvas.
import { ImageError, arrayOf, exifOrientation, inflate, onWhite, refuseLarge, upright } from "./samples.js";

// Colour type → stored samples of a pixel: grey, RGB, palette, grey and alpha, RGB and alpha.
const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
// Adam7: first column and row, distance between columns and between rows, of each pass.
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

const CRC = new Uint32Array(256).map((_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export async function decodePng(content) {
  const { header, palette, transparency, data, orientation } = readChunks(content);
  const { width, height, bits, colour, interlaced } = header;
  refuseLarge(width, height, SAMPLES[colour] + 2, bits > 8 ? 2 : 1);
  const stored = unpack(await inflate(data), header, interlaced ? PASSES : [[0, 0, 1, 1]]);
  const planes = colour === 3 ? coloured(stored[0], palette, transparency) : withAlpha(stored, header, transparency);
  const opaque = [1, 3].includes(planes.length) ? planes : onWhite(planes, bits === 16 ? 65535 : 255);
  return upright({ width, height, planes: opaque }, orientation);
}

function readChunks(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let position = 8, header, palette, transparency, orientation = 1;
  const data = [];
  for (;;) {
    if (position + 12 > content.length) throw new ImageError("is cut off: its end is missing");
    const length = view.getUint32(position);
    if (position + 12 + length > content.length) throw new ImageError("is cut off: its end is missing");
    const kind = String.fromCharCode(...content.subarray(position + 4, position + 8));
    const body = content.subarray(position + 8, position + 8 + length);
    const critical = kind[0] === kind[0].toUpperCase();
    const sound = checksum(content.subarray(position + 4, position + 8 + length)) === view.getUint32(position + 8 + length);
    if (critical && !sound) throw new ImageError(`is a damaged PNG (the checksum of its ${kind} is wrong)`);
    if (kind === "IHDR") header = readHeader(new DataView(body.buffer, body.byteOffset, body.byteLength));
    else if (kind === "PLTE") palette = body;
    else if (kind === "tRNS" && sound) transparency = body;
    else if (kind === "eXIf") orientation = exifOrientation(body);
    else if (kind === "IDAT") data.push(body);
    else if (kind === "IEND") break;
    position += 12 + length;
  }
  if (!header || !data.length || (header.colour === 3 && !palette)) throw new ImageError("is a damaged PNG (a part of it is missing)");
  return { header, palette, transparency, data, orientation };
}

function readHeader(view) {
  const header = { width: view.getUint32(0), height: view.getUint32(4), bits: view.getUint8(8), colour: view.getUint8(9), interlaced: view.getUint8(12) };
  if (!(DEPTHS[header.colour] ?? []).includes(header.bits)) throw new ImageError("is a damaged PNG (its header makes no sense)");
  return header;
}

// The stored samples as planes, unfiltered (PNG specification, 9.2).
function unpack(bytes, { width, height, bits, colour }, passes) {
  const samples = SAMPLES[colour];
  const planes = Array.from({ length: samples }, () => arrayOf(bits === 16 ? "uint16" : "uint8", width * height));
  const step = Math.max(1, (samples * bits) >> 3); // bytes from a byte to the one left of it
  let position = 0;
  for (const [left, top, across, down] of passes) {
    const columns = Math.ceil((width - left) / across), rows = Math.ceil((height - top) / down);
    if (columns <= 0 || rows <= 0) continue;
    const length = Math.ceil((columns * samples * bits) / 8);
    let above = new Uint8Array(length);
    for (let row = 0; row < rows; row++) {
      if (position + 1 + length > bytes.length) throw new ImageError("is a damaged PNG (pixels are missing)");
      const line = bytes.subarray(position + 1, position + 1 + length);
      unfilter(bytes[position], line, above, step);
      const start = (top + row * down) * width + left;
      for (let column = 0; column < columns; column++) {
        for (let sample = 0; sample < samples; sample++) {
          const index = column * samples + sample;
          planes[sample][start + column * across] =
            bits === 8 ? line[index]
            : bits === 16 ? (line[2 * index] << 8) | line[2 * index + 1]
            : (line[(index * bits) >> 3] >> (8 - bits - ((index * bits) & 7))) & ((1 << bits) - 1);
        }
      }
      above = line;
      position += 1 + length;
    }
  }
  return planes;
}

function unfilter(filter, line, above, step) {
  if (filter > 4) throw new ImageError(`is a damaged PNG (it has a filter ${filter})`);
  for (let i = 0; i < line.length && filter; i++) {
    const left = i >= step ? line[i - step] : 0, up = above[i];
    if (filter === 1) line[i] += left;
    else if (filter === 2) line[i] += up;
    else if (filter === 3) line[i] += (left + up) >> 1;
    else {
      const corner = i >= step ? above[i - step] : 0;
      const fromLeft = Math.abs(up - corner), fromUp = Math.abs(left - corner), fromCorner = Math.abs(left + up - 2 * corner);
      line[i] += fromLeft <= fromUp && fromLeft <= fromCorner ? left : fromUp <= fromCorner ? up : corner;
    }
  }
}

function coloured(indices, palette, transparency) {
  if (indices.some((index) => 3 * index + 2 >= palette.length)) throw new ImageError("is a damaged PNG (a colour is not in its palette)");
  const planes = [0, 1, 2].map((channel) => indices.map((index) => palette[3 * index + channel]));
  return transparency ? [...planes, indices.map((index) => transparency[index] ?? 255)] : planes;
}

// Grey of few bits fills 0 to 255; a colour that stands for transparency becomes a plane of it.
function withAlpha(planes, { bits, colour }, transparency) {
  const full = bits === 16 ? 65535 : 255;
  if (transparency && (colour === 0 || colour === 2)) {
    const clear = planes.map((_, channel) => ((transparency[2 * channel] << 8) | transparency[2 * channel + 1]) & (2 ** bits - 1));
    const alpha = planes[0].map((_, i) => (planes.every((plane, channel) => plane[i] === clear[channel]) ? 0 : full));
    planes = [...planes, alpha];
  }
  const scale = bits < 8 ? 255 / (2 ** bits - 1) : 1;
  return scale === 1 ? planes : planes.map((plane, channel) => (channel ? plane : plane.map((value) => value * scale)));
}
