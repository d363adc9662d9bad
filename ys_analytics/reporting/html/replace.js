// Puts another page's content in the place of this one's, draws it, and gives how many charts stayed empty. The chart
// library, two seconds of CPU, is run when the first page comes that has a chart.
async (text) => {
  const next = new DOMParser().parseFromString(text, "text/html");
  for (const box of document.querySelectorAll(".ys-plot")) Plotly.purge(box);
  if (!window.Plotly && next.querySelector(".ys-plot")) {
    const library = document.createElement("script");
    library.text = document.getElementById("ys-library").text;
    document.head.append(library);
  }
  document.title = next.title;
  const own = "style[data-page], meta[name]";
  for (const old of document.head.querySelectorAll(own)) old.remove();
  for (const fresh of next.head.querySelectorAll(own)) document.head.append(document.adoptNode(fresh));
  document.body.replaceWith(document.adoptNode(next.body));
  await ysDraw();
  return document.querySelectorAll(".ys-plot:not(:has(svg.main-svg))").length;
}
