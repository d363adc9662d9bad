// Draws every chart of the page. Waits for fonts, so that no label is measured in one type and set in another.
window.ysDraw = async () => {
  await document.fonts.ready;
  for (const box of document.querySelectorAll(".ys-plot")) {
    const drawing = JSON.parse(box.querySelector("script").textContent);
    await Plotly.newPlot(box, drawing.data, drawing.layout, drawing.config);
  }
};
