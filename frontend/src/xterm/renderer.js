// Has a terminal drawn by WebGL where a graphics card does that. The DOM draws it until then, and where WebGL fails.

/** Programs that draw with the processor have one of these in their names. With them WebGL is slower than the DOM. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

const once = (event) =>
  new Promise((happened) => {
    const listener = event(() => {
      listener.dispose();
      happened();
    });
  });

function hasCard() {
  // browsers take more than one of those programs for no caveat
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (gl === null) return false;
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(names === null ? gl.RENDERER : names.UNMASKED_RENDERER_WEBGL);
  // a page may have few of them
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !SOFTWARE.test(name);
}

function showsText({ buffer: { active }, rows }) {
  const row = (n) => active.getLine(active.viewportY + n)?.translateToString(true) ?? "";
  return Array.from({ length: rows }, (_, n) => row(n)).some((text) => text.trim() !== "");
}

/** Whether there is more than one colour on a canvas that was drawn just now. */
function isPainted(canvas) {
  const gl = canvas.getContext("webgl2");
  const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const pixels = new Uint32Array(width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(pixels.buffer));
  return pixels.some((pixel) => pixel !== pixels[0]);
}

async function load(terminal) {
  // the first prompt waits for none of this
  await once(terminal.onWriteParsed);
  await once(terminal.onRender);
  await new Promise((drawn) => setTimeout(drawn));
  if (!hasCard()) return;
  const { WebglAddon } = await import("xterm-addon-webgl");
  // the terminal may be gone
  if (!terminal.element?.isConnected) return;
  const addon = new WebglAddon();
  addon.onContextLoss(() => addon.dispose());
  try {
    terminal.loadAddon(addon);
  } catch (_) {
    addon.dispose();
    return;
  }
  const canvas = terminal.element.querySelector(".xterm-screen canvas:not([class])");
  // what is drawn can be read until the browser shows it
  const check = terminal.onRender(() => {
    if (!showsText(terminal)) return;
    check.dispose();
    if (!isPainted(canvas)) queueMicrotask(() => addon.dispose());
  });
}

export function drawByWebgl(terminal) {
  // without it, all is as before
  load(terminal).catch(() => {});
}
