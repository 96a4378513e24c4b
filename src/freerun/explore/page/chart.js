// The chart: lines that are told apart by their style and by a name at their end, and the leaving
// point, which can be dragged. What is drawn comes whole with every answer; nothing is kept here.

const LINES = {
  truth: { width: 1.5 },
  trivial: { width: 1, dash: [2, 3] },
  mixed: { width: 2, dash: [9, 5] },
  one_step: { width: 2.5, dash: [1.5, 4], cap: "round" },
  free: { width: 2.5 },
};
const KEYS = Object.keys(LINES);
const LOW = 1, HIGH = 2; // the band's series, before the lines
const LABELS = 84; // pixels for the names at the right
const GAP = 15; // pixels from one name to the next

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

export class Chart {
  // moved(origin) is called while the leaving point is dragged.
  constructor(element, moved) {
    this.element = element;
    this.moved = moved;
    this.drawn = null;
    this.plot = new uPlot(this.options(), [[0, 1], ...Array(KEYS.length + 2).fill([null, null])], element);
    new ResizeObserver(() => this.plot.setSize(this.size())).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot.redraw());
    this.listen(this.plot.over);
  }

  size() {
    return { width: this.element.clientWidth, height: this.element.clientWidth < 500 ? 300 : 380 };
  }

  options() {
    const axis = { stroke: () => colour("quiet"), grid: { stroke: () => colour("grid"), width: 1 }, ticks: { show: false } };
    const bound = { stroke: () => "transparent", width: 0, points: { show: false } };
    return {
      ...this.size(),
      padding: [22, LABELS, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => this.range() } },
      axes: [
        { ...axis, values: (plot, steps) => steps.map((step) => this.name(step)), space: 70, size: 30 },
        { ...axis, size: 46 },
      ],
      series: [{}, bound, bound, ...KEYS.map((key) => ({
        ...LINES[key], stroke: () => colour(key), points: { show: false }, spanGaps: false,
      }))],
      bands: [{ series: [HIGH, LOW], fill: () => colour("band") }],
      hooks: { draw: [(plot) => this.mark(plot)] },
    };
  }

  range() {
    return this.drawn ? [this.drawn.first + 1, this.drawn.last] : [0, 1];
  }

  name(step) {
    const there = this.drawn && this.drawn.times && this.drawn.times[step - 1 - this.drawn.timesFrom];
    if (there) return there;
    return Number.isInteger(step) ? String(step) : "";
  }

  // what: {first, last, origin, trainedOn, lines: {key: {from, values}}, band: {from, low, high} or
  // null, names: {key: text}, times, timesFrom}; steps are counted from 0.
  show(what) {
    this.drawn = what;
    const steps = Array.from({ length: what.last - what.first }, (_, n) => what.first + 1 + n);
    const over = (line) => steps.map((step) => (line && line.values[step - 1 - line.from]) ?? null);
    const band = what.band;
    this.plot.setData([
      steps,
      over(band && { from: band.from, values: band.low }),
      over(band && { from: band.from, values: band.high }),
      ...KEYS.map((key) => over(what.lines[key])),
    ]);
  }

  mark(plot) {
    if (!this.drawn) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    this.upright(plot, this.drawn.trainedOn, "line", [2, 4], "held back from here");
    this.upright(plot, this.drawn.origin, "leaving", [], "leaves the truth");
    const ends = KEYS.flatMap((key, index) => {
      const values = plot.data[index + 3];
      const last = values.findLastIndex((value) => value !== null);
      return last < 0 ? [] : [{ key, y: plot.valToPos(values[last], "y", true) }];
    });
    ends.sort((a, b) => a.y - b.y);
    const bottom = bbox.top + bbox.height;
    for (let n = 0; n < ends.length; n++) {
      const above = n ? ends[n - 1].y + GAP * ratio : bbox.top;
      ends[n].y = Math.max(ends[n].y, above);
    }
    for (let n = ends.length - 1; n >= 0; n--) {
      const below = n < ends.length - 1 ? ends[n + 1].y - GAP * ratio : bottom;
      ends[n].y = Math.min(ends[n].y, below);
    }
    ctx.textAlign = "left";
    for (const end of ends) {
      ctx.fillStyle = colour(end.key);
      ctx.fillText(this.drawn.names[end.key], bbox.left + bbox.width + 6 * ratio, end.y);
    }
    ctx.restore();
  }

  // An upright line after the step ``at``, with its name above.
  upright(plot, at, key, dash, name) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    if (at === null || at < this.drawn.first + 1 || at > this.drawn.last) return;
    const x = plot.valToPos(at, "x", true);
    ctx.strokeStyle = ctx.fillStyle = colour(key);
    ctx.lineWidth = (key === "leaving" ? 2 : 1) * ratio;
    ctx.setLineDash(dash.map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    if (key === "leaving") {
      ctx.beginPath();
      ctx.arc(x, bbox.top + bbox.height / 2, 7 * ratio, 0, 2 * Math.PI);
      ctx.fill();
      ctx.textAlign = x > bbox.left + bbox.width / 2 ? "right" : "left";
      ctx.fillText(name, x + (ctx.textAlign === "left" ? -1 : 1) * ratio, bbox.top - 10 * ratio);
    } else {
      ctx.textAlign = x > bbox.left + bbox.width / 2 ? "right" : "left";
      ctx.fillText(name, x + (ctx.textAlign === "left" ? 5 : -5) * ratio, bbox.top + bbox.height - 10 * ratio);
    }
  }

  // Where the pointer goes down the leaving point jumps to, and from there on it moves as far as
  // the pointer does: the view may move under it meanwhile.
  listen(over) {
    let start = null;
    const stepAt = (event) => this.plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.drawn) return;
      over.setPointerCapture(event.pointerId);
      start = { x: event.clientX, origin: stepAt(event) };
      this.moved(Math.round(start.origin));
      this.element.focus({ preventScroll: true });
      event.preventDefault();
    });
    over.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const steps = (this.drawn.last - this.drawn.first - 1) / over.clientWidth;
      this.moved(Math.round(start.origin + (event.clientX - start.x) * steps));
    });
    for (const name of ["pointerup", "pointercancel"]) over.addEventListener(name, () => { start = null; });
  }
}
