// Puts another page's content in the place of this one's, draws it, and gives how many charts stayed empty; null, and
// nothing is done, where there are charts and the library that draws them is not loaded. The rows of its tables are laid
// out when it is printed, and neither with every chart nor for a screen once it is printed.
async (text) => {
  const next = new DOMParser().parseFromString(text, "text/html");
  if (!window.Plotly && next.querySelector(".ys-plot")) return null;
  for (const box of document.querySelectorAll(".ys-plot")) Plotly.purge(box);
  document.title = next.title;
  const own = "style[data-page], meta[name]";
  for (const old of document.head.querySelectorAll(own)) old.remove();
  for (const fresh of next.head.querySelectorAll(own)) document.head.append(document.adoptNode(fresh));
  document.body.replaceWith(document.adoptNode(next.body));
  const hidden = document.createElement("style");
  hidden.textContent = "tbody { display: none }";
  document.head.append(hidden);
  await ysDraw();
  addEventListener("beforeprint", () => hidden.remove(), { once: true });
  addEventListener("afterprint", () => (document.body.hidden = true), { once: true });
  return document.querySelectorAll(".ys-plot:not(:has(svg.main-svg))").length;
}
