import { describe, expect, test } from "vitest";
import { periodBefore, periodsAgo } from "../../main/web/past";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 2, 12, 20);

describe("the time axis", () => {
  test("a period begins at a quarter of an hour", () => {
    expect(periodBefore(NOW, 0)).toBe(NOW - 5 * MINUTE);
    expect(periodBefore(NOW, 4)).toBe(NOW - 65 * MINUTE);
  });

  test("a moment is so many periods ago as lie between", () => {
    for (const periods of [0, 1, 50, 96]) expect(periodsAgo(NOW, periodBefore(NOW, periods))).toBe(periods);
    expect(periodsAgo(NOW, NOW - 6 * MINUTE)).toBe(1);
  });

  test("what the ledger doesn't hold is as far as one can go", () => {
    expect(periodsAgo(NOW, 0)).toBe(96);
    expect(periodsAgo(NOW, NOW + 3 * 60 * MINUTE)).toBe(0);
  });
});
