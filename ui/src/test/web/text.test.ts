import { describe, expect, it } from "vitest";
import { merge, tone, verdict } from "../../main/web/flows";
import { query } from "../../main/web/api";
import { port, rate, span, visible } from "../../main/web/text";
import type { Flow } from "../../main/web/types";

describe("visible", () => {
  it("leaves names as they are", () => {
    expect(visible("shop/web-1 ä 数据")).toBe("shop/web-1 ä 数据");
  });

  it("replaces what hides, reorders or breaks lines", () => {
    expect(visible("a\u202eb\u200bc\nd\u0000e\u2028f\ufeff")).toBe("a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffd");
  });

  it("cuts what is too long", () => {
    expect(visible("x".repeat(10_000))).toHaveLength(254);
  });
});

describe("rates and ports", () => {
  it("has few characters", () => {
    expect([0, 0.01, 0.5, 42.4, 1234].map(rate)).toEqual(["0/s", "36/h", "0.5/s", "42/s", "1.2k/s"]);
  });

  it("names ICMP's types", () => {
    expect(port("TCP", 80)).toBe("80/TCP");
    expect(port("ICMP", 8)).toBe("ICMP type 8");
    expect(port("", 0)).toBe("");
  });

  it("says spans as people do", () => {
    expect([5_000, 180_000, 7_200_000, 260_000_000].map(span)).toEqual(["5 s", "3 min", "2 h", "3 days"]);
  });
});

describe("the table", () => {
  const flow = (seq: number) => ({ seq }) as Flow;

  it("has the newest first, each once, no more than fit", () => {
    const merged = merge([flow(4), flow(5)], [flow(4), flow(3), flow(2)], 3);
    expect(merged.map((f) => f.seq)).toEqual([5, 4, 3]);
  });

  it("says verdicts by a sign, too", () => {
    expect(["DROPPED", "FORWARDED", "AUDIT"].map(verdict)).toEqual(["✗ DROPPED", "✓ FORWARDED", "! AUDIT"]);
    expect(["DROPPED", "ERROR", "AUDIT", "REDIRECTED"].map(tone)).toEqual(["bad", "bad", "audited", "ok"]);
  });

  it("has filters in its address, and no empty ones", () => {
    expect(query({ verdict: "DROPPED", from: "", to: "a&b" })).toBe("?verdict=DROPPED&to=a%26b");
  });
});
