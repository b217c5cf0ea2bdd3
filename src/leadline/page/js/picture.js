// An image of any type on a canvas, and over it where the network found its answer.
import { resize } from "./resample.js";

const TOWARDS = [200, 30, 40], AGAINST = [30, 80, 200], COVERED = 0.75;
const LONGEST = 360; // pixels of a picture: the page shows half as many, and screens have two for each

// {width, height, planes} of 8 bits, one or three planes; and what that took, in words.
export function visible({ width, height, planes }) {
  const changes = [];
  const count = planes.length;
  if (count === 2) {
    changes.push("the first channel in magenta, the second in green");
    planes = [planes[0], planes[1], planes[0]];
  } else if (count > 3) {
    changes.push(`the first three of ${count} channels, in red, green and blue`);
    planes = planes.slice(0, 3);
  }
  if (!(planes[0] instanceof Uint8Array)) {
    changes.push("intensities stretched from the lowest to the highest");
    planes = planes.map(stretched);
  }
  return { width, height, planes, changed: changes.join("; ") };
}

function stretched(plane) {
  let low = Infinity, high = -Infinity;
  for (const value of plane) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return Uint8Array.from(plane, (value) => (255 * (value - low)) / Math.max(high - low, 1e-12));
}

// A canvas with the picture; `map` {height, width, values} is drawn over the central square that the network saw.
export function draw(canvas, picture, map) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext("2d");
  const pixels = new ImageData(picture.width, picture.height);
  const [red, green = red, blue = red] = picture.planes;
  for (let i = 0; i < red.length; i++) pixels.data.set([red[i], green[i], blue[i], 255], 4 * i);
  if (map) paint(pixels, map);
  context.putImageData(pixels, 0, 0);
}

// Smaller where it is large, for keeping; larger, pixel by pixel, where it is small, for a map to be seen on it.
export function thumbnail(image) {
  const shown = visible(image);
  const longest = Math.max(shown.width, shown.height), scale = LONGEST / longest;
  if (scale >= 2) return { ...repeated(shown, Math.floor(scale)), changed: shown.changed };
  const side = (length) => Math.max(1, Math.round(length * Math.min(1, scale)));
  return { ...resize(shown, side(shown.width), side(shown.height)), changed: shown.changed };
}

function repeated({ width, height, planes }, times) {
  const [toWidth, toHeight] = [width * times, height * times];
  const larger = planes.map((plane) => {
    const out = new Uint8Array(toWidth * toHeight);
    for (let y = 0; y < toHeight; y++) {
      for (let x = 0; x < toWidth; x++) out[y * toWidth + x] = plane[Math.floor(y / times) * width + Math.floor(x / times)];
    }
    return out;
  });
  return { width: toWidth, height: toHeight, planes: larger };
}

// Red speaks for the class, blue against it, as in leadline/drawing/screen.py; what was not looked at is darkened.
function paint(pixels, { height, width, values }) {
  const strongest = Math.max(...values.map(Math.abs), 1e-12);
  const side = Math.min(pixels.width, pixels.height);
  const top = Math.floor((pixels.height - side) / 2), left = Math.floor((pixels.width - side) / 2);
  const places = resize({ width, height, planes: [Float32Array.from(values)] }, side, side).planes[0];
  for (let y = 0; y < pixels.height; y++) {
    for (let x = 0; x < pixels.width; x++) {
      const at = 4 * (y * pixels.width + x);
      const seen = y >= top && y < top + side && x >= left && x < left + side;
      const value = seen ? places[(y - top) * side + x - left] : 0;
      const strength = COVERED * Math.min(1, Math.abs(value) / strongest), colour = value > 0 ? TOWARDS : AGAINST;
      for (let k = 0; k < 3; k++) {
        pixels.data[at + k] = seen ? (1 - strength) * pixels.data[at + k] + strength * colour[k] : 0.4 * pixels.data[at + k];
      }
    }
  }
}
