// Unpacks what `packing.py` packed (gzip in base 91), gives each chart its drawing, loads the chart library and draws.
const ysUnpack = async (id) => {
  const [size, letters] = document.getElementById(id).textContent.split(" ");
  const value = new Uint8Array(128);
  for (let code = 33, place = 0; code < 127; code++) if (!'"<>'.includes(String.fromCharCode(code))) value[code] = place++;
  const bytes = new Uint8Array(Number(size));
  let bits = 0, held = 0, to = 0;
  for (let from = 0; from < letters.length; from += 2) {
    bits = (bits << 13) | (value[letters.charCodeAt(from)] * 91 + value[letters.charCodeAt(from + 1)]);
    for (held += 13; held >= 8 && to < bytes.length; to++) bytes[to] = (bits >> (held -= 8)) & 255;
    bits &= (1 << held) - 1;
  }
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
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
