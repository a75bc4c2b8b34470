// The page's list of pods as a user meets it.
import type { Locator, Page } from "@playwright/test";

/** A button or link that is not turned off. */
const CLICKABLE = ':not(:disabled):not([aria-disabled="true"])';

export class PodList {
  readonly root: Locator;
  readonly filter: Locator;

  constructor(private readonly page: Page) {
    this.root = page.getByTestId("pod-list");
    this.filter = page.getByTestId("filter");
  }

  /** Opens the list and waits until it shows pods. */
  static async open(page: Page, path = "./"): Promise<PodList> {
    await page.goto(path);
    const list = new PodList(page);
    await page.getByTestId("pod-row").first().waitFor();
    return list;
  }

  /** The row of a pod, named as `namespace/name`. */
  row(pod: string): Locator {
    return this.page.locator(`[data-testid="pod-row"][data-pod="${pod}"]`);
  }

  /** What opens a shell, in a container of a pod or in any; not if it can't be clicked now. */
  shell(pod?: string, container?: string): Locator {
    const ofPod = pod === undefined ? "" : `[data-pod="${pod}"]`;
    const ofContainer = container === undefined ? "" : `[data-container="${container}"]`;
    return this.page.locator(`[data-testid="open-shell"]${ofPod}${ofContainer}${CLICKABLE}`);
  }
}
