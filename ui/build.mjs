// Builds the page into the module's classes, runs its unit tests, or journeys in a browser. What is up to date is not done again.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "target/classes/web");

function run(program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: here, stdio: ["ignore", 2, 2] });
  if (error) {
    console.error(`ui: cannot run ${program}: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? 1);
}

const tool = (name, ...args) => run(join(here, "node_modules/.bin", name), ...args);

function files(directory) {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      return statSync(path).isDirectory() ? files(path) : [path];
    });
}

function digest(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(relative(here, path)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

const stands = (stamp, value) => existsSync(stamp) && readFileSync(stamp, "utf8") === value;

function dependencies() {
  const lock = digest([join(here, "package.json"), join(here, "package-lock.json")]);
  const stamp = join(here, "node_modules/.ovenet-lock");
  if (stands(stamp, lock)) return;
  run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
  writeFileSync(stamp, lock);
}

const own = ["package-lock.json", "vite.config.ts", "tsconfig.json", "build.mjs", ".prettierrc.json", ".oxlintrc.json"];

function page() {
  const sources = digest([
    ...own.map((name) => join(here, name)),
    ...files(join(here, "src/main/web")),
    ...files(join(here, "src/test/web")),
  ]);
  const stamp = join(here, "target/web.stamp");
  if (stands(stamp, sources) && existsSync(join(out, "files.txt"))) return;
  rmSync(stamp, { force: true });
  tool("prettier", "--check", "--log-level=warn", "src", "*.ts", "*.mjs", "package.json");
  tool("oxlint", "--quiet", "--deny-warnings", "src");
  tool("tsc", "--noEmit");
  tool("vite", "build", "--logLevel", "warn", "--outDir", out, "--emptyOutDir");
  const names = files(out).map((path) => relative(out, path));
  writeFileSync(join(out, "files.txt"), names.join("\n") + "\n");
  mkdirSync(join(here, "target"), { recursive: true });
  writeFileSync(stamp, sources);
}

const [what = "page", ...options] = process.argv.slice(2);
if (options.includes("--skip=true")) process.exit(0);
dependencies();
if (what === "page") page();
else if (what === "test") tool("vitest", "run", "--config", "vitest.config.ts");
else if (what === "journeys") tool("vitest", "run", "--config", "vitest.journeys.config.ts", ...options);
else {
  console.error(`ui: build.mjs knows page, test and journeys, not ${what}`);
  process.exit(2);
}
