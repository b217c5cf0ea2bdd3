// From a file to what the network sees, as leadline/data/preprocessing.py does it; the network itself scales intensities.
import { decodeJpeg } from "./jpeg.js";
import { decodePng } from "./png.js";
import { centralSquare, resize } from "./resample.js";
import { ImageError, typeOf } from "./samples.js";
import { decodeTiff } from "./tiff.js";

// The pixels of a file, {width, height, planes}; `how` is the classifier's preprocessing.
export async function decode(content, how) {
  const [a, b, c, d] = content;
  if (!content.length) throw new ImageError("is empty (0 bytes)");
  if (a === 0x89 && b === 0x50) return decodePng(content);
  if (a === 0xff && b === 0xd8) return decodeJpeg(content, how.size);
  if ((a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0) || (a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43))) {
    return decodeTiff(content, how.project);
  }
  throw new ImageError("is no PNG, JPEG or TIFF, which is what this page reads; convert it to one of them");
}

// The channels that count; grey and colour replace each other only without loss.
export function inChannels({ width, height, planes }, how) {
  const found = planes.length, dtype = typeOf(planes[0]);
  const plural = found > 1 ? "s" : "";
  if (how.select.length) {
    if (dtype === how.dtype && Math.max(...how.select) < found) return { width, height, planes: how.select.map((k) => planes[k]) };
    throw new ImageError(`${found} channel${plural} of ${dtype}, but the classifier takes channels ${how.select.join(", ")} (counted from 0) of ${how.dtype}`);
  }
  const bytes = dtype === "uint8" && how.dtype === "uint8";
  if (bytes && found === 1 && how.channels === 3) return { width, height, planes: [planes[0], planes[0], planes[0]] };
  const grey = () => planes.every((plane) => plane.every((value, i) => value === planes[0][i]));
  if (dtype === how.dtype && found === 3 && how.channels === 1 && grey()) return { width, height, planes: [planes[0]] };
  if (found === how.channels && dtype === how.dtype) return { width, height, planes };
  throw new ImageError(`${found} channel${plural} of ${dtype}, but the classifier's images have ${how.channels} of ${how.dtype}`);
}

// The central square at the size of the network.
export function workingSize(image, how) {
  return resize(centralSquare(image), how.size, how.size);
}

// (channels, size, size) as the network takes it.
export function asInput({ planes }) {
  const values = new Float32Array(planes.length * planes[0].length);
  planes.forEach((plane, channel) => values.set(plane, channel * plane.length));
  return values;
}
