// Unpacks what `packing.py` packed (gzip in base 85), gives each chart its drawing, loads the chart library and draws.
const ysUnpack = async (id) => {
  const text = document.getElementById(id).textContent;
  const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=:?@^_`{|}~";
  const value = new Uint8Array(128);
  for (let place = 0; place < 85; place++) value[letters.charCodeAt(place)] = place;
  const missing = (5 - (text.length % 5)) % 5;
  const bytes = new DataView(new ArrayBuffer(((text.length + missing) / 5) * 4));
  for (let from = 0, to = 0; from < text.length; from += 5, to += 4) {
    let sum = 0;
    for (let place = from; place < from + 5; place++) {
      sum = sum * 85 + (place < text.length ? value[text.charCodeAt(place)] : 84);
    }
    bytes.setUint32(to, sum);
  }
  const packed = new Blob([new Uint8Array(bytes.buffer, 0, bytes.byteLength - missing)]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
};

(async () => {
  const boxes = document.querySelectorAll(".ys-plot");
  try {
    const drawings = JSON.parse(await ysUnpack("ys-charts"));
    boxes.forEach((box, place) => {
      const inside = document.createElement("script");
      inside.type = "application/json";
      inside.textContent = JSON.stringify(drawings[place]);
      box.append(inside);
    });
    const library = document.createElement("script");
    library.textContent = await ysUnpack("ys-plotly");
    document.head.append(library);
    await ysDraw();
  } catch (error) {
    for (const box of boxes) box.textContent = "This browser is too old to draw charts; they are in the PDF.";
    throw error;
  }
})();
