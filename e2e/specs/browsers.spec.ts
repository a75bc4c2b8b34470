// What everybody does, in every browser of the tests: opening, typing, copying, interrupting a flood, loading anew.
import { standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, FIREFOX, test } from "../support/test.ts";

const BASH = standing("bash");

test("a shell opens, and takes what is typed", FIREFOX, async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  const { rows, cols } = await terminal.size();
  // Playwright has no keys for these characters in Firefox
  const octal = [...new TextEncoder().encode("“é—你好、🎉”")].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`);
  await terminal.run(`stty size; printf '${octal.join("")}\\n'`);
  await terminal.expectText(new RegExp(`^${rows} ${cols}\n“é—你好、🎉”$`, "m"));
  // a chord that browsers have a use for, and an editing key
  await terminal.type("echo wrong");
  await page.keyboard.press("Control+u");
  await terminal.type("echo rigt");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.type("h");
  await page.keyboard.press("Enter");
  await terminal.expectText(/^right$/m);
});

test("what is selected is copied, and pasted", FIREFOX, async ({ page, browserName }) => {
  if (browserName === "chromium") await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.run("clear; echo copy''me; cat");
  await terminal.expectText(/^copyme$/m);
  const box = await terminal.host.locator(".xterm-screen").boundingBox();
  // Playwright's double click is two clicks in Firefox
  await page.mouse.move((box?.x ?? 0) + 2, (box?.y ?? 0) + 8);
  await page.mouse.down();
  await page.mouse.move((box?.x ?? 0) + 200, (box?.y ?? 0) + 8, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.press("Control+Shift+C");
  if (browserName === "chromium") {
    // it takes its time, and nobody who pastes by hand is as fast as a test
    await expect.poll(async () => page.evaluate(async () => navigator.clipboard.readText())).toContain("copyme");
  }
  await page.keyboard.press("Control+Shift+V");
  await terminal.expectText(/^copyme\ncopyme$/m);
});

test("Ctrl-C ends a flood", FIREFOX, async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  await terminal.flood();
  await page.keyboard.press("Control+c");
  await terminal.expectPrompt();
  await terminal.run("clear; echo $((6*7))");
  await terminal.expectText(/^42$/m);
});

test("a page that is loaded anew shows the same shell", FIREFOX, async ({ page }) => {
  const terminal = await Terminal.open(page, BASH);
  await terminal.expectPrompt();
  const shell = await terminal.number("echo $$");
  await terminal.run("clear; seq 1 300; printf '\\033(0lqk'; read x; printf 'lqk\\033(B\\n'");
  await terminal.expectText(/^┌─┐$/m);
  await page.reload();
  await terminal.expectState("connected");
  await terminal.expectText(/^300\n┌─┐$/m);
  await page.keyboard.press("Enter");
  await terminal.expectText(/^┌─┐┌─┐$|^┌─┐\n┌─┐$/m);
  expect(await terminal.number("echo $$")).toBe(shell);
});
