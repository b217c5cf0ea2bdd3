// Pillow's antialiased bilinear resize (its Resample.c), value for value: 8-bit pixels in integers of 22 fractional
// bits, floats in double precision, columns before rows, the result of the first in the type of the pixels.

const FRACTION = 22;

// What each pixel of the result is made of: its first source pixel and the weights from there on.
function windows(from, to) {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = new Float64Array(end - first);
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = Math.max(0, 1 - Math.abs((i + first - centre + 0.5) * (1 / support)));
      sum += weights[i];
    }
    for (let i = 0; i < weights.length; i++) weights[i] /= sum;
    return { first, weights };
  });
}

// One direction: `lines` lines, whose neighbouring pixels are `step` apart and whose beginnings `stride`.
function pass(plane, from, to, { lines, step, stride, outStep, outStride }) {
  const bytes = plane instanceof Uint8Array;
  const out = bytes ? new Uint8Array(lines * to) : new Float32Array(lines * to);
  windows(from, to).forEach(({ first, weights }, position) => {
    const whole = bytes ? weights.map((weight) => Math.trunc(0.5 + weight * 2 ** FRACTION)) : weights;
    for (let line = 0; line < lines; line++) {
      let sum = bytes ? 2 ** (FRACTION - 1) : 0;
      const start = line * stride + first * step;
      for (let i = 0; i < whole.length; i++) sum += plane[start + i * step] * whole[i];
      out[line * outStride + position * outStep] = bytes ? Math.min(255, Math.floor(sum / 2 ** FRACTION)) : sum;
    }
  });
  return out;
}

function resizePlane(plane, width, height, toWidth, toHeight) {
  if (width !== toWidth) {
    plane = pass(plane, width, toWidth, { lines: height, step: 1, stride: width, outStep: 1, outStride: toWidth });
  }
  if (height !== toHeight) {
    plane = pass(plane, height, toHeight, { lines: toWidth, step: toWidth, stride: 1, outStep: toWidth, outStride: 1 });
  }
  return plane;
}

function halfToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

export function resize({ width, height, planes }, toWidth, toHeight) {
  const resized = planes.map((plane) => {
    if (width === toWidth && height === toHeight) return plane;
    if (plane instanceof Uint8Array || plane instanceof Float32Array) return resizePlane(plane, width, height, toWidth, toHeight);
    return plane.constructor.from(resizePlane(Float32Array.from(plane), width, height, toWidth, toHeight), halfToEven);
  });
  return { width: toWidth, height: toHeight, planes: resized };
}

// The square in the middle.
export function centralSquare({ width, height, planes }) {
  const side = Math.min(width, height);
  const top = Math.floor((height - side) / 2), left = Math.floor((width - side) / 2);
  const cut = planes.map((plane) => {
    const out = new plane.constructor(side * side);
    for (let y = 0; y < side; y++) {
      const start = (top + y) * width + left;
      out.set(plane.subarray(start, start + side), y * side);
    }
    return out;
  });
  return { width: side, height: side, planes: cut };
}
