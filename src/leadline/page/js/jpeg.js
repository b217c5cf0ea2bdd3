// JPEG as libjpeg-turbo decodes it, bit for bit, at a half, a quarter or an eighth of its size where that is enough.
// A browser's own decoder has no such reduction, and each browser rounds in its own way.
import { rebuild } from "./jpeg_blocks.js";
import { readCoefficients } from "./jpeg_entropy.js";
import { ImageError, fromInks, upright } from "./samples.js";

// `size`: the short side that is needed, in pixels.
export function decodeJpeg(content, size) {
  let frame;
  try {
    frame = readCoefficients(content);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new ImageError("is a damaged JPEG");
    throw error;
  }
  const room = Math.min(Math.floor(frame.width / size), Math.floor(frame.height / size));
  const reduction = [8, 4, 2].find((each) => room >= each) ?? 1;
  const image = rebuild(frame, 8 / reduction);
  if (image.planes.length === 4) image.planes = fromInks(image.planes.map((plane) => plane.map((value) => 255 - value)), 255);
  return upright(image, frame.orientation);
}
