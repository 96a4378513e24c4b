// Which steps the chart shows: it moves no further than the leaving point makes it.

export class View {
  constructor() {
    this.first = 0;
    this.steps = 0;
  }

  // The steps of truth that are shown before the leaving point at most.
  static around(horizon) {
    return Math.max(horizon, 40);
  }

  follow(origin, horizon) {
    const back = View.around(horizon);
    const steps = horizon + back;
    if (steps !== this.steps) {
      this.steps = steps;
      this.first = origin - Math.round(0.8 * back);
    }
    const margin = Math.round(0.15 * back);
    this.first = Math.min(Math.max(this.first, origin - back), origin - margin);
  }
}
