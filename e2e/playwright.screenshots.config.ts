// How Playwright takes pictures of the page's views, on the demo: each in all forms that people have the page in.
import { defineConfig, type PlaywrightTestConfig } from "@playwright/test";
import base from "./playwright.config.ts";
import { screenshots } from "./support/env.ts";
import { LOOKS } from "./support/pictures.ts";

const chromium = base.projects?.[0]?.use ?? {};
/** The size of the pictures, but for a phone's. */
const WINDOW = { width: 1280, height: 800 };
/** Of a phone, and of a window that is as narrow. */
const NARROW = { width: 390, height: 844 };
const TOUCH = { viewport: NARROW, hasTouch: true, isMobile: true };

type Project = NonNullable<PlaywrightTestConfig["projects"]>[number];

/** A form of the page; where it has a finger for a mouse, some views alone are other than in a narrow window. */
function form(name: string, use: Project["use"]): Project {
  const phones = /@phone/;
  const views = name.startsWith("phone") ? { grep: phones } : {};
  return { name, ...views, use: { ...chromium, viewport: WINDOW, ...use } };
}

export default defineConfig({
  ...base,
  testDir: "screenshots",
  testIgnore: [],
  // beside the pictures: it is emptied at each run
  outputDir: `${screenshots}/failed`,
  fullyParallel: true,
  workers: 2,
  projects: [
    form("light", LOOKS.light),
    form("dark", LOOKS.dark),
    form("contrast", LOOKS.contrast),
    form("contrast-dark", { colorScheme: "dark", contrast: "more" }),
    form("forced", { colorScheme: "dark", contextOptions: { forcedColors: "active" } }),
    form("chinese", LOOKS.chinese),
    form("narrow", { ...LOOKS.narrow, viewport: NARROW }),
    form("phone-light", { ...LOOKS.light, ...TOUCH }),
    form("phone-dark", { ...LOOKS.dark, ...TOUCH }),
    form("phone-chinese", { ...LOOKS.chinese, ...TOUCH }),
  ],
});
