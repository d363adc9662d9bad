// Draws every chart of the page. Waits for fonts, so that no label is measured in one type and set in another. The
// drawing is hidden from assistive technology, and an empty picture over it says in words what it shows: a browser that
// prints makes one figure with an alternative text of it, not one of each line.
window.ysDraw = async () => {
  await document.fonts.ready;
  const adapted = window.ysAdapted ?? ((drawing) => drawing);
  for (const box of document.querySelectorAll(".ys-plot")) {
    const drawing = adapted(JSON.parse(box.querySelector("script").textContent));
    await Plotly.react(box, drawing.data, drawing.layout, drawing.config);
    for (const inside of box.querySelectorAll("svg")) inside.setAttribute("aria-hidden", "true");
    if (box.querySelector(".ys-alt")) continue;
    const said = document.createElement("img");
    said.className = "ys-alt";
    said.alt = box.getAttribute("aria-label");
    said.src = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'%3E%3Crect width='9' height='9' fill='%23fff' fill-opacity='.004'/%3E%3C/svg%3E";
    box.prepend(said);
    box.removeAttribute("role");
    box.removeAttribute("aria-label");
    await said.decode();
  }
};
