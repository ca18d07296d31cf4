"use strict";
// Adds to a page that can be read without it: the reader's time zone, hovering, zooming, choosing. Text from outside is only
// ever set as text.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const WIDTH = 16000, HEIGHT = 8000;
  document.documentElement.classList.add("js");

  // Figures, as the program writes them.
  const decimals = (v) => Math.abs(v) < 9.995 ? 2 : Math.abs(v) < 99.95 ? 1 : 0;
  const grouped = (v) => Math.round(v).toLocaleString("en-US");
  const figure = (v) => Math.abs(v) < 9999.5 ? v.toFixed(decimals(v)) : grouped(v);
  const range = (low, high) => {
    if (Math.max(Math.abs(low), Math.abs(high)) >= 9999.5) return `${grouped(low)}–${grouped(high)}`;
    const least = decimals(high), most = least + 2, ends = [low, high], read = (v, d) => Number(v.toFixed(d));
    const tells = (d) => read(low, d) < read(high, d) && ends.every((v) => read(v, d) !== 0 || read(v, most) === 0);
    const hasAll = (d) => ends.every((v) => read(v, d) === read(v, most));
    const some = [least, least + 1], d = some.find(tells) ?? some.find(hasAll) ?? most;
    return `${low.toFixed(d)}–${high.toFixed(d)}`;
  };
  const tickLabel = (v) => { const t = figure(v); return t.includes(".") ? t.replace(/\.?0+$/, "") : t; };
  const shift = (p) => {
    const digits = Math.abs(p) < 99.95 ? Math.abs(p).toFixed(1) : Math.round(Math.abs(p)).toLocaleString("en-US");
    return (digits === "0.0" ? "±" : p < 0 ? "−" : "+") + digits + " %";
  };

  // Light and dark.
  const button = one("#theme"), dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const name = () => button.setAttribute("aria-label", isDark() ? "Switch to light" : "Switch to dark");
  button.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  name();

  // Times in the reader's zone, UTC on hover.
  const clock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const local = (ms) => clock.format(ms).replace(",", "");
  const utc = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  for (const time of all("time")) {
    const ms = Date.parse(time.dateTime);
    time.title = utc(ms);
    time.textContent = local(ms);
  }
  const zone = clock.resolvedOptions().timeZone;
  one("#zone").textContent = zone + ", UTC on hover";
  if (one("#times")) one("#times").textContent = ` (${zone})`;

  // Round values between two edges.
  const values = (low, high, log, wanted) => {
    if (log) {
      const powers = [], dense = [];
      for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
        powers.push(10 ** e);
        dense.push(10 ** e, 2 * 10 ** e, 5 * 10 ** e);
      }
      const inside = (list) => list.filter((v) => v >= low && v <= high);
      return inside(dense).length <= 2 * wanted ? inside(dense) : inside(powers);
    }
    const least = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(least));
    const step = ([1, 2, 5].find((f) => f * power >= least * 0.999999) || 10) * power, list = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) list.push(i * step);
    return list;
  };
  const share = (v, { low, high, log }) => log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);

  // Round times, in the reader's zone.
  const MINUTE = 6e4, DAY = 8.64e7;
  const STEPS = [[MINUTE, "m", 1], [5 * MINUTE, "m", 5], [15 * MINUTE, "m", 15], [60 * MINUTE, "h", 1], [180 * MINUTE, "h", 3],
    [360 * MINUTE, "h", 6], [720 * MINUTE, "h", 12], [DAY, "d", 1], [2 * DAY, "d", 2], [5 * DAY, "d", 5], [10 * DAY, "d", 10],
    [2.63e9, "M", 1], [7.9e9, "M", 3], [1.58e10, "M", 6], [3.16e10, "y", 1], [1.58e11, "y", 5]];
  const formats = {
    m: { hour: "2-digit", minute: "2-digit" }, h: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
    d: { day: "numeric", month: "short" }, M: { month: "short", year: "numeric" }, y: { year: "numeric" },
  };
  const times = (from, to, wanted) => {
    const [, unit, n] = STEPS.find(([ms]) => ms * 1.3 >= (to - from) / wanted) || STEPS[STEPS.length - 1];
    const format = new Intl.DateTimeFormat("en-GB", formats[unit]), at = new Date(from), list = [];
    at.setSeconds(0, 0);
    if (unit === "m") at.setMinutes(Math.floor(at.getMinutes() / n) * n);
    if (unit === "h") at.setHours(Math.floor(at.getHours() / n) * n, 0);
    if ("dMy".includes(unit)) at.setHours(0, 0);
    if (unit === "d") at.setDate(Math.floor((at.getDate() - 1) / n) * n + 1);
    if (unit === "M") at.setMonth(Math.floor(at.getMonth() / n) * n, 1);
    if (unit === "y") at.setFullYear(Math.floor(at.getFullYear() / n) * n, 0, 1);
    for (let guard = 0; +at <= to && guard < 400; guard++) {
      if (+at >= from) list.push([+at, format.format(at).replace(",", "")]);
      if (unit === "m") at.setMinutes(at.getMinutes() + n);
      if (unit === "h") at.setHours(at.getHours() + n);
      if (unit === "d") {
        const month = at.getMonth();
        at.setDate(at.getDate() + n);
        if (n > 1 && (at.getMonth() !== month || at.getDate() - 1 + n > 31)) at.setMonth(month + 1, 1);
      }
      if (unit === "M") at.setMonth(at.getMonth() + n);
      if (unit === "y") at.setFullYear(at.getFullYear() + n);
    }
    if (list.length) return list;
    const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    return [[from, exact.format(from)], [to, exact.format(to)]];
  };

  // Writes round values beside a chart, and the lines behind it.
  const write = (chart, upright, level) => {
    const lines = [];
    const put = (holder, list, side, line) => holder && holder.replaceChildren(...list.map(([place, text]) => {
      const label = make("span", "", text), mark = make(line);
      label.style[side] = mark.style[side] = (place * 100).toFixed(2) + "%";
      lines.push(mark);
      return label;
    }));
    if (upright) put(one(".upright", chart), upright, "bottom", "i"); else lines.push(...all(".grid i", chart));
    if (level) put(one(".level", chart), level, "left", "b"); else lines.push(...all(".grid b", chart));
    one(".grid", chart).replaceChildren(...lines);
  };

  const explore = (chart) => {
    const told = JSON.parse(one(`#${chart.id}-data`).textContent), area = one(".area", chart), svg = one("svg", area);
    const full = { from: +chart.dataset.from, to: +chart.dataset.to, low: +chart.dataset.low, high: +chart.dataset.high };
    const last = told.t.length - 1, begin = (i) => full.from + told.t[i] * 1000, end = (i) => begin(i) + told.w[i] * 1000;
    const middle = (i) => (begin(i) + end(i)) / 2;
    const cross = make("div", "cross"), tip = make("div", "tip"), chosen = make("div", "chosen");
    [cross, tip, chosen].forEach((e) => { e.hidden = true; });
    area.append(cross, chosen, tip);
    let now = { ...full }, index = last, dragged = null;
    const place = (ms) => (ms - now.from) / (now.to - now.from);

    const draw = () => {
      const x = (now.from - full.from) / (full.to - full.from) * WIDTH, w = (now.to - now.from) / (full.to - full.from) * WIDTH;
      const y = (full.high - now.high) / (full.high - full.low) * HEIGHT, h = (now.high - now.low) / (full.high - full.low) * HEIGHT;
      svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
      all(".strip", area).forEach((strip) => strip.setAttribute("viewBox", `${x} 0 ${w} 1`));
      all(".flag,.shade", area).forEach((flag) => {
        const left = place(+flag.dataset.at), right = place(+(flag.dataset.until || flag.dataset.at));
        flag.hidden = right < 0 || left > 1;
        flag.style.left = left * 100 + "%";
        if (flag.dataset.until) flag.style.width = (right - left) * 100 + "%";
        flag.classList.toggle("left", left > 0.8);
      });
      const narrow = area.clientWidth < 500;
      write(chart, values(now.low, now.high, false, 5).map((v) => [share(v, now), tickLabel(v)]),
        times(now.from, now.to, narrow ? 4 : 9).map(([ms, text]) => [place(ms), text]));
    };
    const zoom = (from, to) => {
      const least = Math.max(60e3, (full.to - full.from) / Math.max(20, last * 2)), centre = (from + to) / 2;
      if (to - from < least) { from = centre - least / 2; to = centre + least / 2; }
      from = Math.max(full.from, from);
      to = Math.min(full.to, to);
      now = { ...full, from, to };
      if (from > full.from || to < full.to) {
        let low = Infinity, high = -Infinity;
        for (let i = 0; i <= last; i++) {
          if (end(i) < from || begin(i) > to) continue;
          low = Math.min(low, told.l[i] ?? told.m[i], told.m[i]);
          high = Math.max(high, told.h[i] ?? told.m[i], told.m[i], told.q[i] ?? 0);
        }
        if (low <= high) {
          const half = Math.max((high - low) / 2, (high + low) * 0.025) * 1.15, mid = (low + high) / 2;
          now.low = Math.max(0, mid - half);
          now.high = mid + half;
        }
      }
      reset.hidden = now.from === full.from && now.to === full.to;
      hide();
      draw();
    };
    const words = (i) => {
      const interval = told.l[i] === null ? " (interval not estimable)" : ` (95 %: ${range(told.l[i], told.h[i])})`;
      const lines = [`p50 ${figure(told.m[i])} ms${interval}`];
      if (told.q[i] !== null) lines.push(`p90 ${figure(told.q[i])} ms`);
      lines.push(told.k[i] > 1 ? `${told.k[i]} runs, ${told.n[i]} samples` : `${told.n[i]} samples`);
      return lines;
    };
    const when = (i) => told.k[i] > 1 ? `${local(begin(i))} to ${local(end(i))}` : local(begin(i));
    const show = (i) => {
      index = i;
      const x = place(middle(i));
      if (x < 0 || x > 1) return hide();
      cross.hidden = tip.hidden = false;
      cross.style.left = x * 100 + "%";
      tip.replaceChildren(make("strong", "", when(i)), ...words(i).map((line) => make("span", "", line)), make("small", "", utc(begin(i))));
      tip.classList.toggle("left", x > 0.6);
      tip.style.left = x * 100 + "%";
      area.setAttribute("aria-valuenow", i);
      area.setAttribute("aria-valuetext", `${when(i)}: ${words(i).join(", ")}`);
    };
    const hide = () => { cross.hidden = tip.hidden = true; };
    const nearest = (ms) => {
      let low = 0, high = last;
      while (low < high) { const mid = (low + high) >> 1; if (middle(mid) < ms) low = mid + 1; else high = mid; }
      return low > 0 && ms - middle(low - 1) < middle(low) - ms ? low - 1 : low;
    };
    const under = (event) => {
      const box = area.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    const timeAt = (x) => now.from + x * (now.to - now.from);

    area.addEventListener("pointermove", (event) => {
      const x = under(event);
      if (dragged !== null) {
        chosen.hidden = false;
        chosen.style.left = Math.min(x, dragged) * 100 + "%";
        chosen.style.width = Math.abs(x - dragged) * 100 + "%";
      }
      show(nearest(timeAt(x)));
    });
    area.addEventListener("pointerleave", () => { if (dragged === null) hide(); });
    area.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      dragged = under(event);
      area.setPointerCapture(event.pointerId);
    });
    area.addEventListener("pointerup", (event) => {
      const from = dragged, to = under(event);
      dragged = null;
      chosen.hidden = true;
      if (from !== null && Math.abs(to - from) * area.clientWidth > 8) zoom(timeAt(Math.min(from, to)), timeAt(Math.max(from, to)));
    });
    area.addEventListener("pointercancel", () => { dragged = null; chosen.hidden = true; });
    area.addEventListener("dblclick", () => zoom(full.from, full.to));
    area.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 10 : 1, length = now.to - now.from;
      const move = { ArrowRight: index + step, ArrowLeft: index - step, Home: 0, End: last }[event.key];
      if (move !== undefined) {
        index = Math.min(last, Math.max(0, move));
        const at = middle(index);
        if (at < now.from) zoom(at, at + length);
        if (at > now.to) zoom(at - length, at);
        show(index);
      } else if (event.key === "+" || event.key === "=") {
        zoom(middle(index) - length / 4, middle(index) + length / 4); show(index);
      } else if (event.key === "-") {
        zoom(middle(index) - length, middle(index) + length); show(index);
      } else if (event.key === "0" || event.key === "Escape") {
        zoom(full.from, full.to);
      } else return;
      event.preventDefault();
    });
    area.addEventListener("focus", () => { if (area.matches(":focus-visible")) show(index); });
    area.addEventListener("blur", hide);
    Object.entries({
      tabindex: 0, role: "slider", "aria-label": svg.getAttribute("aria-label") + ". Arrow keys read the values, plus and minus zoom.",
      "aria-valuemin": 0, "aria-valuemax": last, "aria-valuenow": last, "aria-valuetext": `${when(last)}: ${words(last).join(", ")}`,
    }).forEach(([key, value]) => area.setAttribute(key, value));

    // Ranges that a person asks for, and the way back.
    const tools = make("div", "tools");
    const tool = (text, act) => {
      const b = make("button", "", text);
      b.type = "button";
      b.addEventListener("click", act);
      tools.append(b);
      return b;
    };
    for (const [text, days] of [["30 days", 30], ["90 days", 90], ["1 year", 365]]) {
      if ((full.to - full.from) / DAY > days * 1.3) tool(text, () => zoom(full.to - days * DAY, full.to));
    }
    const reset = tool("All", () => zoom(full.from, full.to));
    reset.hidden = true;
    tools.append(make("span", "hint", "drag over the chart to zoom"));
    chart.before(tools);

    // What is drawn, as a table.
    const details = make("details", "data"), table = make("table", "small");
    details.append(make("summary", "", "The values drawn, as a table"), table);
    details.addEventListener("toggle", () => {
      if (!details.open || table.rows.length) return;
      const row = (cells, cell) => { const r = make("tr"); r.append(...cells.map((text) => make(cell, "", text))); return r; };
      const headRow = make("thead"), body = make("tbody");
      headRow.append(row(["From", "Runs", "Samples", "p50, ms", "95 %", "p90, ms"], "th"));
      for (let i = last; i >= 0; i--) {
        body.append(row([local(begin(i)), told.k[i], told.n[i], figure(told.m[i]),
          told.l[i] === null ? "n/e" : range(told.l[i], told.h[i]), told.q[i] === null ? "n/e" : figure(told.q[i])], "td"));
      }
      table.append(headRow, body);
    });
    chart.parentElement.append(details);
    draw();
  };
  // A chart is prepared when it comes near the screen: a page may have hundreds.
  const charts = all("[data-history]");
  const watch = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach((e) => {
    watch.unobserve(e.target);
    explore(e.target);
  }), { rootMargin: "600px" });
  charts.forEach((chart) => watch.observe(chart));

  // Targets by name.
  const filter = one("#filter");
  if (filter) filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of all("tr[data-target]")) {
      const hidden = !one("th", row).textContent.toLowerCase().includes(wanted);
      row.hidden = hidden;
      one(`section[data-target="${row.dataset.target}"]`).hidden = hidden;
    }
  });

  // Targets to compare.
  const data = one("#comparison-data");
  if (data) {
    const { labels, p50, pairs } = JSON.parse(data.textContent);
    const runs = one("#comparison-runs"), samples = one("#comparison-samples"), list = one("#comparison-words");
    const factors = new Map(pairs.map(([a, b, ...rest]) => [a * labels.length + b, rest]));
    const bdi = (i) => make("bdi", "", labels[i]);
    const sentence = (a, b) => {
      const item = make("li"), pair = factors.get(a * labels.length + b);
      if (!pair) { item.append(bdi(a), " and ", bdi(b), " were not measured together, and have too few runs to be compared"); return item; }
      const [factor, low, high, byRuns] = pair, basis = byRuns ? "medians of runs" : "samples of one run";
      const bounds = `95 %: ${shift((low - 1) * 100).replace(" %", "")} to ${shift((high - 1) * 100)}`;
      if (!high) item.append(bdi(a), ` has the lower median; too few ${basis} to say more about `, bdi(b));
      else if (low <= 1 && high >= 1) item.append("no difference shown between ", bdi(a), " and ", bdi(b), `: ${shift((factor - 1) * 100)} (${bounds}; ${basis})`);
      else if (factor >= 2) item.append(bdi(b), " takes ", make("strong", "", `${figure(factor)} times`), " as long as ", bdi(a), ` (95 %: ${range(low, high)}; ${basis})`);
      else item.append(bdi(b), " is ", make("strong", "", `${shift((factor - 1) * 100).replace(/^[+−]/, "")} ${factor > 1 ? "slower" : "faster"}`), " than ", bdi(a), ` (${bounds}; ${basis})`);
      return item;
    };
    // The edges of an axis for values from low to high, as the program chooses them.
    const edges = (low, high) => {
      if (low > 0 && high / low > 8) { const room = (high / low) ** 0.04; return { low: low / room, high: high * room, log: true }; }
      const half = Math.max((high - low) / 2, high * 0.05) * 1.08, mid = (low + high) / 2;
      return { low: Math.max(0, mid - half), high: mid + half, log: false };
    };
    // The part of a chart's own axis between two edges; a linear axis cannot show a logarithmic one's picture.
    const part = (own, wanted) => ({ low: share(wanted.low, own), high: share(wanted.high, own) });
    const own = (element) => ({ low: +element.dataset.low, high: +element.dataset.high, log: element.dataset.log === "1" });
    const span = (elements) => elements.length ? [Math.min(...elements.map((e) => +e.dataset.low)), Math.max(...elements.map((e) => +e.dataset.high))] : null;
    const choose = () => {
      const chosen = new Set(all("[data-choose]").filter((box) => box.checked).map((box) => +box.dataset.choose));
      for (const element of all("[data-choice]")) {
        const shown = chosen.has(+element.dataset.choice);
        if (element.tagName === "g") element.style.display = shown ? "" : "none"; else element.hidden = !shown;
      }
      const [first, ...others] = [...chosen].sort((a, b) => p50[a] - p50[b]);
      list.replaceChildren(...others.map((other) => sentence(Math.min(first, other), Math.max(first, other))));
      if (runs) {
        const seen = span(all("g[data-choice]", runs).filter((g) => chosen.has(+g.dataset.choice)));
        if (seen) {
          const axis = own(runs), wanted = { ...edges(...seen), log: axis.log }, { low, high } = part(axis, wanted);
          one("svg", runs).setAttribute("viewBox", `0 ${(1 - high) * HEIGHT} ${WIDTH} ${(high - low) * HEIGHT}`);
          write(runs, values(wanted.low, wanted.high, axis.log, 6).map((v) => [share(v, wanted), tickLabel(v)]), null);
        }
      }
      if (samples) {
        const seen = span(all("[data-choice]", samples).filter((row) => chosen.has(+row.dataset.choice)));
        if (seen) {
          const axis = own(samples), wanted = { ...edges(...seen), log: axis.log }, { low, high } = part(axis, wanted);
          const ticks = values(wanted.low, wanted.high, axis.log, 7).map((v) => [share(v, wanted), tickLabel(v)]);
          for (const chart of all(".chart", samples)) {
            one("svg", chart).setAttribute("viewBox", `${low * WIDTH} 0 ${(high - low) * WIDTH} ${HEIGHT}`);
            write(chart, null, ticks);
          }
        }
      }
    };
    all("[data-choose]").forEach((box) => box.addEventListener("change", choose));
  }
})();
