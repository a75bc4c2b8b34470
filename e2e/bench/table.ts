// Prints what was measured as a table, and adds it as lines of JSON to the file that the command names.
import { appendFileSync } from "node:fs";
import type { Reporter, TestCase, TestResult } from "@playwright/test/reporter";
import { benchResults } from "../support/env.ts";
import { MEASURED, type Figure } from "./figures.ts";

/** Of the pods, as the lines of other figures have it. */
const CLUSTER = "the demo";

export default class Table implements Reporter {
  private readonly figures: Figure[] = [];

  onTestEnd(_: TestCase, { annotations }: TestResult): void {
    for (const { type, description } of annotations) {
      if (type === MEASURED) this.figures.push(JSON.parse(description ?? "") as Figure);
    }
  }

  onEnd(): void {
    const rows = this.figures.map(({ figure, unit, value, atMost }) => {
      const bar = atMost === undefined ? "" : `≤ ${number(atMost)} ${value <= atMost ? "met" : "MISSED"}`;
      return [figure, unit, number(value), bar];
    });
    const all = [["figure", "unit", "value", "bar"], ...rows];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
    const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
    console.log(`\non ${CLUSTER}, in Chromium\n${all.map(line).join("\n")}`);
    if (benchResults === undefined) return;
    const lines = this.figures.map(({ figure, unit, value, atMost }) => {
      const bar = atMost === undefined ? {} : { bar: `≤ ${atMost}`, met: value <= atMost };
      return `${JSON.stringify({ figure, unit, cluster: CLUSTER, way: "page", value, ...bar })}\n`;
    });
    appendFileSync(benchResults, lines.join(""));
  }
}

/** With as many digits as tell something. */
function number(value: number): string {
  const digits = value >= 100 || value === 0 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
