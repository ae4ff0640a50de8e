import { defineConfig } from "vitest/config";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  test: {
    include: ["src/test/web/**/*.test.ts"],
    exclude: ["src/test/web/journeys/**"],
    reporters: [["default", { summary: false }], "junit"],
    outputFile: { junit: "target/vitest-reports/TEST-page.xml" },
  },
});
