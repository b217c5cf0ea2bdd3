// The page: images in, one answer after the other, a table out. What files and classes are called is only ever text.
import { asCsv } from "./csv.js";
import { createEngine } from "./engine.js";
import { draw, thumbnail } from "./picture.js";
import { ImageError } from "./samples.js";

const UNCERTAIN = "uncertain";
const CLASSES_SHOWN = 5;
const classifier = JSON.parse(document.getElementById("classifier").textContent);
// What would turn letters round or is not shown, as an escape: what a name looks like is what it is.
const escaped = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
const find = (id) => document.getElementById(id);
const answers = []; // in the order in which images came
let engine; // a promise of it, made when the first image comes
let work = Promise.resolve();

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = escaped(text);
  if (className) element.className = className;
  return element;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const threshold = () => Number(find("threshold").value) / 100 || 0;
const predictedOf = ({ best, probability }) => (probability < threshold() ? UNCERTAIN : classifier.classes[best]);

function add(files) {
  for (const file of files) {
    const entry = { path: file.webkitRelativePath || file.name, card: make("li"), state: "waiting" };
    answers.push(entry);
    find("answers").append(entry.card);
    show(entry);
    work = work.then(() => answerTo(entry, file));
  }
  summarise();
}

async function answerTo(entry, file) {
  if (entry.state === "removed") return;
  try {
    engine ??= createEngine(classifier);
    const { image, probabilities, map, novelty } = await (await engine).answer(file);
    const best = probabilities.indexOf(Math.max(...probabilities));
    Object.assign(entry, { state: "answered", probabilities, best, probability: probabilities[best], map, novelty, picture: image && thumbnail(image) });
  } catch (error) {
    if (!(error instanceof ImageError)) console.error(error);
    Object.assign(entry, { state: "failed", error: error.message || String(error) });
  }
  show(entry);
  summarise();
  await new Promise((resolve) => setTimeout(resolve)); // the page stays alive between images
}

function show(entry) {
  const { card, path, state } = entry;
  card.className = state;
  const name = make("small", path, "file");
  if (state === "waiting") {
    card.replaceChildren(make("div", "…", "placeholder"), name);
    return;
  }
  if (state === "failed") {
    card.replaceChildren(make("div", "not readable", "placeholder"), make("p", entry.error, "error"), name);
    return;
  }
  const picture = entry.picture ? make("canvas") : make("div", "no preview of this format", "placeholder");
  const predicted = predictedOf(entry);
  if (entry.picture) {
    draw(picture, entry.picture, find("map").checked ? entry.map : null);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", escaped(`${path}: ${predicted}`));
    picture.title = entry.picture.changed;
  }
  const line = make("p", "", "answer-line");
  const open = predicted === UNCERTAIN && entry.probability < threshold();
  line.append(make("b", predicted, open ? "open" : ""), ` ${percent(entry.probability)}`);
  const unlike = entry.novelty?.reason ? [make("p", `Not like the training images: ${entry.novelty.reason}`, "unlike")] : [];
  card.replaceChildren(picture, line, ...unlike, bars(entry), name);
}

function bars({ probabilities }) {
  const list = make("ol", "", "bars");
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, CLASSES_SHOWN);
  for (const k of order) {
    const row = make("li"), bar = make("i");
    bar.style.width = `${100 * probabilities[k]}%`;
    row.append(make("span", classifier.classes[k]), make("span", percent(probabilities[k]), "number"), bar);
    list.append(row);
  }
  return list;
}

function summarise() {
  const done = answers.filter((entry) => entry.state !== "waiting");
  const counts = new Map();
  for (const entry of done) {
    const key = entry.state === "failed" ? "not readable" : predictedOf(entry);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${count} × ${escaped(name)}`);
  const waiting = answers.length - done.length;
  const unlike = done.filter((entry) => entry.novelty?.reason).length;
  if (unlike) parts.push(`${unlike} not like the training images`);
  find("summary").textContent = !answers.length ? "" : `${answers.length} image${answers.length > 1 ? "s" : ""}: ${[...parts, ...(waiting ? [`${waiting} waiting`] : [])].join(", ")}`;
  find("results").hidden = !answers.length;
  document.body.dataset.waiting = waiting;
}

function download() {
  const rows = answers.map((entry) => ({
    path: entry.path,
    predicted: entry.state === "answered" ? predictedOf(entry) : null,
    probability: entry.probability ?? null,
    probabilities: entry.probabilities ?? null,
    novelty: entry.novelty ?? null,
    error: entry.error ?? null,
  }));
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([asCsv(rows, classifier.classes)], { type: "text/csv" }));
  link.download = "predictions.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function clear() {
  for (const entry of answers) entry.state = "removed";
  answers.length = 0;
  find("answers").replaceChildren();
  summarise();
  find("choose").focus();
}

const redraw = () => {
  for (const entry of answers) if (entry.state === "answered") show(entry);
  summarise();
};

find("choose").addEventListener("click", () => find("files").click());
find("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") add(event.dataTransfer.files);
  });
}
addEventListener("paste", (event) => add(event.clipboardData.files));
addEventListener("keydown", (event) => {
  if (event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=number]")) return;
  find("map").checked = !find("map").checked;
  redraw();
});
find("map").addEventListener("change", redraw);
find("threshold").addEventListener("input", redraw);
find("download").addEventListener("click", download);
find("clear").addEventListener("click", clear);
find("choose").disabled = false;
summarise();
