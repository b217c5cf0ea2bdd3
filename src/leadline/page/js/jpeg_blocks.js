// From coefficients to pixels as libjpeg does it: its integer transforms of 8×8, 4×4, 2×2 and 1×1 pixels (jidctint.c,
// jidctred.c), its smooth enlargement of chrominance (jdsample.c), its colours (jdcolor.c).

const clamp = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);
const half = (value, bits) => (value + (1 << (bits - 1))) >> bits;

// The image at `side` pixels for each block of 8.
export function rebuild({ width, height, components, transform }, side) {
  const hMax = Math.max(...components.map((each) => each.h)), vMax = Math.max(...components.map((each) => each.v));
  const outWidth = Math.ceil((width * side) / 8), outHeight = Math.ceil((height * side) / 8);
  const planes = components.map((component) => {
    let own = side; // chrominance is decoded larger before it is enlarged
    while (own < 8 && (hMax * side) % (component.h * own * 2) === 0 && (vMax * side) % (component.v * own * 2) === 0) own *= 2;
    const plane = {
      ...transformed(component, own),
      width: Math.ceil((width * component.h * own) / (hMax * 8)),
      height: Math.ceil((height * component.v * own) / (vMax * 8)),
    };
    return enlarged(plane, (hMax * side) / (component.h * own), (vMax * side) / (component.v * own), outWidth, outHeight, side > 1);
  });
  return { width: outWidth, height: outHeight, planes: transform ? inColours(planes) : planes };
}

function transformed({ blocks, perRow, rows, quantization }, side) {
  const stride = perRow * side;
  const values = new Uint8Array(stride * rows * side);
  const inverse = { 8: inverse8, 4: inverse4, 2: inverse2, 1: inverse1 }[side];
  const block = new Int32Array(64), work = new Int32Array(64);
  for (let number = 0; number < perRow * rows; number++) {
    for (let k = 0; k < 64; k++) block[k] = blocks[64 * number + k] * quantization[k];
    inverse(block, work, values, Math.floor(number / perRow) * side * stride + (number % perRow) * side, stride);
  }
  return { values, stride };
}

// One dimension of jidctint.c: eight sums before the last rounding.
const sums = new Int32Array(8);
function butterfly(a0, a1, a2, a3, a4, a5, a6, a7) {
  const even = (a2 + a6) * 4433;
  const tmp2 = even - a6 * 15137, tmp3 = even + a2 * 6270;
  const tmp0 = (a0 + a4) << 13, tmp1 = (a0 - a4) << 13;
  const t10 = tmp0 + tmp3, t13 = tmp0 - tmp3, t11 = tmp1 + tmp2, t12 = tmp1 - tmp2;
  const z5 = (a7 + a3 + a5 + a1) * 9633;
  const z1 = -(a7 + a1) * 7373, z2 = -(a5 + a3) * 20995, z3 = -(a7 + a3) * 16069 + z5, z4 = -(a5 + a1) * 3196 + z5;
  const o0 = a7 * 2446 + z1 + z3, o1 = a5 * 16819 + z2 + z4, o2 = a3 * 25172 + z2 + z3, o3 = a1 * 12299 + z1 + z4;
  sums[0] = t10 + o3; sums[7] = t10 - o3; sums[1] = t11 + o2; sums[6] = t11 - o2;
  sums[2] = t12 + o1; sums[5] = t12 - o1; sums[3] = t13 + o0; sums[4] = t13 - o0;
}

function inverse8(b, work, out, start, stride) {
  for (let c = 0; c < 8; c++) {
    butterfly(b[c], b[8 + c], b[16 + c], b[24 + c], b[32 + c], b[40 + c], b[48 + c], b[56 + c]);
    for (let r = 0; r < 8; r++) work[8 * r + c] = half(sums[r], 11);
  }
  for (let r = 0; r < 8; r++) {
    const w = 8 * r;
    butterfly(work[w], work[w + 1], work[w + 2], work[w + 3], work[w + 4], work[w + 5], work[w + 6], work[w + 7]);
    for (let c = 0; c < 8; c++) out[start + r * stride + c] = clamp(half(sums[c], 18) + 128);
  }
}

