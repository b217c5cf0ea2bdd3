// An image of any type on a canvas, and over it where the network found its answer.
import { resize } from "./resample.js";

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

// Smaller where it is large, for keeping.
export function thumbnail(image) {
  const shown = visible(image);
  const scale = Math.min(1, LONGEST / Math.max(shown.width, shown.height));
  const small = resize(shown, Math.max(1, Math.round(shown.width * scale)), Math.max(1, Math.round(shown.height * scale)));
  return { ...small, changed: shown.changed, enlarged: Math.max(shown.width, shown.height) <= 96 };
}

// What speaks for the class, from nothing to the most that speaks for it in this image: clear, red, yellow.
function paint(pixels, { height, width, values }) {
  const most = Math.max(...values);
  if (!(most > 0)) return;
  const side = Math.min(pixels.width, pixels.height);
  const top = Math.floor((pixels.height - side) / 2), left = Math.floor((pixels.width - side) / 2);
  const evidence = resize({ width, height, planes: [Float32Array.from(values, (value) => Math.max(0, value) / most)] }, side, side).planes[0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const share = evidence[y * side + x], at = 4 * ((top + y) * pixels.width + left + x);
      const colour = [255 * Math.min(1, 0.55 + share), 255 * Math.max(0, 1.6 * share - 0.6), 40];
      const strength = 0.75 * Math.min(1, 1.4 * share);
      for (let k = 0; k < 3; k++) pixels.data[at + k] = (1 - strength) * pixels.data[at + k] + strength * colour[k];
    }
  }
}
