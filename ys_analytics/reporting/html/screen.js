// What a page does on a screen only: charts follow the reader's light or dark mode, and wide tables can be reached by
// keyboard. Paper is always light.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colours = JSON.parse(document.getElementById("ys-colours").textContent);
  const hex = (part) => Number(part).toString(16).padStart(2, "0");
  const parts = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
  const darkened = (text) => {
    const whole = colours[text.toLowerCase()];
    if (whole) return whole;
    const found = text.match(/^rgba\((\d+),(\d+),(\d+),([\d.]+)\)$/);
    const solid = found && colours[`#${hex(found[1])}${hex(found[2])}${hex(found[3])}`];
    return solid ? `rgba(${parts(solid).join(",")},${found[4]})` : text;
  };
  const recoloured = (value) => {
    if (typeof value === "string") return darkened(value);
    if (Array.isArray(value)) return value.map(recoloured);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, recoloured(inside)]));
  };
  let paper = false;
  window.ysAdapted = (drawing) => (dark.matches && !paper ? recoloured(drawing) : drawing);
  const redraw = () => { if (window.Plotly) window.ysDraw(); };
  dark.addEventListener("change", redraw);
  window.addEventListener("beforeprint", () => { paper = true; redraw(); });
  window.addEventListener("afterprint", () => { paper = false; redraw(); });

  const reach = () => {
    for (const box of document.querySelectorAll(".ys-scroll")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      box.classList.toggle("ys-scrolls", scrolls);
      if (!scrolls) {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
        continue;
      }
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${box.closest("figure").querySelector(".ys-title").textContent}, scrolls sideways`);
    }
  };
  const edge = (event) => {
    const box = event.target;
    if (box.classList?.contains("ys-scroll")) {
      box.classList.toggle("ys-at-end", box.scrollLeft + box.clientWidth >= box.scrollWidth - 1);
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    const contents = document.querySelector(".ys-contents details");
    if (contents && window.matchMedia("(min-width: 1240px)").matches) contents.open = true;
    reach();
  });
  document.addEventListener("scroll", edge, true);
  window.addEventListener("resize", reach);
})();
