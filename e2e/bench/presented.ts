// When a picture of a terminal was presented that shows a text, as Chromium tells it: by Element Timing.
//
// xterm.js draws in an animation frame. The moment that it has put the text into the document, still before that frame is
// painted, a small mark is put beside it, whose first paint the browser tells the time of: when the frame that has both was
// presented. What lies outside of the browser is left out: from the key to the browser's process, and from there to the
// light of a display.
import type { Page } from "@playwright/test";

/** What the page has of this. */
interface Watch {
  /** When a key was last pressed: the event's own time. */
  pressed: number;
  /** When the text that was asked for last was presented, once it was. */
  presented: Promise<number>;
  /** From here on this text is waited for. */
  wait(text: string | RegExp): void;
}

type Watched = Window & { watch: Watch };

/** Has each document of a page watch its terminal, for a text from its beginning if one is given. */
export async function watchTerminal(page: Page, first?: RegExp): Promise<void> {
  await page.addInitScript((first) => {
    let wanted: string | RegExp | undefined;
    let done = (_: number) => {};
    let count = 0;
    const shows = (screen: string, text: string | RegExp) =>
      typeof text === "string" ? screen.includes(text) : text.test(screen);
    const look = () => {
      if (wanted === undefined) return;
      for (const rows of document.querySelectorAll(".xterm-rows")) {
        const screen = (rows.textContent ?? "").replaceAll("\u00a0", " ");
        if (!shows(screen, wanted) || !rows.checkVisibility()) continue;
        wanted = undefined;
        mark();
        return;
      }
    };
    const mark = () => {
      const mark = document.createElement("p");
      mark.setAttribute("elementtiming", `mark-${++count}`);
      mark.textContent = "·";
      Object.assign(mark.style, { position: "fixed", left: "0", top: "0", margin: "0", zIndex: "99" });
      document.body.append(mark);
    };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { identifier: string; renderTime: number })[]) {
        if (entry.identifier !== `mark-${count}`) continue;
        document.querySelector(`[elementtiming=${entry.identifier}]`)?.remove();
        done(entry.renderTime);
      }
    }).observe({ type: "element", buffered: true });
    new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
    const watch: Watch = {
      pressed: 0,
      presented: Promise.resolve(0),
      wait(text) {
        wanted = text;
        watch.presented = new Promise((resolve) => (done = resolve));
      },
    };
    addEventListener("keydown", (event) => (watch.pressed = event.timeStamp), true);
    // what a page is given at its beginning can be no more than text
    if (first !== undefined) watch.wait(new RegExp(first));
    Object.assign(window, { watch });
  }, first?.source);
}

/** When the text that is waited for was presented, in ms since the navigation began. */
export async function presented(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as Watched).watch.presented);
}

/** Presses a key, and gives how long it took until the terminal was presented with this text on it, in ms. */
export async function keyToPicture(page: Page, key: string, text: string): Promise<number> {
  await page.evaluate((text) => (window as unknown as Watched).watch.wait(text), text);
  await page.keyboard.press(key);
  return page.evaluate(async () => {
    const { watch } = window as unknown as Watched;
    return (await watch.presented) - watch.pressed;
  });
}
