// A graphics card for browsers that have none.
import type { Page } from "@playwright/test";

/** Lets the browser name a graphics card: it has WebGL by SwiftShader, which draws with the processor. */
export async function pretendCard(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { getParameter } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.getParameter = function (name) {
      return name === 0x9246 ? "ANGLE (a graphics card)" : getParameter.call(this, name);
    };
  });
}
