// The page put together: what is asked, and what becomes of an answer.

import { Asker } from "./asking.js";
import { Chart } from "./chart.js";
import { showLetters } from "./letters.js";
import { View } from "./view.js";
import { bestTrivial, fillTable, inWords } from "./words.js";

const QUIET = 600; // milliseconds without a change before the errors are read out
const NAMES = { truth: "truth", one_step: "one step", free: "free", trivial: "trivial" };

const at = (id) => document.getElementById(id);
const about = await (await fetch("about")).json();
const isText = about.task === "text";
const asked = { ...about.first };
const view = new View();
const chart = new Chart(at("chart"), moveTo);
const asker = new Asker(show, (error) => { at("problem").textContent = error; });
let speaking = null;

const series = () => about.series[asked.series];

function ask() {
  view.follow(asked.origin, asked.horizon);
  asker.ask({ ...asked, around: Math.min(about.most.around, View.around(asked.horizon)) });
  showAsked();
}

function moveTo(origin) {
  const to = Math.min(Math.max(origin, 1), series().steps - 1);
  if (to === asked.origin) return;
  asked.origin = to;
  at("origin").value = to;
  ask();
}

function showAsked() {
  const { origin, horizon, share } = asked;
  const place = `${origin} of ${series().steps}` + (origin < series().trained_on ? ", trained on" : "");
  at("origin-shown").value = place;
  at("horizon-shown").value = horizon;
  at("share-shown").value = share;
  if (isText) {
    at("temperature-shown").value = asked.temperature;
    at("top_k-shown").value = asked.top_k || "all";
  } else {
    at("paths-shown").value = asked.paths > 1 ? asked.paths : "no band";
    at("coverage-shown").value = `${Math.round(100 * asked.coverage)} %`;
    at("spread-shown").value = `${asked.spread} times`;
  }
  const slider = at("chart");
  slider.setAttribute("aria-valuemax", series().steps - 1);
  slider.setAttribute("aria-valuenow", origin);
  slider.setAttribute("aria-valuetext", `step ${place}`);
}

function show(answer, request, milliseconds) {
  at("problem").textContent = "";
  at("spent").textContent = `Answered in ${Math.round(milliseconds)} ms.`;
  fillTable(at("errors"), answer, request);
  const best = bestTrivial(answer);
  const line = (values) => ({ from: answer.origin, values });
  const paths = isText ? answer.so_far : answer;
  view.follow(answer.origin, request.horizon);
  chart.show({
    first: view.first,
    last: view.first + view.steps,
    origin: answer.origin,
    trainedOn: series().trained_on || null,
    lines: {
      truth: isText ? null : { from: answer.shown_from, values: answer.shown },
      one_step: line(paths.one_step),
      free: line(paths.free),
      mixed: line(paths.mixed),
      trivial: best && line(best[1].path),
    },
    band: answer.band ? { from: answer.origin, low: answer.band[0], high: answer.band[1] } : null,
    names: { ...NAMES, mixed: `w = ${request.share}`, trivial: best ? best[0] : "" },
    times: answer.times,
    timesFrom: answer.shown_from,
  });
  at("paths-heading").textContent = isText ? "Bits so far, at the true text" : about.outputs[request.output];
  at("caption").textContent = (isText ? `Bits a ${about.unit.replace(/s$/, "")} of the true text`
    : `Root mean squared error, ${about.outputs[request.output]}`) + `, ${answer.truth.length} steps`;
  if (isText) showLetters(at("letters"), answer, request.share);
  clearTimeout(speaking);
  speaking = setTimeout(() => { at("summary").textContent = inWords(answer, request, about); }, QUIET);
}

// --- what the user does --------------------------------------------------------------------------

at("controls").addEventListener("input", ({ target }) => {
  asked[target.name] = Number(target.value);
  if (target.name === "series") {
    at("origin").max = series().steps - 1;
    asked.origin = Math.min(asked.origin, series().steps - 1);
    at("origin").value = asked.origin;
  }
  ask();
});
at("controls").addEventListener("submit", (event) => event.preventDefault());
at("again").addEventListener("click", () => { asked.seed += 1; ask(); });

at("chart").addEventListener("keydown", (event) => {
  const step = event.shiftKey ? 10 : 1;
  const to = {
    ArrowLeft: asked.origin - step, ArrowDown: asked.origin - step,
    ArrowRight: asked.origin + step, ArrowUp: asked.origin + step,
    PageDown: asked.origin - asked.horizon, PageUp: asked.origin + asked.horizon,
    Home: 1, End: series().steps - 1,
  }[event.key];
  if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  moveTo(to);
});

// --- what there is to ask, for this run ----------------------------------------------------------

function fill(select, names) {
  select.replaceChildren(...names.map((name, number) => new Option(name, number)));
  select.closest(".control").hidden = names.length < 2;
}

at("title").textContent = about.title;
document.title = `${about.title} - freerun explore`;
for (const control of document.querySelectorAll("[data-task], [data-needs]")) {
  const { task, needs } = control.dataset;
  control.hidden = (task && task !== about.task) || (needs === "samples" && !about.samples);
}
if (!about.samples) {
  at("without-samples").hidden = false;
  at("without-samples").textContent = `No band: a ${about.head} head has no spread to sample from.`;
}
at("letters").hidden = !isText;
fill(at("series"), about.series.map((one) => one.name));
fill(at("output"), about.outputs || []);
if (isText) at("output-control").hidden = true;
at("origin").max = series().steps - 1;
at("horizon").max = about.most.horizon;
if (about.most.paths) at("paths").max = about.most.paths;
if (about.most.top_k) at("top_k").max = about.most.top_k;
for (const [name, value] of Object.entries(asked)) {
  const control = at(name);
  if (control) control.value = value;
}
ask();
