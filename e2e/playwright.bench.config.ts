// How Playwright measures the page: one figure after the other, in one browser, with nothing of its own beside it.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config.ts";

const MINUTE = 60_000;

export default defineConfig({
  ...base,
  testDir: "bench",
  testIgnore: [],
  outputDir: "test-results/bench",
  workers: 1,
  timeout: 10 * MINUTE,
  globalTimeout: 60 * MINUTE,
  reporter: [["list"], ["./bench/table.ts"]],
  use: { ...base.use, screenshot: "off" },
  projects: [{ name: "chromium", use: { ...base.projects?.[0]?.use } }],
});
