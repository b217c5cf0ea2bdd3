// Whether an image is like the training images, and why not: the same as leadline's evaluation/novelty.py.

// distance: of the features, over its limit. statistics: of each channel the mean, then of each the standard deviation.
export function noveltyOf(distance, statistics, { limit, centre, spread, low, high, tiny }) {
  const deviations = statistics.map((value, k) => Math.abs(Math.log(Math.max(value, 0) + tiny) - centre[k]) / spread[k]);
  const score = Math.max(distance, Math.max(...deviations) / limit);
  return { score, reason: score > 1 ? reason() : "" };

  function reason() {
    if (Math.max(...deviations) <= limit) return "what the network sees in it is far from every class";
    const channels = statistics.length / 2;
    const light = deviations.slice(0, channels);
    const outside = Math.max(...light) > limit ? light : deviations; // light changes the contrast, too
    const worst = outside.indexOf(Math.max(...outside));
    const value = Math.max(statistics[worst], 0);
    const below = Math.log(value + tiny) < centre[worst];
    const [more, less] = worst < channels ? ["brighter", "darker"] : ["more contrast", "less contrast"];
    const word = below ? less : more;
    const times = below ? (low[worst] + tiny) / (value + tiny) : (value + tiny) / (high[worst] + tiny);
    const than = times < 1.05 ? `${word} than nearly all training images` : `${times.toFixed(1)} times ${word} than any training image`;
    return channels === 1 ? than : `channel ${worst % channels}: ${than}`;
  }
}
