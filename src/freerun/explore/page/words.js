// Errors in words, and as a table.

export const shortly = (number) => {
  if (number === null || number === undefined) return "none";
  const size = Math.abs(number);
  return size >= 1e5 || (size && size < 1e-3) ? number.toExponential(2) : String(+number.toPrecision(3));
};

export const bestTrivial = (answer) => {
  const there = Object.entries(answer.trivial).filter(([, one]) => one.error !== null);
  return there.length ? there.reduce((a, b) => (b[1].error < a[1].error ? b : a)) : null;
};

const beside = (error, one) => (error === null || !one ? "" : shortly(error / one) + " times");

export function inWords(answer, asked, about) {
  const { one_step: one, free, mixed } = answer.errors;
  const steps = answer.truth.length;
  const isText = about.task === "text";
  const of = isText ? `bits a ${about.unit.replace(/s$/, "")}` : "off";
  const held = about.series[asked.series].trained_on;
  const where = isText ? `${about.unit} after the first ${answer.origin}` : `steps after step ${answer.origin}`;
  const parts = [`Over the ${steps} ${where}, ` +
    `one step ahead it is ${shortly(one)} ${of}; running free ` +
    (free === null ? "it leaves all bounds" : `${shortly(free)}${one ? `, ${beside(free, one)} as much` : ""}`) +
    `; mixed with w = ${asked.share}, ${shortly(mixed)}.`];
  const best = bestTrivial(answer);
  if (best) {
    const name = `the best trivial forecast, ${best[0]}, at ${shortly(best[1].error)}`;
    parts.push(answer.worse_from === null
      ? `Running free is better than ${name}.`
      : `From step ${answer.worse_from} ahead on, running free is worse than ${name}.`);
  }
  if (answer.band) {
    parts.push(`The band, made for ${Math.round(100 * asked.coverage)} %, holds ${answer.inside} of ${answer.observed} true values.`);
  }
  if (answer.origin < held) {
    parts.push(`It was trained on steps up to ${held}, so this is not what it would do on data that it has not seen.`);
  }
  return parts.join(" ");
}

export function fillTable(body, answer, asked) {
  const { one_step: one, free, mixed } = answer.errors;
  const rows = [
    ["one_step", "One step ahead, fed the truth", one],
    ["free", "Running free", free],
    ["mixed", `Mixed, w = ${asked.share}`, mixed],
    ...Object.entries(answer.trivial).map(([name, { error }]) => ["trivial", `Trivial: ${name}`, error]),
  ];
  body.replaceChildren(...rows.map(([key, name, error]) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const swatch = document.createElement("span");
    swatch.className = `swatch ${key}`;
    head.append(swatch, name);
    row.append(head);
    for (const text of [shortly(error), beside(error, one)]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }));
}