function butterfly4(a0, a1, a2, a3, a5, a6, a7) {
  const t0 = a0 << 14, t2 = a2 * 15137 - a6 * 6270;
  const t10 = t0 + t2, t12 = t0 - t2;
  const o0 = -a7 * 1730 + a5 * 11893 - a3 * 17799 + a1 * 8697;
  const o2 = -a7 * 4176 - a5 * 4926 + a3 * 7373 + a1 * 20995;
  sums[0] = t10 + o2; sums[3] = t10 - o2; sums[1] = t12 + o0; sums[2] = t12 - o0;
}

function inverse4(b, work, out, start, stride) {
  for (const c of [0, 1, 2, 3, 5, 6, 7]) {
    butterfly4(b[c], b[8 + c], b[16 + c], b[24 + c], b[40 + c], b[48 + c], b[56 + c]);
    for (let r = 0; r < 4; r++) work[8 * r + c] = half(sums[r], 12);
  }
  for (let r = 0; r < 4; r++) {
    const w = 8 * r;
    butterfly4(work[w], work[w + 1], work[w + 2], work[w + 3], work[w + 5], work[w + 6], work[w + 7]);
    for (let c = 0; c < 4; c++) out[start + r * stride + c] = clamp(half(sums[c], 19) + 128);
  }
}

function inverse2(b, work, out, start, stride) {
  const odd = (a1, a3, a5, a7) => -a7 * 5906 + a5 * 6967 - a3 * 10426 + a1 * 29692;
  for (const c of [0, 1, 3, 5, 7]) {
    const even = b[c] << 15, o = odd(b[8 + c], b[24 + c], b[40 + c], b[56 + c]);
    work[c] = half(even + o, 13);
    work[8 + c] = half(even - o, 13);
  }
  for (let r = 0; r < 2; r++) {
    const w = 8 * r, even = work[w] << 15, o = odd(work[w + 1], work[w + 3], work[w + 5], work[w + 7]);
    out[start + r * stride] = clamp(half(even + o, 20) + 128);
    out[start + r * stride + 1] = clamp(half(even - o, 20) + 128);
  }
}

function inverse1(b, work, out, start) {
  out[start] = clamp(half(b[0], 3) + 128);
}

// To the size of the image: smoothly by two where libjpeg does so, else by repetition.
function enlarged({ values, stride, width, height }, across, down, outWidth, outHeight, smooth) {
  const out = new Uint8Array(outWidth * outHeight);
  if (smooth && down === 2 && across <= 2 && (across === 1 || width > 2)) {
    const sum = new Int32Array(width);
    for (let y = 0; y < outHeight; y++) {
      const near = y >> 1, other = Math.min(height - 1, Math.max(0, y & 1 ? near + 1 : near - 1));
      for (let x = 0; x < width; x++) sum[x] = 3 * values[near * stride + x] + values[other * stride + x];
      for (let x = 0; x < outWidth; x++) {
        if (across === 1) {
          out[y * outWidth + x] = (sum[x] + (y & 1 ? 2 : 1)) >> 2;
          continue;
        }
        const column = x >> 1, beside = x & 1 ? column + 1 : column - 1;
        const neighbour = beside < 0 || beside >= width ? sum[column] : sum[beside];
        out[y * outWidth + x] = (3 * sum[column] + neighbour + (x & 1 ? 7 : 8)) >> 4;
      }
    }
    return out;
  }
  for (let y = 0; y < outHeight; y++) {
    const row = Math.floor(y / down) * stride;
    for (let x = 0; x < outWidth; x++) {
      if (smooth && across === 2 && down === 1 && width > 2) {
        const column = x >> 1, beside = x & 1 ? column + 1 : column - 1;
        const value = values[row + column];
        out[y * outWidth + x] = beside < 0 || beside >= width ? value : (3 * value + values[row + beside] + (x & 1 ? 2 : 1)) >> 2;
      } else out[y * outWidth + x] = values[row + Math.floor(x / across)];
    }
  }
  return out;
}

function inColours([luma, blue, red, black]) {
  const colours = [0, 1, 2].map(() => new Uint8Array(luma.length));
  for (let i = 0; i < luma.length; i++) {
    const cb = blue[i] - 128, cr = red[i] - 128;
    const r = luma[i] + ((91881 * cr + 32768) >> 16);
    const g = luma[i] + ((-22554 * cb - 46802 * cr + 32768) >> 16);
    const b = luma[i] + ((116130 * cb + 32768) >> 16);
    colours[0][i] = clamp(black ? 255 - r : r);
    colours[1][i] = clamp(black ? 255 - g : g);
    colours[2][i] = clamp(black ? 255 - b : b);
  }
  return black ? [...colours, black] : colours;
}
