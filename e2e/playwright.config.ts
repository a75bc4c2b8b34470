// How Playwright runs the specs: all of them in Chromium, those that wait beside the others, those tagged @firefox in Firefox too; no second tries, bounded time.
import { defineConfig, devices } from "@playwright/test";
import { chromium, firefox } from "./support/env.ts";

const MINUTE = 60_000;

/** What for the larger part waits, for times that are what it tests or for the cluster: it leaves a core to others. */
const WAITING = /\/(debug-matrix|limits|orphans|resume|sockjs-client|transports)\.spec\.ts$/;

const chrome = {
  ...devices["Desktop Chrome"],
  launchOptions: {
    ...(chromium === undefined ? {} : { executablePath: chromium }),
    args: [
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      // Chromium's sandbox can't be set up by root
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  },
};

export default defineConfig({
  testDir: "specs",
  // those have a configuration of their own: playwright.cluster.config.ts
  testIgnore: "cluster/**",
  outputDir: "test-results",
  // the tests of one file share a server, the files share the machine's cores
  workers: 3,
  retries: 0,
  forbidOnly: true,
  timeout: MINUTE,
  expect: { timeout: 15_000 },
  globalTimeout: 35 * MINUTE,
  reporter: [["list"]],
  use: {
    actionTimeout: 15_000,
    navigationTimeout: 20_000,
    screenshot: "only-on-failure",
    // those of the proxies are the tests' own
    ignoreHTTPSErrors: true,
    // Traces cost a fifth of the time; `cargo xtask e2e -- --trace retain-on-failure` makes them.
    trace: "off",
  },
  projects: [
    {
      name: "chromium",
      testIgnore: ["cluster/**", WAITING],
      workers: 2,
      use: chrome,
    },
    {
      name: "chromium, waiting",
      testMatch: WAITING,
      workers: 1,
      use: chrome,
    },
    ...(firefox === undefined
      ? []
      : [
          {
            name: "firefox",
            workers: 2,
            grep: /@firefox/,
            use: {
              ...devices["Desktop Firefox"],
              // a Firefox as it comes, by WebDriver BiDi; Playwright 1.65 asks it for what the ESR does not know yet
              channel: "moz-firefox",
              launchOptions: { executablePath: firefox },
            },
          },
        ]),
  ],
});
