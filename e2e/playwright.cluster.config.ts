// How Playwright runs the specs of Podshell as it is deployed: through each proxy, and the restart after all others.
import { defineConfig } from "@playwright/test";
import base from "./playwright.config.ts";
import type { InCluster } from "./support/in-cluster.ts";

const chromium = base.projects?.[0]?.use ?? {};

export default defineConfig<object, InCluster>({
  ...base,
  testDir: "specs/cluster",
  testIgnore: [],
  // each worker has proxies of its own, and most of the time is waited
  workers: 3,
  fullyParallel: true,
  globalSetup: ["./support/scene.ts", "./support/cluster-provider.ts"],
  projects: [
    { name: "haproxy", grepInvert: /@restart/, use: { ...chromium, proxyName: "haproxy" } },
    { name: "nginx", grepInvert: /@restart/, use: { ...chromium, proxyName: "nginx" } },
    {
      // it ends all sessions
      name: "restart",
      grep: /@restart/,
      dependencies: ["haproxy", "nginx"],
      use: { ...chromium, proxyName: "haproxy" },
    },
  ],
});
