// Page around the plots: shows the server's messages as text in its elements, and sends the user's actions to it.
"use strict";
(function () {
  const xafs = window.xafs;
  const one = (id) => document.getElementById(id);
  const NARROW = window.matchMedia("(max-width: 760px)");
  const POINTED_EVERY = 100; // ms between two requests for the read-out under the cursor
  const DOUBLE = 300; // ms between the two clicks of a double click, at most
  const RETRY = 1500; // ms between two checks whether the server is available again

  let stage, up, front = null, view = [], overlay = "", picked = false, lost = false;
  let ordered = 0, shown = 0; // numbers of the newest request for another view, and of the one that is drawn
  let pointed = 0, pointing = null, clicking = null, resizing = null;
  const cards = new Map();

  const remembered = {
    get(name) { try { return window.localStorage.getItem("xafs-" + name); } catch { return null; } },
    set(name, value) { try { window.localStorage.setItem("xafs-" + name, value); } catch { /* not saved */ } },
  };
  const flags = {
    large: remembered.get("large") === "1",
    dark: (remembered.get("dark") ?? (window.matchMedia("(prefers-color-scheme: dark)").matches ? "1" : "0")) === "1",
  };

  function dress() {
    for (const [name, on] of Object.entries(flags)) {
      document.documentElement.toggleAttribute("data-" + name, on);
      one(name)?.setAttribute("aria-pressed", String(on));
    }
  }
  dress();

  function tell(said) {
    if (up !== undefined && !lost) up.data = { json: [JSON.stringify(said)] };
  }

  function order(said) {
    if (up !== undefined && !lost) tell({ ...said, order: ++ordered });
  }

  // Whether every panel is drawn as the user asked for it.
  xafs.isDrawn = () => stage !== undefined && shown === ordered && resizing === null && stage.document.is_idle;

  async function drawn() {
    while (!lost && !xafs.isDrawn()) await new Promise(window.requestAnimationFrame);
  }

  function look() {
    const box = one("stage").getBoundingClientRect();
    const height = Math.round(window.innerHeight - Math.max(box.top + window.scrollY, 60) - 60);
    return { ...flags, narrow: NARROW.matches, height, width: Math.round(box.width) };
  }

  function text(element, words) {
    if (element.textContent !== words) element.textContent = words;
  }

  function switches() {
    return document.querySelectorAll("[data-toggle]");
  }

  function status(now) {
    text(one("connection"), now.connection);
    one("connection").classList.toggle("waiting", now.waiting);
    text(one("measurement"), now.measurement);
    text(one("age"), now.age);
    one("age").classList.toggle("stale", now.stale);
    text(one("progress-words"), now.progress);
    const bar = one("bar");
    bar.hidden = now.done === null;
    if (now.done !== null) {
      bar.setAttribute("aria-valuenow", String(Math.round(100 * now.done)));
      bar.firstElementChild.style.width = 100 * now.done + "%";
    }
    text(one("nothing"), now.waiting ? now.connection + " …" : "no figures yet");
  }

  function show(now) {
    front = now;
    for (const name of ["tools", "title"]) one(name).hidden = now === null;
    one("words").hidden = now === null;
    one("nothing").hidden = now !== null;
    text(one("title"), now === null ? "" : now.title);
    text(one("caption"), now === null ? "" : now.caption);
    summarize(now === null ? [] : now.summary);
    document.title = (now === null ? "" : now.title + " – ") + "XAFS live plots";
    if (now !== null) table();
    if (now?.broken) text(one("words"), "This figure cannot be drawn; the worker's log gives the reason.");
    mark();
  }

  function summarize(panels) {
    const list = one("summary");
    while (list.children.length > panels.length) list.lastElementChild.remove();
    while (list.children.length < panels.length) list.append(document.createElement("li"));
    panels.forEach((words, place) => text(list.children[place], words));
  }

  // A figure that the user picked has an address of its own, which can be sent to others.
  function address() {
    if (front === null) return; // what the page was opened for is not there yet
    const path = picked ? "/figure/" + front.id.split("/").map(encodeURIComponent).join("/") : "/";
    window.history.replaceState(null, "", xafs.prefix + path);
  }

  function table() {
    const query = new URLSearchParams({ figure: front.id, view: view.join(",") });
    one("csv").href = xafs.prefix + "/table.csv?" + query;
  }

  function mark() {
    for (const button of document.querySelectorAll("nav button")) {
      button.setAttribute("aria-current", String(front !== null && button.dataset.figure === front.id));
    }
  }

  function entry(card, picture) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.figure = card.id;
    const parts = (picture ? ["picture", "name", "when"] : ["name", "when"]).map((name) => {
      const part = document.createElement("span");
      part.className = name;
      return part;
    });
    button.append(...parts);
    button.addEventListener("click", () => order({ show: card.id }));
    item.append(button);
    return item;
  }

  function fill(item, card) {
    text(item.querySelector(".name"), card.title);
    text(item.querySelector(".when"), card.when + (card.live ? ", measuring" : ""));
    item.querySelector(".when").classList.toggle("live", card.live === true);
  }

  function list(now) {
    const wanted = new Set(now.map((card) => card.id));
    for (const [id, item] of cards) if (!wanted.has(id)) { item.remove(); cards.delete(id); }
    now.forEach((card, place) => {
      if (!cards.has(card.id)) cards.set(card.id, entry(card, true));
      const item = cards.get(card.id), box = one("cards");
      fill(item, card);
      if (box.children[place] !== item) box.insertBefore(item, box.children[place] ?? null);
    });
    mark();
  }

  function earlier(now) {
    one("past-box").hidden = now.length === 0;
    one("past").replaceChildren(...now.map((card) => {
      const item = entry(card, true), compare = document.createElement("button");
      item.querySelector("button").append(Object.assign(document.createElement("span"), { className: "about" }));
      fill(item, card);
      text(item.querySelector(".about"), card.about);
      item.words = [card.title, card.about, card.when, ...card.uids].join(" ").toLowerCase();
      compare.type = "button";
      compare.className = "compare";
      compare.dataset.overlay = card.id;
      compare.textContent = "Compare";
      compare.setAttribute("aria-label", "Compare with " + card.title);
      compare.addEventListener("click", () => order({ overlay: card.id }));
      item.append(compare);
      return item;
    }));
    search();
    compared();
    mark();
    void sketches();
  }

  function search() {
    const words = one("search").value.toLowerCase().split(/\s+/);
    const items = [...one("past").children];
    for (const item of items) item.hidden = !words.every((word) => item.words.includes(word));
    const shown = items.filter((item) => !item.hidden).length;
    text(one("search-result"), shown === items.length ? "" : shown + " of " + items.length + " scans");
  }

  function compared() {
    for (const button of document.querySelectorAll("[data-overlay]")) {
      button.setAttribute("aria-pressed", String(button.dataset.overlay === overlay));
    }
  }

  // Thumbnails of the history, one after another, only once it is open.
  let sketching = false;
  async function sketches() {
    if (sketching || !one("past-box").open) return;
    sketching = true;
    for (const item of [...one("past").children]) {
      const box = item.querySelector(".picture"), figure = item.querySelector("button").dataset.figure;
      if (box.hasChildNodes() || !item.isConnected) continue;
      try {
        const answer = await fetch(xafs.prefix + "/sketch.svg?" + new URLSearchParams({ figure }));
        if (answer.ok) box.replaceChildren(drawing(await answer.text()));
      } catch { break; }
    }
    sketching = false;
  }

  function pictures(now) {
    for (const [id, svg] of Object.entries(now)) {
      const box = cards.get(id)?.querySelector(".picture");
      if (box !== undefined && box !== null) box.replaceChildren(drawing(svg));
    }
  }

  function drawing(svg) {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    return document.importNode(parsed, true);
  }

  function receive(said) {
    if ("words" in said) text(one("words"), said.words || "\u00a0");
    if ("view" in said) {
      view = said.view;
      for (const button of switches()) button.setAttribute("aria-pressed", String(view.includes(button.dataset.toggle)));
      if (front !== null) table();
    }
    if ("overlay" in said) { overlay = said.overlay; compared(); }
    if ("status" in said) status(said.status);
    if ("cards" in said) list(said.cards);
    if ("past" in said) earlier(said.past);
    if ("pictures" in said) pictures(said.pictures);
    if ("front" in said) show(said.front);
    if ("picked" in said) { picked = said.picked; one("newest").hidden = !picked; }
    if ("front" in said || "picked" in said) address();
    if ("frame" in said) {
      // Report the frame only once it is drawn. A hidden page draws nothing, and so it gets no further frames.
      window.requestAnimationFrame(() => {
        xafs.drawn = said.frame;
        if ("order" in said && said.order !== null) shown = said.order;
        xafs.onframe?.(said.frame);
        tell({ drawn: said.frame });
      });
    }
  }

  // Called by Bokeh's document: `begin` once for each page, `felt` at each event on a plot.
  xafs.begin = function (stage_, down, up_, event) {
    if (up !== undefined) return;
    [stage, up] = [stage_, up_];
    down.connect(down.properties.data.change, () => receive(JSON.parse(down.data.json[0])));
    stage.document.on_event("connection_lost", gone);
    xafs.wanted = new URLSearchParams(window.location.search).get("figure");
    order({ look: look(), show: xafs.wanted });
  };

  xafs.felt = function (panel, event) {
    if (event.event_name === "mousemove") point(panel, event);
    else if (event.event_name === "mouseleave") { pointing = null; tell({ at: null }); }
    else if (event.event_name === "doubletap") { window.clearTimeout(clicking); whole(); }
    else if (event.event_name === "tap") {
      tell({ at: { panel, x: event.x, y: event.y } });
      if (front?.plucks) {
        window.clearTimeout(clicking);
        clicking = window.setTimeout(() => tell({ click: { panel, x: event.x, y: event.y } }), DOUBLE);
      }
    }
  };

  function point(panel, event) {
    const waiting = pointing !== null;
    pointing = { panel, x: event.x, y: event.y };
    if (waiting) return;
    window.setTimeout(() => {
      if (pointing !== null) tell({ at: pointing });
      pointing = null;
      pointed = performance.now();
    }, Math.max(0, POINTED_EVERY - (performance.now() - pointed)));
  }

  function plots() {
    return stage.children.flatMap((grid) => grid.children.map(([plot]) => plot)).filter((plot) => plot.type === "Figure");
  }

  function whole() {
    for (const plot of plots()) plot.reset.emit();
  }

  // Ranges that the user has zoomed, by panel and axis.
  function zooms() {
    return plots().flatMap((plot) => ["x_range", "y_range"]
      .map((axis) => [plot.name, axis, plot[axis]])
      .filter(([, , range]) => range.have_updated_interactively)
      .map(([panel, axis, range]) => ({ panel, axis, start: range.start, end: range.end })));
  }

  // Plots in other colours, type or columns are created again: they get the zoom of those before them.
  async function restyle() {
    const figure = front?.id, before = stage === undefined ? [] : zooms();
    order({ look: look() });
    if (before.length === 0) return;
    await drawn();
    if (front?.id !== figure) return;
    for (const plot of plots()) {
      for (const { axis, start, end } of before.filter(({ panel }) => panel === plot.name)) {
        plot[axis].have_updated_interactively = true;
        plot[axis].setv({ start, end });
      }
    }
  }

  async function compose() {
    await drawn();
    const picture = xafs.composePicture(stage, plots(), front);
    return new Promise((done) => picture.toBlob(done, "image/png"));
  }

  async function save() {
    const address = URL.createObjectURL(await compose());
    const link = document.createElement("a");
    link.href = address;
    link.download = (front.title.replace(/[^\w.-]+/g, "_").replace(/^[_.]+|[_.]+$/g, "") || "figure") + ".png";
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  const COPIES_REFUSED = "This browser lets a page copy only over https or on this computer. Save PNG or CSV instead.";

  async function copyPicture() {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": compose() })]);
      text(one("words"), "picture copied");
    } catch { text(one("words"), COPIES_REFUSED); }
  }

  async function copyNumbers() {
    try {
      const table = fetch(one("csv").href + "&form=text").then((answer) => answer.text());
      const asText = table.then((numbers) => new Blob([numbers], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": asText })]);
      text(one("words"), "numbers copied");
    } catch { text(one("words"), COPIES_REFUSED); }
  }

  function gone() {
    if (lost) return;
    lost = true;
    one("lost").hidden = false;
    text(one("connection"), "connection lost");
    one("connection").classList.add("waiting");
    const back = async () => {
      try {
        const answer = await fetch(xafs.prefix + "/alive", { cache: "no-store" });
        if (answer.ok) { window.location.reload(); return; }
      } catch { /* not yet */ }
      window.setTimeout(back, RETRY);
    };
    window.setTimeout(back, RETRY);
  }

  function flag(name) {
    flags[name] = !flags[name];
    remembered.set(name, flags[name] ? "1" : "0");
    dress();
    void restyle();
  }

  document.addEventListener("DOMContentLoaded", () => {
    dress();
    one("large").addEventListener("click", () => flag("large"));
    one("dark").addEventListener("click", () => flag("dark"));
    one("newest").addEventListener("click", () => order({ show: null }));
    for (const button of switches()) button.addEventListener("click", () => order({ toggle: button.dataset.toggle }));
    one("whole").addEventListener("click", whole);
    one("past-box").addEventListener("toggle", () => void sketches());
    one("search").addEventListener("input", search);
    one("help").addEventListener("click", () => one("keys").showModal());
    one("png").addEventListener("click", () => void save());
    one("picture").addEventListener("click", () => void copyPicture());
    one("numbers").addEventListener("click", () => void copyNumbers());
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const pressed = event.key.toUpperCase();
    const button = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === pressed);
    if (button === undefined || button.closest("[hidden]") !== null) return;
    event.preventDefault();
    button.click();
    if (button.id === "history" && one("past-box").open) one("search").focus();
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  window.addEventListener("beforeprint", () => {
    if (front !== null) one("printed").append(...xafs.drawForPrint(stage, plots(), NARROW.matches));
  });
  window.addEventListener("afterprint", () => one("printed").replaceChildren());
  window.addEventListener("resize", () => {
    window.clearTimeout(resizing);
    resizing = window.setTimeout(() => { resizing = null; void restyle(); }, 200);
  });
})();
