// What every picture starts from: the demo, a clock that stands still, terminals that show the same each time.
import type { Page } from "@playwright/test";
import type { Target } from "../support/kubectl.ts";
import { screenshots } from "../support/env.ts";
import { expectLanguage, takePicture } from "../support/pictures.ts";
import { freePort } from "../support/ports.ts";
import { Podshell } from "../support/podshell.ts";
import { Terminal } from "../support/terminal.ts";
import { test as base } from "../support/test.ts";

/** So long after the server's start are the pods' ages shown, in ms: no age changes its figures then within seconds. */
const AFTER_START = 10.5 * 60_000;

/** Pods of the demo that have shells. */
export const WEB: Target = { namespace: "shop", pod: "web-0", container: "app" };
export const DB: Target = { namespace: "shop", pod: "db-0", container: "postgres" };
export { WELCOME } from "../support/demo.ts";

/** A pod of the demo that crashes, and says in its log why. */
export const MAILER: Target = { namespace: "jobs", pod: "mailer-5f4b8c7d9-k4r7z", container: "mailer" };

/** What a web server's shell shows. */
export const WEB_TEXT = [
  ["26", "875", "200", "31"],
  ["178", "451", "200", "30"],
  ["88", "137", "304", "24"],
  ["218", "581", "200", "36"],
  ["190", "175", "500", "32"],
  ["179", "496", "200", "27"],
  ["249", "265", "404", "23"],
  ["115", "187", "200", "10"],
]
  .map(([host, cart, status = "", took]) => {
    const colour = status < "400" ? 36 : 31;
    return `10.1.4.${host} - \\e[32mGET\\e[m /cart/${cart} \\e[${colour}m${status}\\e[m ${took} ms`;
  })
  .join("\\n");

/** What a database's shell shows. */
export const DB_TEXT = [
  " id | item    | price",
  "----+---------+-------",
  "  1 | tea     | 10.13",
  "  2 | cups    |  3.38",
  "  3 | honey   |  7.90",
  "(3 rows)",
  "",
].join("\\n");

/** A text longer than any screen. */
export const LONG_TEXT = Array.from(
  { length: 80 },
  (_, n) => `worker ${n % 7}: job ${4200 + n} \\e[32mdone\\e[m in ${(n * 37) % 90} ms`,
).join("\\n");

interface Fixtures {
  /** Takes the picture of a view, in the form that this run has the page in. */
  show: (view: string, checked?: { language: boolean }) => Promise<void>;
  /** Opens a shell that shows a text below its prompt's line, and nothing else. */
  shell: (target: Target, text: string) => Promise<Terminal>;
}

interface WorkerFixtures {
  /** The origin of a page that may show a terminal in a frame. */
  embedder: string;
  /** What the page takes for the time, in ms. */
  now: number;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  embedder: [async ({}, use) => use(`http://dashboard.localhost:${await freePort()}`), { scope: "worker" }],

  server: [
    async ({ embedder }, use) => {
      const server = await Podshell.start(["--listen", "127.0.0.1:0", "--demo", "--embedder", embedder]);
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],

  // asked for by every test, so that it is the time of the server's start
  now: [async ({ server }, use) => use(server.alive ? Date.now() + AFTER_START : 0), { scope: "worker" }],

  context: async ({ context, now }, use) => {
    await context.addInitScript((now) => (Date.now = () => now), now);
    await use(context);
  },

  show: async ({ page }, use, { project }) => {
    await use(async (view, { language } = { language: true }) => {
      await hideWhatChanges(page);
      await takePicture(page, `${view}-${project.name}`, screenshots);
      if (language) await expectLanguage(page, project.name.replace("phone-", ""));
    });
  },

  shell: async ({ page }, use) => {
    await use(async (target, text) => {
      const terminal = await Terminal.open(page, target);
      await terminal.expectPrompt();
      await dress(terminal, target, text);
      return terminal;
    });
  },
});

/** Has the shell of the terminal with the keyboard show a text and a prompt like one of its container's own. */
export async function dress(terminal: Terminal, { pod }: Target, text: string): Promise<void> {
  const prompt = `\\[\\e[1;32m\\]${pod}\\[\\e[m\\]:\\[\\e[1;34m\\]/app\\[\\e[m\\]$ `;
  // what is typed is gone before the text comes
  await terminal.paste(`PS1='${prompt}'; clear; printf '%b\\n' '${text}'`);
  await terminal.run("");
  await terminal.expectText(new RegExp(`^(?![^]*PS1=)[^]*${pod}:/app\\$$`));
}

/** How far away the server is. */
async function hideWhatChanges(page: Page): Promise<void> {
  await page.locator(".status-bar__figure").evaluateAll((figures) => {
    for (const figure of figures) {
      if (/^\d+ ms$/.test(figure.textContent ?? "")) figure.textContent = "3 ms";
    }
  });
}

export { BROKEN, expect } from "../support/test.ts";
