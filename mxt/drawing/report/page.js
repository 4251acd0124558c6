"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const player = document.getElementById("player"), said = document.getElementById("said");
  const FIRST = 12, MOST = 32, SVG = "http://www.w3.org/2000/svg";
  const COLOURS = 8, MARKS = [  // circle, square, triangle, diamond
    (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    (x, y, r) => `M${x} ${y - 1.2 * r}l${1.2 * r} ${2.2 * r}h${-2.4 * r}z`,
    (x, y, r) => `M${x} ${y - 1.4 * r}l${1.2 * r} ${1.4 * r}l${-1.2 * r} ${1.4 * r}l${-1.2 * r} ${-1.4 * r}z`,
  ];

  // Everything is made of elements and text: nothing is ever read as HTML.
  const make = (name, attributes = {}, ...children) => {
    const svg = ["svg", "path", "rect", "title"].includes(name);
    const element = svg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };
  const text = (name, className, words) => make(name, { class: className, dir: "auto" }, words);
  const name = (clip) => data.clips[clip][0];
  const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

  // Sound: one player, and the button that it plays for.
  let playing = null;
  const stop = () => {
    player.pause();
    if (playing) { playing.classList?.remove("playing"); playing.querySelector?.("progress")?.setAttribute("value", 0); }
    playing = null;
  };
  const play = (sound, button) => {
    const again = playing === button && button;
    stop();
    if (again) return;
    player.src = `data:${data.soundType.split(";")[0]};base64,${data.sounds[sound][0]}`;
    playing = button;
    button?.classList.add("playing");
    player.play().catch(() => { stop(); said.textContent = "This browser cannot play the recording."; });
  };
  const tick = () => {
    if (!playing) return;
    playing.querySelector?.("progress")?.setAttribute("value", player.currentTime);
    requestAnimationFrame(tick);
  };
  player.addEventListener("playing", tick);
  player.addEventListener("ended", stop);

  const preview = (clip) => {
    const [id, , seconds, sound, why] = data.clips[clip];
    if (sound < 0) {
      return text("p", "mute", why ? `cannot be heard: ${why}` : seconds ? "not among the recordings this page carries" : "no audio");
    }
    const [, picture, start, length] = data.sounds[sound];
    const button = make("button", { type: "button", class: "play", "aria-label": `play ${id}`,
      title: `${start.toFixed(1)} to ${(start + length).toFixed(1)} s of ${seconds.toFixed(1)} s` },
      make("img", { src: `data:image/webp;base64,${picture}`, alt: "" }), make("progress", { max: length, value: 0, "aria-hidden": "true" }));
    button.addEventListener("click", () => play(sound, button));
    return button;
  };
  const names = (numbers, classes) => numbers.map((number) => classes[number]).join(", ") || "none";
  const taken = (result, predicted) => {
    if (result.task === "regression") return String(predicted);
    if (result.task === "multilabel") return predicted.map(([number, score]) => `${result.classes[number]} ${score.toFixed(2)}`).join(", ");
    return predicted.map(([number, share]) => result.classes[number] + (share < 1 ? ` in ${percent(share)} of the repeats` : "")).join(", ");
  };
  const isWrong = (result, [, actual, predicted]) => result.task === "classification" && predicted[0][0] !== actual[0];
  const probabilities = (result, actual, highest) => {
    if (!highest) return null;
    return make("dl", { class: "probabilities", "aria-label": "probabilities" }, ...highest.flatMap(([number, p]) => [
      text("dt", "", result.classes[number]),
      make("dd", { class: actual.includes(number) ? "of" : null }, make("svg", { "aria-hidden": "true" }, make("rect", { width: `${100 * p}%`, height: 7 })), make("output", {}, p.toFixed(2))),
    ]));
  };
  const card = (result, row) => {
    const [clip, actual, predicted, fold, highest] = row;
    const labels = result.task === "regression" ? String(actual) : names(actual, result.classes);
    const wrong = isWrong(result, row);
    const about = [data.clips[clip][1] && `group ${data.clips[clip][1]}`, fold && `fold ${fold}`].filter(Boolean).join(" · ");
    return make("li", { class: "card" }, preview(clip), text("p", "clip", name(clip)),
      make("p", {}, "labelled ", text("b", "", labels), ", predicted ", text("b", wrong ? "missed" : "", taken(result, predicted))),
      about ? text("p", "note", about) : null, probabilities(result, actual, highest));
  };

  // A list of cards, some at a time.
  const list = (place, cards, className = "cards") => {
    const items = make("ul", { class: className }), more = make("button", { type: "button", class: "more" });
    let shown = 0;
    const add = () => {
      const before = shown;
      shown = Math.min(cards.length, shown + (before ? 48 : FIRST));
      items.append(...cards.slice(before, shown).map((one) => one()));
      more.textContent = `show ${Math.min(48, cards.length - shown)} more of ${cards.length}`;
      more.hidden = shown === cards.length;
      if (before) items.children[before].querySelector("button")?.focus();
    };
    more.addEventListener("click", add);
    place.append(items, more);
    add();
  };

  // Each result lists its errors; a click on a class, or on a cell of a confusion matrix, lists those clips instead.
  const counted = (rows) => `${rows.length} ${rows.length === 1 ? "clip" : "clips, the worst first"}`;
  const fill = (number, words, rows, back) => {
    const result = data.results[number], place = document.getElementById(`listed-${number}`);
    const heading = make("h3", { tabindex: -1, dir: "auto" }, `${words}: ${counted(rows)}`);
    place.replaceChildren(heading);
    list(place, rows.map((row) => () => card(result, row)));
    if (back) {
      const button = make("button", { type: "button", class: "back" }, "back to all errors");
      button.addEventListener("click", () => { press(null); errors(number).focus(); });
      place.append(button);
    }
    return heading;
  };
  const press = (button) => {
    stop();
    document.querySelectorAll("[aria-pressed=true][data-r]").forEach((other) => other.removeAttribute("aria-pressed"));
    button?.setAttribute("aria-pressed", "true");
  };
  const errors = (number) => {
    const result = data.results[number], wrong = result.rows.filter((row) => isWrong(result, row));
    return result.task === "classification" ? fill(number, "Errors", wrong) : fill(number, "All clips", result.rows);
  };
  const open = (button) => {
    const { r, true: of, as } = button.dataset, result = data.results[r], actual = Number(of);
    const rows = result.rows.filter((row) => row[1].includes(actual) && (as === undefined || row[2].some(([number]) => number === Number(as))));
    const words = result.classes[actual] + (as === undefined ? "" : as === of ? ", predicted right" : `, taken for ${result.classes[as]}`);
    press(button);
    const heading = fill(r, words, rows, true);
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "nearest" });
    if (heading.getBoundingClientRect().bottom > innerHeight - 200) heading.scrollIntoView({ block: "center" });
  };
  document.querySelectorAll("[data-errors]").forEach((place) => errors(place.dataset.errors));
  document.querySelectorAll("button[data-true]").forEach((button) => button.addEventListener("click", () => open(button)));
  document.querySelectorAll("[data-wrong]").forEach((place) => {
    list(place, data.chapters[place.dataset.wrong].wrong.map(([clip, label, suggested, p, q]) => () => make("li", { class: "card" }, preview(clip), text("p", "clip", name(clip)),
      make("p", {}, "labelled ", text("b", "", label), `, which has a probability of ${percent(p)}; `, text("b", "missed", suggested), ` has ${percent(q)}`))));
  });
  document.querySelectorAll("[data-copies]").forEach((place) => {
    list(place, data.chapters[place.dataset.copies].copies.map((pair) => () => make("li", { class: "card" },
      make("div", { class: "twins" }, ...pair.clips.map((clip, i) => make("div", {}, preview(clip), text("p", "clip", name(clip)),
        text("p", "note", `${pair.labels[i]}${pair.folds[i] ? ` · fold ${pair.folds[i]}` : ""}`)))),
      make("p", {}, `${percent(pair.similarity)} alike, by ${pair.by}`, pair.labels[0] !== pair.labels[1] ? make("b", { class: "missed" }, " · different labels") : null,
        pair.split ? make("b", { class: "missed" }, " · in different folds") : null))), "cards twin-cards");
  });

  document.querySelectorAll("[data-cards]").forEach((place) => {
    list(place, data.lists[place.dataset.cards].map(([clip, lines]) => () => make("li", { class: "card" }, preview(clip), text("p", "clip", name(clip)),
      ...lines.map(([words, kind]) => text("p", kind, words)))));
  });

  // Maps: one or two results side by side, coloured alike.
  const choice = (words, options, act) => {
    const select = make("select", {}, ...options.map(([value, label]) => make("option", { value }, label)));
    select.addEventListener("change", act);
    return [make("label", {}, `${words} `, select), select];
  };
  const ways = (result, task) => {
    const row = new Map(result.rows.map((one) => [one[0], one]));
    const label = (clip) => { const one = row.get(clip); return !one ? "not tested" : task === "regression" ? Number(one[1]) : names(one[1], result.classes); };
    const guess = (clip) => { const one = row.get(clip); return !one ? "not tested" : task === "regression" ? Number(one[2]) : result.classes[one[2][0][0]]; };
    const shown = { "true class": label, predicted: guess };
    if (task === "classification") shown.correctness = (clip) => { const one = row.get(clip); return !one ? "not tested" : isWrong(result, one) ? "wrong" : "right"; };
    if (result.map.clips.some((clip) => data.clips[clip][1])) shown.group = (clip) => data.clips[clip][1] || "no group";
    return shown;
  };
  const binned = (values) => {  // numbers in five parts of equal size
    const numbers = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
    const edges = [1, 2, 3, 4].map((i) => numbers[Math.floor(i * numbers.length / 5)]);
    const short = (value) => Number(value.toPrecision(3));
    return (value) => {
      if (typeof value !== "number") return value;
      const i = edges.filter((edge) => value >= edge).length;
      return `${i ? short(edges[i - 1]) : short(numbers[0])} to ${i < 4 ? short(edges[i]) : short(numbers[numbers.length - 1])}`;
    };
  };
  document.querySelectorAll("[data-map]").forEach((place) => {
    const mapped = data.results.filter((result) => result.chapter === Number(place.dataset.map) && result.map);
    const task = mapped[0].task;
    const drawAll = () => panes.forEach((pane) => draw(pane));
    const [colourLabel, colour] = choice("colour", Object.keys(ways(mapped[0], task)).map((way) => [way, task === "regression" ? way.replace("class", "value") : way]), () => { marked = null; drawAll(); });
    const [methodLabel, method] = choice("projection", Object.entries(data.methods), drawAll);
    const legend = make("div", { class: "legend", role: "group", "aria-label": "colours" });
    let marked = null;
    const panes = mapped.slice(0, 2).map((_, i) => {
      const [label, select] = choice("view", mapped.map((result, j) => [j, result.name]), () => draw(panes[i]));
      select.value = i;
      const svg = make("svg", { class: "map", viewBox: "-40 -40 1080 1080", tabindex: 0, role: "group", "aria-label": "map of clips: arrow keys go from clip to clip, Enter plays" });
      const words = make("p", { class: "said", "aria-live": "polite", dir: "auto" });
      const pane = { svg, select, words, here: -1, marks: [] };
      svg.addEventListener("keydown", (event) => steer(pane, event));
      place.append(make("div", { class: "pane" }, mapped.length > 1 ? label : null, svg, words));
      return pane;
    });
    place.prepend(make("div", { class: "controls" }, colourLabel, methodLabel));
    place.append(legend);

    const point = (pane, i) => {
      panes.forEach((other) => {
        other.svg.querySelector(".here")?.classList.remove("here");
        const mark = other.marks[other.result.map.clips.indexOf(pane.result.map.clips[i])];
        mark?.classList.add("here");
      });
      pane.here = i;
      const clip = pane.result.map.clips[i], row = pane.result.rows.find((one) => one[0] === clip);
      pane.words.textContent = `${name(clip)}${row ? ` · ${task === "regression" ? row[1] : names(row[1], pane.result.classes)}, predicted ${taken(pane.result, row[2])}` : ""}`
        + (data.clips[clip][3] < 0 ? " · cannot be heard here" : "");
    };
    const hear = (pane, i) => { point(pane, i); const sound = data.clips[pane.result.map.clips[i]][3]; if (sound >= 0) play(sound, null); else stop(); };
    const steer = (pane, event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "Enter" || event.key === " ") { if (pane.here >= 0) hear(pane, pane.here); event.preventDefault(); }
      if (!way) return;
      event.preventDefault();
      const points = pane.result.map.points[method.value], [x, y] = points[pane.here] ?? [500, 500];
      let best = -1, nearest = Infinity;
      points.forEach(([px, py], i) => {
        const along = (px - x) * way[0] + (py - y) * way[1], aside = Math.abs((px - x) * way[1]) + Math.abs((py - y) * way[0]);
        if (i !== pane.here && along > 0 && along + 2 * aside < nearest) [best, nearest] = [i, along + 2 * aside];
      });
      if (best >= 0) point(pane, best);
    };
    const draw = (pane) => {
      const result = pane.result = mapped[pane.select.value], raw = result.map.clips.map(ways(result, task)[colour.value]);
      const bin = binned(raw), values = raw.map(bin), counts = new Map();
      values.forEach((value) => counts.set(value, (counts.get(value) ?? 0) + 1));
      const numeric = raw.some((value) => typeof value === "number");
      const kinds = [...counts.keys()].sort((a, b) => numeric ? parseFloat(a) - parseFloat(b) : counts.size > MOST ? counts.get(b) - counts.get(a) : String(a).localeCompare(String(b)));
      const look = new Map(kinds.map((kind, i) => [kind, colour.value === "correctness" ? (kind === "wrong" ? 1 : kind === "right" ? 0 : 7) : i < MOST ? i : 7]));
      const radius = result.map.clips.length > 600 ? 7 : result.map.clips.length > 200 ? 10 : 14;
      pane.here = -1;
      pane.marks = result.map.points[method.value].map(([x, y], i) => {
        const kind = look.get(values[i]);
        const mark = make("path", { d: MARKS[Math.floor(kind / COLOURS)](x, y, radius), class: `k${kind % COLOURS}${marked !== null && marked !== values[i] ? " faint" : ""}` }, make("title", {}, `${name(result.map.clips[i])} · ${values[i]}`));
        mark.addEventListener("pointerenter", () => point(pane, i));
        mark.addEventListener("click", () => hear(pane, i));
        return mark;
      });
      pane.svg.replaceChildren(...pane.marks);
      if (pane !== panes[0]) return;
      legend.replaceChildren(...kinds.slice(0, MOST).map((kind) => {
        const button = make("button", { type: "button", "aria-pressed": String(marked === kind) }, make("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, make("path", { d: MARKS[Math.floor(look.get(kind) / COLOURS)](0, 0, 6), class: `k${look.get(kind) % COLOURS}` })), text("span", "", `${kind} ${counts.get(kind)}`));
        button.addEventListener("click", () => { marked = marked === kind ? null : kind; drawAll(); legend.children[kinds.indexOf(kind)].focus(); });
        return button;
      }), kinds.length > MOST ? `and ${kinds.length - MOST} more` : "");
    };
    drawAll();
  });
})();
