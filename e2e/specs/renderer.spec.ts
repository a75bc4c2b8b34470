// How the terminal is drawn: by WebGL where a graphics card does it and it paints, else by the DOM.
import type { Page } from "@playwright/test";
import { pretendCard } from "../support/graphics.ts";
import { standing } from "../support/kubectl.ts";
import { expect, test } from "../support/test.ts";
import { Terminal } from "../support/terminal.ts";

/** What of the terminal is one colour, in CSS pixels, as the browser shows it. */
async function area(page: Page, terminal: Terminal, colour: string): Promise<number> {
  const picture = (await terminal.host.screenshot()).toString("base64");
  return page.evaluate(
    async ([picture, colour]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${picture}`;
      await image.decode();
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context?.drawImage(image, 0, 0);
      const pixels = context?.getImageData(0, 0, image.width, image.height).data ?? [];
      let count = 0;
      for (let at = 0; at < pixels.length; at += 4) if (pixels.slice(at, at + 3).join(" ") === colour) count++;
      return count;
    },
    [picture, colour] as const,
  );
}

const canvas = (terminal: Terminal) => terminal.host.locator(".xterm-screen canvas:not([class])");
/** Paints ten rows of fifty cells. */
const PAINT = "clear; for n in 0 1 2 3 4 5 6 7 8 9; do printf '\\033[48;2;18;52;86m%50s\\033[0m\\n' ''; done";
const PAINTED = "18 52 86";

test("WebGL draws the terminal, and the DOM when its context is lost", async ({ page, ownPod }) => {
  await pretendCard(page);
  const terminal = await Terminal.open(page, ownPod);
  await expect(canvas(terminal)).toBeVisible();
  await terminal.run(PAINT);
  await expect.poll(() => area(page, terminal, PAINTED), { timeout: 30_000 }).toBeGreaterThan(50_000);
  expect(await terminal.screen()).toBe("");
  await canvas(terminal).evaluate((canvas: HTMLCanvasElement) =>
    canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext(),
  );
  await expect(canvas(terminal)).toHaveCount(0);
  await terminal.run("clear; echo go''es on");
  await terminal.expectText("goes on");
});

test("the DOM goes on where WebGL paints nothing", async ({ page, ownPod }) => {
  await pretendCard(page);
  await page.addInitScript(() => {
    WebGL2RenderingContext.prototype.drawElementsInstanced = () => {
      Object.assign(window, { drew: true });
    };
  });
  const terminal = await Terminal.open(page, ownPod);
  await page.waitForFunction(() => (window as { drew?: boolean }).drew);
  await terminal.run("clear; echo sh''own");
  await terminal.expectText("shown");
  await expect(canvas(terminal)).toHaveCount(0);
});

test("where the processor would draw for WebGL, the DOM draws", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const looked = page.waitForFunction(() => (window as { looked?: boolean }).looked);
  await page.addInitScript(() => {
    const { getParameter } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.getParameter = function (name) {
      if (name === 0x9246) setTimeout(() => Object.assign(window, { looked: true }));
      return getParameter.call(this, name);
    };
  });
  const terminal = await Terminal.open(page, standing("bash"));
  await looked;
  await terminal.expectPrompt();
  await expect(canvas(terminal)).toHaveCount(0);
  expect(asked.filter((url) => url.includes("webgl"))).toEqual([]);
});
