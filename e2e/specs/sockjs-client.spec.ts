// The client that everyone has, npm's sockjs-client, against the sockjs crate: every transport that a browser or Node has.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type SockJS from "sockjs-client";
import { SockJsServer } from "../support/sockjs.ts";
import { expect, test } from "../support/test.ts";

/** 1,000 messages, 1.05 MB in UTF-8, with what JSON, JavaScript and URLs treat as special. */
const COUNT = 1000;
const PATTERN = "汉x%\u001b\u2028🎉".repeat(80);
const LIMIT = 60_000;

const PLAIN = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"];
const LEGACY = ["htmlfile", "jsonp-polling", "iframe-eventsource", "iframe-htmlfile", "iframe-xhr-polling"];

/** What came of a test. */
interface Outcome {
  transport: string;
  inOrder: number;
  closed: string;
}

interface Job {
  origin: string;
  transport: string;
  count: number;
  pattern: string;
  limit: number;
}

/** Has 1 MB echoed and then is sent away by the server. Runs in the browser too, so it needs nothing from here. */
async function echoAndClose(Client: typeof SockJS, job: Job): Promise<Outcome> {
  const { origin, transport, count, pattern, limit } = job;
  const options = { transports: transport, timeout: limit };
  const message = (n: number) => `${n} ${pattern}`;
  const outcome: Outcome = { transport: "", inOrder: 0, closed: "" };
  await new Promise<void>((resolve) => {
    const socket = new Client(`${origin}/echo`, null, options);
    const late = setTimeout(() => socket.close(), limit);
    socket.onopen = () => {
      outcome.transport = (socket as unknown as { transport: string }).transport;
      for (let n = 0; n < count; n++) socket.send(message(n));
    };
    socket.onmessage = ({ data }: { data: string }) => {
      if (data !== message(outcome.inOrder)) socket.close();
      else if (++outcome.inOrder === count) socket.close();
    };
    socket.onclose = () => {
      clearTimeout(late);
      resolve();
    };
  });
  await new Promise<void>((resolve) => {
    const socket = new Client(`${origin}/close`, null, options);
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      outcome.closed = `${code} ${reason}`;
      resolve();
    };
  });
  return outcome;
}

test.describe("sockjs-client", () => {
  let sockjs: SockJsServer;

  test.beforeAll(async () => {
    sockjs = await SockJsServer.start();
  });

  test.afterAll(async () => {
    await sockjs.stop();
  });

  function job(transport: string): Job {
    return { origin: sockjs.origin, transport, count: COUNT, pattern: PATTERN, limit: LIMIT };
  }

  function expectGood(outcome: Outcome, transport: string): void {
    expect(outcome).toEqual({ transport, inOrder: COUNT, closed: "3000 Go away!" });
  }

  for (const transport of [...PLAIN, ...LEGACY]) {
    test(`in Chromium by ${transport}`, async ({ page, problems }) => {
      test.slow();
      problems.watch(page.context());
      const path = fileURLToPath(new URL("../node_modules/sockjs-client/dist/sockjs.min.js", import.meta.url));
      // the iframe's page has it from where the world has it
      await page.route(/^https:\/\/cdn\./, (route) => route.fulfill({ path }));
      await page.goto(`${sockjs.origin}/echo/`);
      await page.addScriptTag({ path });
      const outcome = await page.evaluate(
        async ({ job, script }) => {
          const run = new Function(`return ${script}`)() as typeof echoAndClose;
          return run((window as unknown as { SockJS: typeof SockJS }).SockJS, job);
        },
        { job: job(transport), script: echoAndClose.toString() },
      );
      expectGood(outcome, transport);
    });
  }

  for (const transport of PLAIN) {
    test(`in Node by ${transport}`, async () => {
      test.slow();
      const Client = createRequire(import.meta.url)("sockjs-client") as typeof SockJS;
      expectGood(await echoAndClose(Client, job(transport)), transport);
    });
  }
});
