// Pictures of all plots of a page: for downloads and the clipboard as the page shows them, for print in light colours.
"use strict";
(function () {
  const xafs = window.xafs;
  const FONT = "px DejaVu Sans, Helvetica, Arial, sans-serif";

  function find(view, model) {
    if (view.model === model) return view;
    for (const child of view.child_views ?? []) {
      const found = find(child, model);
      if (found !== null) return found;
    }
    return null;
  }

  function findViews(stage, plots) {
    const root = window.Bokeh.index.get_by_id(stage.id);
    return plots.map((plot) => find(root, plot)).filter((view) => view !== null);
  }

  // Draws views of plots into one canvas as they are in a box of the page, with `head` and `foot` pixels of the screen
  // above and below.
  function drawViews(views, box, paper, head, foot) {
    const scale = window.devicePixelRatio, canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    [canvas.width, canvas.height] = [box.width * scale, box.height * scale + head + foot];
    pen.fillStyle = paper;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    for (const view of views) {
      const at = view.el.getBoundingClientRect();
      const part = view.export("png", true).canvas;
      pen.drawImage(part, (at.left - box.left) * scale, (at.top - box.top) * scale + head);
    }
    return canvas;
  }

  xafs.composePicture = function (stage, plots, { title, caption }) {
    const colours = window.getComputedStyle(document.documentElement);
    const head = 2.6 * Number.parseFloat(colours.fontSize) * window.devicePixelRatio, foot = 0.6 * head;
    const box = document.getElementById("stage").getBoundingClientRect();
    const canvas = drawViews(findViews(stage, plots), box, colours.getPropertyValue("--paper"), head, foot);
    const pen = canvas.getContext("2d");
    pen.fillStyle = colours.getPropertyValue("--ink");
    pen.font = head * 0.45 + FONT;
    pen.textAlign = "center";
    pen.fillText(title, canvas.width / 2, head * 0.65, canvas.width);
    pen.fillStyle = colours.getPropertyValue("--faint");
    pen.font = foot * 0.5 + FONT;
    pen.textAlign = "right";
    pen.fillText(caption, canvas.width - 0.4 * foot, canvas.height - 0.35 * foot, canvas.width - 0.8 * foot);
    return canvas;
  };

  // The browser lays a page out for paper without drawing its plots again: they would be cut, and dark on a dark page.
  // The plots of a narrow page, which are in one column, are drawn apart: paper has room for some side by side.
  xafs.drawForPrint = function (stage, plots, isNarrow) {
    const views = findViews(stage, plots);
    const boxes = isNarrow ? views.map((view) => [[view], view.el]) : [[views, document.getElementById("stage")]];
    const canvases = inLightColours(() => {
      drawLegends(stage);
      return boxes.map(([some, box]) => drawViews(some, box.getBoundingClientRect(), "#ffffff", 0, 0));
    });
    drawLegends(stage);
    for (const canvas of canvases) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", "Plots");
    }
    return canvases;
  };

  // An exported plot has its legends' lines as they were last drawn.
  function drawLegends(stage) {
    const walk = (view) => [view, ...(view.children_views?.() ?? []).flatMap(walk)];
    const root = window.Bokeh.index.get_by_id(stage.id);
    for (const view of new Set(walk(root))) if (view.model.type === "Legend") view._paint_glyphs?.();
  }

  // Calls a function that draws on canvases; colours of dark plots become those of light ones.
  function inLightColours(draw) {
    if (!document.documentElement.hasAttribute("data-dark")) return draw();
    const pen = window.CanvasRenderingContext2D.prototype;
    const styles = ["fillStyle", "strokeStyle"].map((name) => [name, Object.getOwnPropertyDescriptor(pen, name)]);
    for (const [name, style] of styles) {
      const set = function (value) {
        style.set.call(this, value);
        const light = lighten(style.get.call(this));
        if (light !== undefined) style.set.call(this, light);
      };
      Object.defineProperty(pen, name, { ...style, set });
    }
    try { return draw(); } finally { for (const [name, style] of styles) Object.defineProperty(pen, name, style); }
  }

  // A canvas returns an opaque colour as #rrggbb, one that is not as rgba(red, green, blue, opacity).
  function lighten(colour) {
    if (typeof colour !== "string" || colour.startsWith("#")) return xafs.light[colour];
    const [red, green, blue, opacity] = colour.match(/[\d.]+/g).map(Number);
    const light = xafs.light["#" + [red, green, blue].map(toHex).join("")];
    return light === undefined ? undefined : light + toHex(255 * opacity);
  }

  function toHex(number) {
    return Math.round(number).toString(16).padStart(2, "0");
  }
})();
