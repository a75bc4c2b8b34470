// The list of 10,000 pods of which 50 change each second: for how long the page is busy at a time.
import { benchQuick } from "../support/env.ts";
import { longest, takeLongTasks, watchLongTasks } from "../support/long-tasks.ts";
import { manyPods, openAll } from "../support/many-pods.ts";
import { Podshell } from "../support/podshell.ts";
import { test as base } from "./demo.ts";
import { measured } from "./figures.ts";

const RUNS = benchQuick ? 1 : 3;
/** In ms. */
const LONG_TASK = 50;

const test = base.extend<object, { server: Podshell }>({
  server: [manyPods, { scope: "worker" }],
});

test("the list of 10,000 pods", async ({ freshPage }) => {
  const loading: number[] = [];
  const scrolling: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const page = await freshPage();
    await watchLongTasks(page);
    await openAll(page);
    loading.push(...(await takeLongTasks(page)));
    for (let step = 0; step < 60; step += 1) {
      await page.mouse.wheel(0, 900);
      await page.waitForTimeout(50);
    }
    scrolling.push(...(await takeLongTasks(page)));
  }
  for (const [when, tasks] of [["10,000 pods load", loading], ["one scrolls in them for 3 s", scrolling]] as const) {
    measured(`tasks over ${LONG_TASK} ms while ${when}, mean of ${RUNS}`, "tasks", tasks.length / RUNS);
    measured("… the longest of all, 0 if there was none", "ms", longest(tasks), LONG_TASK);
  }
});
