// All answers as the table that `leadline predict` writes.

function cell(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function asCsv(answers, classes) {
  const known = answers.some(({ novelty }) => novelty);
  const rows = [["path", "predicted", "probability", ...classes.map((name) => `p:${name}`), ...(known ? ["novelty", "unlike"] : []), "error"]];
  for (const { path, predicted, probability, probabilities, novelty, error } of answers) {
    const unlike = known ? [novelty?.score ?? null, novelty?.reason ?? ""] : [];
    rows.push([path, predicted, probability, ...(probabilities ?? classes.map(() => null)), ...unlike, error]);
  }
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
