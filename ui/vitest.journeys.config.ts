import { defineConfig } from "vitest/config";

/** The page in a real browser: run by the tests in Java that start what it shows. */
export default defineConfig({
  test: {
    include: ["src/test/web/journeys/*.test.ts"],
    testTimeout: 360_000,
    hookTimeout: 120_000,
    // One processor for the browser is little enough.
    fileParallelism: false,
    reporters: [["default", { summary: false }]],
  },
});
