// Whether an image is like the training images, and why not: the same as leadline's evaluation/novelty.py.

const WORDS = [["darker", "brighter"], ["less contrast", "more contrast"], ["weaker beside the others", "stronger beside the others"]];

// distance: of the features, over its limit. statistics: each channel's mean, then each one's standard deviation, then, of
// several channels, each one's share.
export function noveltyOf(distance, statistics, { limit, centre, spread, low, high, tiny }) {
  const deviations = statistics.map((value, k) => Math.abs(Math.log(Math.max(value, 0) + tiny) - centre[k]) / spread[k]);
  const score = Math.max(distance, Math.max(...deviations) / limit);
  return { score, reason: score > 1 ? reason() : "" };

  function reason() {
    if (Math.max(...deviations) <= limit) return "what the network sees in it is far from every class";
    const channels = statistics.length === 2 ? 1 : statistics.length / 3;
    const light = deviations.slice(0, channels);
    const outside = Math.max(...light) > limit ? light : deviations; // light changes the contrast, too
    const worst = outside.indexOf(Math.max(...outside));
    const value = Math.max(statistics[worst], 0);
    const below = Math.log(value + tiny) < centre[worst];
    const word = WORDS[Math.floor(worst / channels)][below ? 0 : 1];
    const times = below ? (low[worst] + tiny) / (value + tiny) : (value + tiny) / (high[worst] + tiny);
    const than = times < 1.05 ? `${word} than nearly all training images` : `${times.toFixed(1)} times ${word} than any training image`;
    return channels === 1 ? than : `channel ${worst % channels}: ${than}`;
  }
}
