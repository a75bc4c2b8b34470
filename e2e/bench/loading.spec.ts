// The first prompt of a browser that comes by a deep link and has never been here, and what comes over the wire for it.
import type { Page } from "@playwright/test";
import { benchQuick } from "../support/env.ts";
import { PROMPT, Terminal } from "../support/terminal.ts";
import { SHELL, test } from "./demo.ts";
import { measured, percentile } from "./figures.ts";
import { presented, watchTerminal } from "./presented.ts";

const RUNS = benchQuick ? 3 : 30;
/** Of 95 in 100 first prompts, in ms. */
const FIRST_PROMPT = 800;
/** Of the page's own WebAssembly and its glue, in KB. */
const OWN_CODE = 300;

test("the first prompt, by a deep link", async ({ freshPage }) => {
  const took: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const page = await freshPage();
    await watchTerminal(page, PROMPT);
    await Terminal.goto(page, SHELL);
    took.push(await presented(page));
  }
  measured("first prompt by a deep link, cold browser, p50", "ms", percentile(took, 0.5));
  measured("first prompt by a deep link, cold browser, p95", "ms", percentile(took, 0.95), FIRST_PROMPT);
});

/** What is loaded, by what it is for. */
type Part = "code" | "rest" | "xterm" | "api";

function partOf({ pathname }: URL): Part {
  if (pathname.includes("/api/")) return "api";
  if (pathname.includes("/vendor/")) return "xterm";
  return /\/podshell-[^/]+\.(wasm|js)$/.test(pathname) ? "code" : "rest";
}

/** Counts what comes over the wire while a page is loaded, with headers, in bytes; not what WebSockets bring. */
async function load(page: Page): Promise<Record<Part, number>> {
  const bytes = { code: 0, rest: 0, xterm: 0, api: 0 };
  const parts = new Map<string, Part>();
  const devtools = await page.context().newCDPSession(page);
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => {
    parts.set(requestId, partOf(new URL(request.url)));
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const part = parts.get(requestId);
    if (part !== undefined) bytes[part] += encodedDataLength;
  });
  await devtools.send("Network.enable");
  const terminal = await Terminal.open(page, SHELL);
  await terminal.expectPrompt();
  await page.waitForLoadState("networkidle");
  return bytes;
}

test("bytes on the wire", async ({ freshPage }) => {
  const page = await freshPage();
  const first = await load(page);
  const later = await load(await page.context().newPage());
  const sum = (bytes: Record<Part, number>) => Object.values(bytes).reduce((sum, bytes) => sum + bytes) / 1e3;
  measured("first load, all", "KB", sum(first));
  measured("… own code: WebAssembly and its glue", "KB", first.code / 1e3, OWN_CODE);
  measured("… own scripts beside it, styles, document, icon", "KB", first.rest / 1e3);
  measured("… xterm.js and its add-ons", "KB", first.xterm / 1e3);
  measured("… answers of the API", "KB", first.api / 1e3);
  measured("later load, all", "KB", sum(later));
});
