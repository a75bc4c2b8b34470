// The palette as a user meets it: by keys, some letters, and a choice.
import { expect, type Page } from "@playwright/test";

const field = (page: Page) => page.getByRole("dialog").getByRole("combobox");

/** Opens it and types; what is offered then are options. */
export async function goTo(page: Page, letters: string): Promise<void> {
  await page.keyboard.press("Control+Shift+K");
  await field(page).fill(letters);
}

/** Chooses what it offers under a name. */
export async function choose(page: Page, letters: string, name: string | RegExp): Promise<void> {
  await goTo(page, letters);
  await page.getByRole("option", { name }).click();
  await expect(field(page)).toHaveCount(0);
}
