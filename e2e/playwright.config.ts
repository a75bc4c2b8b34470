// How Playwright runs the specs: one browser, no second tries, bounded time.
import { defineConfig, devices } from "@playwright/test";
import { chromium } from "./support/env.ts";

const MINUTE = 60_000;

export default defineConfig({
  testDir: "specs",
  outputDir: "test-results",
  // the tests of one file share a server, the files share the machine's cores
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: MINUTE,
  expect: { timeout: 15_000 },
  globalTimeout: 25 * MINUTE,
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    actionTimeout: 15_000,
    navigationTimeout: 20_000,
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
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
  },
});
