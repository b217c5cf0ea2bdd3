// From stored samples to channels: transparency, inks, which way is up. An image is {width, height, planes}, a typed
// array per channel, whose kind says the type of the pixels. The twin of leadline/data/formats/samples.py.

export class ImageError extends Error {}

export const LARGEST = 2 ** 30; // bytes of decoded pixels

const TYPES = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array, float32: Float32Array };

export function arrayOf(dtype, length) {
  return new TYPES[dtype](length);
}

export function typeOf(plane) {
  return Object.keys(TYPES).find((name) => plane instanceof TYPES[name]);
}

export function refuseLarge(width, height, values, bytes) {
  if (width < 1 || height < 1) throw new ImageError(`its header says ${width} × ${height} pixels, so there is no image in it`);
  if (width * height * values * bytes > LARGEST) {
    throw new ImageError(`its header says ${width} × ${height} pixels of ${values} × ${8 * bytes} bits, more than is read`);
  }
}

// Colours over white: the last plane is the transparency.
export function onWhite(planes, full, premultiplied = false) {
  const alpha = planes[planes.length - 1];
  return planes.slice(0, -1).map((plane) => {
    const out = plane.slice();
    for (let i = 0; i < out.length; i++) {
      out[i] = premultiplied
        ? Math.min(plane[i] + full - alpha[i], full)
        : Math.floor((plane[i] * alpha[i] + full * (full - alpha[i]) + (full >> 1)) / full);
    }
    return out;
  });
}

// RGB of cyan, magenta, yellow and black, 0 being no ink.
export function fromInks(planes, full) {
  return planes.slice(0, 3).map((plane) => {
    const out = plane.slice();
    for (let i = 0; i < out.length; i++) {
      out[i] = Math.floor(((full - plane[i]) * (full - planes[3][i]) + (full >> 1)) / full);
    }
    return out;
  });
}

// The image stored with an orientation (TIFF and EXIF tag 274) of 1 to 8, as it is to be seen.
export function upright({ width, height, planes }, orientation) {
  if (!(orientation >= 2 && orientation <= 8)) return { width, height, planes };
  const turned = orientation >= 5;
  const [outWidth, outHeight] = turned ? [height, width] : [width, height];
  const upsideDown = [3, 4, 7, 8].includes(orientation);
  const mirrored = [2, 3, 6, 7].includes(orientation);
  const move = (plane) => {
    const out = plane.slice();
    for (let y = 0; y < outHeight; y++) {
      const row = upsideDown ? outHeight - 1 - y : y;
      for (let x = 0; x < outWidth; x++) {
        const column = mirrored ? outWidth - 1 - x : x;
        out[y * outWidth + x] = turned ? plane[column * width + row] : plane[row * width + column];
      }
    }
    return out;
  };
  return { width: outWidth, height: outHeight, planes: planes.map(move) };
}

// Tag 274 of the first directory of an EXIF block; 1 where there is none or the block is damaged.
export function exifOrientation(block) {
  try {
    const start = String.fromCharCode(...block.subarray(0, 6)) === "Exif\0\0" ? 6 : 0;
    const view = new DataView(block.buffer, block.byteOffset + start, block.byteLength - start);
    const little = view.getUint16(0) === 0x4949;
    if (!little && view.getUint16(0) !== 0x4d4d) return 1;
    if (view.getUint16(2, little) !== 42) return 1;
    const directory = view.getUint32(4, little);
    for (let entry = 0; entry < view.getUint16(directory, little); entry++) {
      const at = directory + 2 + 12 * entry;
      if (view.getUint16(at, little) === 274) {
        const value = view.getUint16(at + 8, little);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

export async function inflate(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
