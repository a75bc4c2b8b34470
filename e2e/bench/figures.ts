// A figure that was measured: how it leaves a test, and what many values come down to.
import { test } from "@playwright/test";

/** The annotation that has one. */
export const MEASURED = "measured";

export interface Figure {
  figure: string;
  unit: string;
  value: number;
  /** What it may be at most; none where no bar is about it. */
  atMost?: number;
}

/** Hands a figure to the table. */
export function measured(figure: string, unit: string, value: number, atMost?: number): void {
  const whole: Figure = { figure, unit, value, ...(atMost === undefined ? {} : { atMost }) };
  test.info().annotations.push({ type: MEASURED, description: JSON.stringify(whole) });
}

/** The value that this part of all values is not above. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1] ?? Number.NaN;
}
