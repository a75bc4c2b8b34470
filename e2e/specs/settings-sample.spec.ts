// The sample in the settings: what terminals look like as they are set, at once.
import { openShell, test } from "../support/demo.ts";
import { PodList } from "../support/pod-list.ts";
import { expect } from "../support/test.ts";

test("it has what is chosen", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await PodList.open(page);
  await page.getByRole("button", { name: "Settings" }).click();
  const dialogue = page.getByRole("dialog", { name: "Settings" });
  const sample = dialogue.getByRole("img", { name: "Preview" });
  await expect(sample).toHaveCSS("background-color", "rgb(252, 252, 251)");
  await expect(sample).toHaveCSS("font-size", "14px");

  await dialogue.getByRole("combobox", { name: "Theme" }).selectOption("Dark");
  await expect(sample).toHaveCSS("background-color", "rgb(17, 20, 24)");
  await dialogue.getByRole("button", { name: "Larger" }).click();
  await expect(sample).toHaveCSS("font-size", "15px");
  await dialogue.getByRole("textbox", { name: /^Font/ }).fill("Courier New");
  await dialogue.getByRole("textbox", { name: /^Font/ }).blur();
  await expect(sample).toHaveCSS("font-family", /^"Courier New", /);

  const cursor = sample.locator("[data-cursor]");
  await expect(cursor).toHaveCSS("background-color", "rgb(139, 181, 255)");
  await dialogue.getByRole("combobox", { name: "Cursor" }).selectOption("Bar");
  await expect(cursor).toHaveCSS("box-shadow", /2px 0px/);
  await dialogue.getByRole("checkbox", { name: /^Blinking cursor|^Cursor blinks/ }).check();
  await expect(cursor).toHaveCSS("animation-name", "blink");
  // it is in sight whatever one sets
  await dialogue.getByRole("combobox", { name: /^Scrollback/ }).scrollIntoViewIfNeeded();
  await expect(sample).toBeInViewport();
});

test("it looks as the terminal does", async ({ page }) => {
  const terminal = await openShell(page);
  const drawn = await terminal.host.locator(".xterm-rows").evaluate((rows) => getComputedStyle(rows).fontFamily);
  await page.getByRole("button", { name: "Settings" }).click();
  const sample = page.getByRole("img", { name: "Preview" });
  expect(await sample.evaluate((sample) => getComputedStyle(sample).fontFamily)).toBe(drawn);
});

test("all is as it was when it is reset, in sight and after a reload", async ({ page }) => {
  await PodList.open(page);
  const settings = page.getByRole("button", { name: "Settings" });
  const dialogue = page.getByRole("dialog", { name: "Settings" });
  const [theme, scrollback] = [dialogue.getByRole("combobox", { name: "Theme" }), dialogue.getByRole("combobox", { name: /^Scrollback/ })];
  const [font, asks] = [dialogue.getByRole("textbox", { name: /^Font/ }), dialogue.getByRole("checkbox", { name: /^Ask before a paste/ })];
  const expectUsual = async () => {
    await expect(theme).toHaveValue("system");
    await expect(scrollback).toHaveValue(usual);
    await expect(font).toHaveValue("");
    await expect(asks).toBeChecked();
    await expect(dialogue.getByTestId("font-size-setting")).toHaveText("14 px");
  };
  await settings.click();
  const usual = await scrollback.inputValue();
  await expectUsual();
  await theme.selectOption("Dark");
  await scrollback.selectOption({ index: 0 });
  await scrollback.selectOption({ index: 2 });
  await font.fill("Courier New");
  await font.blur();
  await asks.uncheck();
  await dialogue.getByRole("button", { name: "Smaller" }).click();
  await expect(dialogue.getByTestId("font-size-setting")).toHaveText("13 px");
  await dialogue.getByRole("button", { name: "Reset all" }).click();
  await expectUsual();
  await page.reload();
  await settings.click();
  await expectUsual();
});
