// The page's looks: pictures for people in test-results/screens, and what of each can be checked.
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/** How people have their browsers. */
export const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  narrow: { colorScheme: "light", viewport: { width: 360, height: 640 } },
  contrast: { colorScheme: "light", contrast: "more" },
  chinese: { colorScheme: "light", locale: "zh-CN" },
} as const;

/** Takes a picture into the folder of a test's results, and checks it. */
export async function picture(page: Page, name: string, folder: string): Promise<void> {
  await takePicture(page, name, join(folder, "screens"));
}

/** Takes a picture, and checks that what it shows is in the browser's language, and that axe finds nothing in it. */
export async function show(page: Page, look: string, name: string, folder: string): Promise<void> {
  await picture(page, `${look}-${name}`, folder);
  await expectLanguage(page, look);
  // what xterm.js makes is not ours
  const { violations } = await new AxeBuilder({ page }).exclude(".xterm").analyze();
  expect(violations, name).toEqual([]);
}

/** Takes a picture into a folder, and checks what holds for every one: nothing sticks out sideways. */
export async function takePicture(page: Page, name: string, folder: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  expect(content, `${name}: width of the content`).toBeLessThanOrEqual(window);
}

/** The page speaks the browser's language, and says which. */
export async function expectLanguage(page: Page, look: string): Promise<void> {
  const chinese = look.endsWith("chinese");
  await expect(page.locator("html")).toHaveAttribute("lang", chinese ? /^zh/ : /^en/);
  const words = await page.locator("body").evaluate((body) => {
    const copy = body.cloneNode(true) as HTMLElement;
    // nor has a terminal's text a language, nor the sample of one, nor what says that it is of another
    copy
      .querySelectorAll('script, style, noscript, [lang], [data-testid="terminal"], [data-testid="sample"]')
      .forEach((part) => part.remove());
    return copy.textContent ?? "";
  });
  expect(/[\u4e00-\u9fff]/.test(words), words).toBe(chinese);
}
