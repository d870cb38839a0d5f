"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Theme: what the system says, until somebody presses the button.
  const button = document.getElementById("theme");
  const kept = () => { try { return localStorage.getItem("moorage-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("moorage-theme", theme); } catch { /* a private window */ } };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  if (kept()) root.dataset.theme = kept();
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    show();
  });
  system.addEventListener("change", show);
  show();

  // A link to a step opens it.
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const card = target && target.closest("details");
    if (!card) return;
    card.hidden = false;
    card.open = true;
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) open();
  });
  open();

  // Show only steps in one state.
  const bar = document.querySelector(".filter");
  if (bar) {
    bar.hidden = false;
    bar.addEventListener("click", (event) => {
      const pressed = event.target.closest("button");
      if (!pressed) return;
      const state = pressed.dataset.filter;
      all("button", bar).forEach((each) => each.setAttribute("aria-pressed", String(each === pressed)));
      all("[data-state]").forEach((each) => { each.hidden = Boolean(state) && each.dataset.state !== state; });
      all(".node").forEach((node) => node.classList.toggle("dim", Boolean(state) && !node.classList.contains(state)));
    });
  }

  // Copy what is only shown in short.
  document.addEventListener("click", async (event) => {
    const code = event.target.closest("code[title]");
    if (!code || !navigator.clipboard) return;
    await navigator.clipboard.writeText(code.title);
    const text = code.textContent;
    code.textContent = "copied";
    setTimeout(() => { code.textContent = text; }, 900);
  });

  // What is too large for its frame can be reached, and so scrolled, by keyboard.
  const reach = () => all(".wide,pre,.dag").forEach((frame) => {
    const isCut = frame.scrollWidth > frame.clientWidth + 1 || frame.scrollHeight > frame.clientHeight + 1;
    frame.toggleAttribute("data-cut", isCut);
    if (isCut) frame.setAttribute("tabindex", "0"); else frame.removeAttribute("tabindex");
  });
  document.addEventListener("toggle", reach, true);
  addEventListener("resize", reach);
  reach();

  // The graph: one stop for Tab, arrows from box to box, and the edges of the box that is looked at.
  const nodes = all(".node");
  const box = document.getElementById("dag-box");
  if (!nodes.length) return;
  const edges = all(".edges path");
  const light = (node, on) => edges.forEach((edge) => {
    const at = String(nodes.indexOf(node));
    if (edge.dataset.a === at || edge.dataset.b === at) edge.classList.toggle("lit", on);
  });
  const middle = (node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  };
  const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const next = (from, [right, down]) => {
    const [x, y] = middle(from);
    const costs = nodes.map((node) => {
      const [dx, dy] = middle(node).map((at, axis) => at - [x, y][axis]);
      const along = dx * right + dy * down;
      return along > 4 ? along + 3 * Math.abs(dx * down + dy * right) : Infinity;
    });
    const least = Math.min(...costs);
    return least < Infinity ? nodes[costs.indexOf(least)] : null;
  };
  const stop = (node) => nodes.forEach((each) => each.setAttribute("tabindex", each === node ? "0" : "-1"));
  nodes.forEach((node) => {
    for (const [type, on] of [["mouseenter", true], ["mouseleave", false], ["focus", true], ["blur", false]]) {
      node.addEventListener(type, () => light(node, on));
    }
    node.addEventListener("keydown", (event) => {
      const found = STEPS[event.key] && next(node, STEPS[event.key]);
      if (!found) return;
      event.preventDefault();
      stop(found);
      found.focus();
    });
  });
  const first = nodes.find((node) => node.classList.contains("failed"))
    || nodes.find((node) => node.classList.contains("running")) || nodes[0];
  stop(first);
  const [x, y] = middle(first);
  const frame = box.getBoundingClientRect();
  box.scrollTo({ left: x - frame.left - frame.width / 2, top: y - frame.top - frame.height / 2, behavior: "instant" });
})();
