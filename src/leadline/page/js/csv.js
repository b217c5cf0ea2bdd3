// All answers as the table that `leadline predict` writes.

function cell(value) {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function asCsv(answers, classes) {
  const rows = [["path", "predicted", "probability", ...classes.map((name) => `p:${name}`), "error"]];
  for (const { path, predicted, probability, probabilities, error } of answers) {
    rows.push([path, predicted, probability, ...(probabilities ?? classes.map(() => null)), error]);
  }
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
