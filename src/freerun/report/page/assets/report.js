"use strict";
// Draws the figures of a report. Colours are the page's own, by name; names from data are set as
// text, or escaped where Plotly would read them as markup.
(() => {
  const root = document.documentElement;
  const COLOURED = new Set(["color", "fillcolor", "fgcolor", "bgcolor"]);
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const escaped = (words) =>
    String(words).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function coloured(value, key) {
    if (typeof value === "string") {
      return COLOURED.has(key) && value.startsWith("--") ? colour(value) : value;
    }
    if (Array.isArray(value)) return value.map((one) => coloured(one, ""));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, coloured(one, name)]));
  }

  function merged(one, other) {
    const found = { ...one };
    for (const [name, value] of Object.entries(other || {})) {
      const both = value && found[name] && typeof value === "object" && !Array.isArray(value);
      found[name] = both ? merged(found[name], value) : value;
    }
    return found;
  }

  const groupOf = (trace) => trace.legendgroup || trace.name;
  const shown = (value) => {
    if (value === null || value === undefined) return "-";
    return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
  };

  function axis(title) {
    return {
      title: { text: escaped(title), standoff: 8 }, automargin: true, gridcolor: colour("--grid"),
      zerolinecolor: colour("--rule"), linecolor: colour("--faint"), tickcolor: colour("--faint"),
    };
  }

  function layoutOf(figure, view) {
    const coarse = matchMedia("(pointer: coarse)").matches;
    const own = merged(figure.layout, view.layout);
    if (own.yaxis && own.yaxis.title) own.yaxis.title.text = escaped(own.yaxis.title.text);
    return merged({
      autosize: true, margin: { l: 48, r: 12, t: 10, b: 40 }, showlegend: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", bargap: 0.1,
      font: { color: colour("--ink"), size: 13, family: getComputedStyle(document.body).fontFamily },
      xaxis: axis(figure.x), yaxis: axis(figure.y), hovermode: "x",
      hoverlabel: { bgcolor: colour("--paper"), bordercolor: colour("--faint"),
                    font: { color: colour("--ink") }, namelength: -1 },
      dragmode: coarse ? false : "zoom",
    }, coloured(JSON.parse(JSON.stringify(own)), ""));
  }

  // A line of the legend as it is drawn, so that it is known by its dashes and marks as well.
  function sample(trace) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const put = (kind, values) => {
      const part = document.createElementNS(space, kind);
      for (const [name, value] of Object.entries(values)) part.setAttribute(name, value);
      svg.append(part);
    };
    for (const [name, value] of Object.entries({ width: 34, height: 14, "aria-hidden": "true" })) {
      svg.setAttribute(name, value);
    }
    const dashes = { solid: "", dot: "2 3", dash: "7 4", longdash: "12 4", dashdot: "8 3 2 3" };
    if (trace.type === "bar") {
      const striped = trace.marker.pattern ? "3 3" : "";
      put("rect", { x: 8, y: 1, width: 18, height: 12, style: `fill: var(${trace.marker.color})` });
      if (striped) put("path", { d: "M8 13L20 1M14 13L26 1", style: "stroke: var(--paper)",
                                 "stroke-width": 2 });
      return svg;
    }
    const style = trace.line;
    if (trace.fillcolor) {
      const fill = trace.fillcolor;
      put("rect", { x: 1, y: 1, width: 32, height: 12, "stroke-dasharray": dashes[style.dash],
                    style: `fill: var(${fill}); stroke: var(${style.color})` });
      return svg;
    }
    if (trace.mode !== "markers") put("line", { x1: 1, x2: 33, y1: 7, y2: 7, "stroke-width": style.width,
                  "stroke-dasharray": dashes[style.dash], style: `stroke: var(${style.color})` });
    const fill = `fill: var(${style.color})`;
    if (trace.marker && trace.marker.symbol === "square") {
      put("rect", { x: 13, y: 3, width: 8, height: 8, style: fill });
    } else if (trace.marker) put("circle", { cx: 17, cy: 7, r: 4, style: fill });
    return svg;
  }

  function drawn(name, figure) {
    const place = document.getElementById(name);
    const plot = place.querySelector(".plot");
    const reading = place.querySelector(".reading");
    const choice = place.querySelector("select");
    const hidden = new Set();
    let view = figure.views[0];
    let cursor = -1;
    let range = null;

    function draw() {
      const traces = view.traces.map((trace) => ({
        ...coloured(trace, ""), name: escaped(trace.name), visible: !hidden.has(groupOf(trace)),
      }));
      const layout = layoutOf(figure, view);
      if (cursor >= 0) {
        const at = points()[cursor];
        layout.shapes = [...(layout.shapes || []), {
          type: "line", yref: "paper", x0: at, x1: at, y0: 0, y1: 1,
          line: { color: colour("--link"), width: 2 },
        }];
      }
      if (range) layout.xaxis = { ...layout.xaxis, range: [...range], autorange: false };
      return Plotly.react(plot, traces, layout, { displayModeBar: false, responsive: true });
    }

    function points() {
      const seen = new Set();
      for (const trace of view.traces) {
        if (!hidden.has(groupOf(trace))) trace.x.forEach((x) => seen.add(x));
      }
      const all = [...seen];
      return typeof all[0] === "number" ? all.sort((a, b) => a - b) : all;
    }

    function read(index) {
      const all = points();
      if (!all.length) return;
      cursor = Math.max(0, Math.min(all.length - 1, index));
      const said = view.traces.filter((trace) => !hidden.has(groupOf(trace))).map((trace) => {
        const at = trace.x.indexOf(all[cursor]);
        return at < 0 || trace.y[at] === null ? null : `${trace.name} ${shown(trace.y[at])}`;
      });
      reading.textContent = `${figure.x} ${shown(all[cursor])}: ${said.filter(Boolean).join("; ")}`;
      draw();
    }

    function legend() {
      const groups = new Map();
      view.traces.forEach((trace) => groups.set(groupOf(trace), trace));
      const box = place.querySelector(".legend");
      box.replaceChildren();
      box.hidden = groups.size < 2;
      if (box.hidden) return;
      for (const [group, trace] of groups) {
        const label = document.createElement("label");
        const tick = document.createElement("input");
        tick.type = "checkbox";
        tick.checked = !hidden.has(group);
        tick.addEventListener("change", () => {
          if (tick.checked) hidden.delete(group); else hidden.add(group);
          draw();
        });
        label.append(tick, sample(trace), document.createTextNode(group));
        box.append(label);
      }
    }

    function numbers() {
      const body = place.querySelector("tbody");
      const rows = new Map();
      view.traces.forEach((trace) => trace.x.forEach((x, at) => {
        if (!rows.has(x)) rows.set(x, {});
        rows.get(x)[trace.name] = trace.y[at];
      }));
      body.replaceChildren(...[...rows].map(([x, found]) => {
        const row = document.createElement("tr");
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = shown(x);
        row.append(head, ...view.traces.map((trace) => {
          const cell = document.createElement("td");
          cell.className = "number";
          cell.textContent = shown(found[trace.name]);
          return cell;
        }));
        return row;
      }));
    }

    function zoom(factor) {
      const axisNow = plot._fullLayout.xaxis;
      const [low, high] = axisNow.range.map((end) => axisNow.r2l(end));
      const all = points();
      const middle = cursor < 0 ? (low + high) / 2 : axisNow.d2l(all[cursor]);
      const half = ((high - low) / 2) * factor;
      range = [axisNow.l2r(middle - half), axisNow.l2r(middle + half)];
      draw();
    }

    plot.addEventListener("keydown", (event) => {
      const last = points().length - 1;
      const step = event.shiftKey ? 10 : 1;
      const to = { ArrowRight: cursor + step, ArrowLeft: Math.max(cursor, 0) - step, Home: 0,
                   End: last }[event.key];
      if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      read(to);
    });
    place.querySelector(".buttons").addEventListener("click", (event) => {
      const what = event.target.dataset.do;
      if (what === "in") zoom(0.5);
      if (what === "out") zoom(2);
      if (what === "all") {
        range = null;
        cursor = -1;
        reading.textContent = "";
        Plotly.purge(plot);
        draw();
      }
    });
    if (choice) {
      choice.addEventListener("change", () => {
        view = figure.views[Number(choice.value)];
        cursor = -1;
        range = null;
        reading.textContent = "";
        legend();
        numbers();
        Plotly.purge(plot);
        draw();
      });
    }
    legend();
    draw();
    return draw;
  }

  const figures = JSON.parse(document.getElementById("figures").textContent);
  const redraw = Object.entries(figures).map(([name, figure]) => drawn(name, figure));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    redraw.forEach((draw) => draw());
  });

  const surprise = document.getElementById("surprise-text");
  if (surprise) {
    const reading = document.getElementById("surprise-reading");
    const units = [...surprise.children];
    let now = -1;
    const read = (index) => {
      if (now >= 0) units[now].classList.remove("now");
      now = Math.max(0, Math.min(units.length - 1, index));
      const unit = units[now];
      unit.classList.add("now");
      const visible = unit.textContent.replace("↵\n", "↵").replace(/ /g, "␣");
      reading.textContent = `${visible}  ${unit.dataset.bits} bits; likeliest: ${unit.dataset.said}`;
    };
    surprise.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 10 : 1;
      const to = { ArrowRight: now + step, ArrowLeft: Math.max(now, 0) - step, Home: 0,
                   End: units.length - 1 }[event.key];
      if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      read(to);
    });
    const pointed = (event) => {
      const at = units.indexOf(event.target);
      if (at >= 0) read(at);
    };
    surprise.addEventListener("mouseover", pointed);
    surprise.addEventListener("click", pointed);
  }
})();
