// Texts, each unit with how much it surprised the network.

const SOME = 2, MUCH = 5; // bits

export function showLetters(section, answer, share) {
  const bits = { truth: answer.bits.one_step, free: answer.own_bits.free, mixed: answer.own_bits.mixed };
  for (const element of section.querySelectorAll("[data-text]")) {
    const name = element.dataset.text;
    const before = document.createElement("span");
    before.className = "before";
    before.textContent = answer.before.slice(-60).join("");
    const leaving = document.createElement("span");
    leaving.className = "leaving";
    element.replaceChildren(before, leaving, ...pieces(answer[name], bits[name]));
  }
  section.querySelector("#mixed-heading").textContent = `Mixed, w = ${share}`;
}

// One element for each stretch of equal surprise.
function pieces(units, bits) {
  const found = [];
  units.forEach((unit, n) => {
    const kind = bits[n] === null || bits[n] >= MUCH ? "much" : bits[n] >= SOME ? "some" : "";
    const last = found.at(-1);
    if (last && last.className === kind) {
      last.textContent += unit;
      return;
    }
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = unit;
    found.push(span);
  });
  return found;
}
