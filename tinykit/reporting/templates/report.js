"use strict";
// Zooms into a trace: levels from coarse to fine, windows, states, gaps. Without it the page shows pictures.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const KNOWN = ["infer", "idle", "sleep"], OTHERS = 4;
  const LEFT = 64, RIGHT = 24, TOP = 22, BOTTOM = 30, HEIGHT = 320, STEPS = [1, 2, 5, 10];

  function make(name, attributes, parent, text) {
    const isHtml = ["button", "div", "p"].includes(name);
    const one = isHtml ? document.createElement(name) : document.createElementNS(SVG, name);
    for (const key of Object.keys(attributes)) one.setAttribute(key, attributes[key]);
    if (text !== undefined) one.textContent = text;
    parent.append(one);
    return one;
  }

  function decoded(level) {
    const bytes = Uint8Array.from(atob(level.data), (char) => char.charCodeAt(0));
    const view = new DataView(bytes.buffer), all = new Float32Array(bytes.length / 4);
    for (let k = 0; k < all.length; k++) all[k] = view.getFloat32(4 * k, true);
    const n = level.rows;
    return { start: level.start_s, step: level.step_s, end: level.start_s + n * level.step_s, rows: n,
      least: all.subarray(0, n), mean: all.subarray(n, 2 * n), most: all.subarray(2 * n) };
  }

  function pretty(value, unit, digits) {
    const size = Math.abs(value);
    const found = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]]
      .find(([scale]) => size >= scale * 0.9995) || [1e-9, "n"];
    return size === 0 ? "0 " + unit : Number((value / found[0]).toPrecision(digits)) + " " + found[1] + unit;
  }

  function ticks(low, high, count) {
    const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * STEPS.find((one) => one * power >= rough * 0.9999);
    const found = [];
    for (let k = Math.ceil(low / step); k * step <= high + step * 1e-6; k++) found.push(k * step);
    return found;
  }

  class Zoom {
    constructor(figure) {
      this.data = JSON.parse(figure.querySelector("script").textContent);
      this.levels = this.data.levels.map(decoded);
      this.length = this.data.length_s;
      this.others = [...new Set(this.data.phases.map(([kind]) => kind))].filter((kind) => !KNOWN.includes(kind));
      this.least = Math.min(this.length, 8 * this.data.sample_s);
      const keys = make("div", { class: "keys", role: "group", "aria-label": "Zoom" }, figure);
      const button = (label, spoken, action) =>
        make("button", { type: "button", "aria-label": spoken }, keys, label).addEventListener("click", action);
      for (const [name, from, to] of this.data.views) button(name, "Show: " + name, () => this.show(from, to));
      button("+", "Zoom in", () => this.scale(0.5));
      button("−", "Zoom out", () => this.scale(2));
      button("←", "Earlier", () => this.move(-0.25));
      button("→", "Later", () => this.move(0.25));
      this.svg = make("svg", { tabindex: "0", role: "application", "aria-label": figure.dataset.title +
        ". Arrow keys move, plus and minus zoom, Home shows all." }, figure);
      this.read = make("p", { class: "note", role: "status" }, figure);
      this.svg.addEventListener("keydown", (event) => this.key(event));
      this.drags();
      figure.hidden = false;
      new ResizeObserver(() => this.draw()).observe(this.svg);
      this.show(0, this.length);
    }

    show(from, to) {
      const span = Math.min(this.length, Math.max(this.least, to - from));
      this.from = Math.min(Math.max(0, from), this.length - span);
      this.to = this.from + span;
      this.draw();
    }

    scale(factor) {
      const middle = (this.from + this.to) / 2, half = (this.to - this.from) * factor / 2;
      this.show(middle - half, middle + half);
    }

    move(share) {
      const by = (this.to - this.from) * share;
      this.show(this.from + by, this.to + by);
    }

    key(event) {
      const action = { ArrowLeft: () => this.move(-0.25), ArrowRight: () => this.move(0.25), "+": () => this.scale(0.5),
        "=": () => this.scale(0.5), "-": () => this.scale(2), Home: () => this.show(0, this.length) }[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    }

    drags() {
      const at = (event) => this.from + (this.to - this.from) *
        Math.min(1, Math.max(0, (event.offsetX - LEFT) / this.plot));
      let began = null;
      this.svg.addEventListener("pointerdown", (event) => {
        began = at(event);
        this.svg.setPointerCapture(event.pointerId);
      });
      this.svg.addEventListener("pointermove", (event) => {
        if (began !== null) this.draw([began, at(event)]);
      });
      this.svg.addEventListener("pointerup", (event) => {
        const ends = [began ?? at(event), at(event)].sort((a, b) => a - b);
        began = null;
        if (ends[1] - ends[0] > (this.to - this.from) * 0.01) this.show(ends[0], ends[1]);
        else this.draw();
      });
      this.svg.addEventListener("pointercancel", () => { began = null; });
    }

    // A pixel column holds the extremes of the rows in it, of the finest level that is there.
    columns() {
      const found = [], width = (this.to - this.from) / this.plot;
      for (let x = 0; x < this.plot; x++) {
        const low = this.from + x * width, high = low + width;
        const level = this.levels.findLast((one) => one.start <= low && high <= one.end) || this.levels[0];
        const first = Math.max(0, Math.floor((low - level.start) / level.step));
        const last = Math.min(level.rows - 1, Math.max(first, Math.ceil((high - level.start) / level.step) - 1));
        let least = Infinity, most = -Infinity, sum = 0, count = 0;
        for (let k = first; k <= last; k++) {
          if (Number.isNaN(level.mean[k])) continue;
          least = Math.min(least, level.least[k]);
          most = Math.max(most, level.most[k]);
          sum += level.mean[k];
          count++;
        }
        found.push(count ? [x, least, sum / count, most] : null);
      }
      return found;
    }

    draw(drag) {
      const wide = this.svg.clientWidth;
      if (!wide) return;
      this.plot = Math.max(50, Math.floor(wide - LEFT - RIGHT));
      const columns = this.columns(), known = columns.filter(Boolean);
      const top = known.reduce((most, one) => Math.max(most, one[3]), 1e-9) * 1.08;
      const low = known.reduce((least, one) => Math.min(least, one[1]), 0);
      const x = (t) => LEFT + (t - this.from) / (this.to - this.from) * this.plot;
      const y = (w) => TOP + (1 - (w - low) / (top - low)) * (HEIGHT - TOP - BOTTOM);
      this.svg.replaceChildren();
      this.bands(x);
      for (const w of ticks(low, top, 5)) {
        make("path", { class: "axis", d: `M${LEFT} ${y(w)}h${this.plot}` }, this.svg);
        make("text", { x: LEFT - 6, y: y(w) + 4, "text-anchor": "end" }, this.svg, pretty(w, "W", 4));
      }
      const base = this.to - this.from < 0.05 ? this.from : 0;
      for (const t of ticks(this.from - base, this.to - base, Math.max(2, this.plot / 130)))
        make("text", { x: x(t + base), y: HEIGHT - 10, "text-anchor": "middle" }, this.svg,
          (base ? "+" : "") + pretty(t, "s", 5));
      const strokes = known.map(([k, a, , b]) => `M${LEFT + k + .5} ${y(a).toFixed(1)}V${(y(b) - .5).toFixed(1)}`);
      make("path", { class: "band", d: strokes.join("") }, this.svg);
      const line = columns.map((one, k) => one && `${k && columns[k - 1] ? "L" : "M"}${LEFT + one[0] + .5} ${y(one[2]).toFixed(1)}`);
      make("path", { class: "mean", d: line.filter(Boolean).join("") }, this.svg);
      if (drag) this.span("drag", x(drag[0]), x(drag[1]), TOP);
      if (this.data.simulated)
        make("text", { class: "mark", x: LEFT + this.plot / 2, y: HEIGHT / 2, "text-anchor": "middle" }, this.svg, "SIMULATED");
      const mean = known.reduce((sum, one) => sum + one[2], 0) / (known.length || 1);
      this.read.textContent = `${this.from.toFixed(6)} s to ${this.to.toFixed(6)} s (${pretty(this.to - this.from, "s", 4)}): ` +
        `mean ${pretty(mean, "W", 4)}, greatest ${pretty(top / 1.08, "W", 4)}. By the meter's clock.`;
    }

    span(kind, a, b, y) {
      const left = Math.max(LEFT, Math.min(a, b)), right = Math.min(LEFT + this.plot, Math.max(a, b));
      if (right < left) return false;
      make("rect", { class: kind, x: left, y, width: Math.max(1, right - left), height: HEIGHT - BOTTOM - y }, this.svg);
      return right - left;
    }

    bands(x) {
      let free = 0;
      for (const [kind, from, to, inferences] of this.data.phases) {
        const known = KNOWN.includes(kind) ? kind : "other" + this.others.indexOf(kind) % OTHERS;
        const wide = this.span("phase " + known, x(from), x(to), TOP - 4);
        const label = kind === "infer" ? inferences + " inferences" : kind, at = Math.max(LEFT, x(from));
        if (wide === false || at < free || wide < 24) continue;
        make("text", { x: at + 2, y: TOP - 8 }, this.svg, label);
        free = at + 8 * label.length;
      }
      for (const [from, to] of this.data.gaps) {
        const at = { x: Math.max(LEFT, x(from)) + 2, y: HEIGHT - BOTTOM - 4 };
        if (this.span("gap", x(from), x(to), TOP) !== false) make("text", at, this.svg, "lost");
      }
    }
  }

  function tables() {
    const button = document.getElementById("all-tables"), all = document.querySelectorAll("details");
    document.getElementById("tools").hidden = all.length === 0;
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-pressed") !== "true";
      for (const one of all) one.open = open;
      button.setAttribute("aria-pressed", String(open));
      button.textContent = open ? "Hide all tables" : "Show all tables";
    });
  }

  tables();
  for (const figure of document.querySelectorAll("figure.zoom")) new Zoom(figure);
})();
