// What a page costs in a real browser; `ovenet bench page` starts what it shows and prints what this says, as JSON.
import { readFileSync, readdirSync } from "node:fs";
import { chromium } from "playwright-core";

const url = process.env.OVENET_PAGE.replace(/\/$/, "");
const rounds = Number(process.env.OVENET_ROUNDS);
const seconds = Number(process.env.OVENET_SECONDS);
const CEILING = 120_000;
const TICKS = 100; // of /proc's processor times a second

const server = await chromium.launchServer({
  executablePath: process.env.OVENET_CHROMIUM,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-prefers-reduced-motion"],
});
const browser = await chromium.connect(server.wsEndpoint());

const note = (text) => console.error(`ovenet bench: ${text}`);
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const summary = (all) => ({ median: Math.round(median(all)), most: Math.round(Math.max(...all)), rounds: all.length });

/** The browser's processes, by the kernel's account: processor time and memory that is their own. */
function account() {
  const parents = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // It has ended.
    }
  }
  let ticks = 0;
  let kib = 0;
  for (const pid of parents.keys()) {
    let at = pid;
    while (at > 1 && at !== server.process().pid) at = parents.get(at)?.parent ?? 0;
    if (at !== server.process().pid) continue;
    ticks += parents.get(pid).ticks;
    try {
      kib += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended.
    }
  }
  return { seconds: ticks / TICKS, mib: kib / 1024 };
}

/** A page of its own session, so that nothing is cached; `begin` runs in it before anything else. */
async function fresh(path, begin) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(CEILING);
  if (begin) await context.addInitScript(begin);
  const page = await context.newPage();
  await page.goto(path, { waitUntil: "commit" });
  return page;
}

/** Runs in the page: notes when something is listed and drawn, in milliseconds since the page was asked for. */
const UNTIL_DRAWN = `
  const drawn = () =>
    [...document.querySelectorAll(".canvas canvas")].some((canvas) => {
      if (canvas.width === 0 || canvas.height === 0) return false;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Uint32Array(data.buffer).some((pixel) => pixel !== 0);
    });
  const look = () => {
    if (document.querySelector(".arrows > li") && drawn()) globalThis.drawnAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

async function weight() {
  let bytes = 0;
  const text = await (await fetch(`${url}/`)).text();
  const files = ["/", ...[...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1])];
  for (const file of new Set(files)) {
    const answer = await fetch(new URL(file, url), { headers: { "Accept-Encoding": "gzip" } });
    bytes += Number(answer.headers.get("content-length"));
  }
  return { bytes, files: files.length };
}

async function firstPicture() {
  const all = [];
  const blank = [];
  for (let round = 0; round < rounds; round++) {
    note(`first picture, round ${round + 1} of ${rounds}`);
    const empty = await fresh(`${url}/icon.svg`);
    await empty.waitForLoadState("load");
    blank.push(await empty.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
    await empty.context().close();
    const page = await fresh(`${url}/map`, { content: UNTIL_DRAWN });
    await page.waitForFunction(() => globalThis.drawnAt !== undefined);
    all.push(await page.evaluate(() => globalThis.drawnAt));
    await page.context().close();
  }
  return { page: summary(all), limit: summary(blank) };
}

const frames = (page, millis) =>
  page.evaluate(
    (span) =>
      new Promise((resolve) => {
        const began = performance.now();
        let count = 0;
        const next = (now) => {
          if (now - began >= span) resolve((count * 1000) / (now - began));
          else {
            count++;
            requestAnimationFrame(next);
          }
        };
        requestAnimationFrame(next);
      }),
    millis,
  );

async function heap(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  await devtools.detach();
  return Math.round(usedSize / 2 ** 20);
}

async function live(path) {
  note(`${path} live, ${seconds} s`);
  const empty = await fresh(`${url}/icon.svg`);
  const limit = await frames(empty, 3000);
  await empty.context().close();
  const page = await fresh(url + path);
  await page
    .locator(path === "/flows" ? ".flow-table tbody tr" : ".arrows > li")
    .first()
    .waitFor();
  await frames(page, Math.min(10_000, seconds * 500)); // what only the beginning costs
  const before = { ...account(), heap: await heap(page), at: performance.now() };
  const measured = [];
  for (let left = seconds; left > 0; left -= 10) {
    measured.push(await frames(page, Math.min(left, 10) * 1000));
  }
  const at = performance.now();
  const after = { ...account(), heap: await heap(page) };
  await page.context().close();
  return {
    frames: Math.round(median(measured)),
    fewestFrames: Math.round(Math.min(...measured)),
    limitFrames: Math.round(limit),
    cores: Number(((after.seconds - before.seconds) / ((at - before.at) / 1000)).toFixed(2)),
    heapMib: [before.heap, after.heap],
    browserMib: [Math.round(before.mib), Math.round(after.mib)],
  };
}

/** From a keystroke in the editor until what it would change is listed and drawn anew. */
async function whatIf() {
  const page = await fresh(`${url}/policies`);
  await page.locator(".policy-list button.pick, section button.pick").first().click();
  const effect = page.locator("section.effect");
  await page.waitForFunction(() => document.querySelector("#yaml").value !== "");
  await page.waitForFunction(() => document.querySelector("section.effect").getAttribute("aria-busy") !== "true");
  await effect.getByText("Nothing would open or close").waitFor();
  const asIs = await page.locator("#yaml").inputValue();
  const other = asIs.replace(/app-(\d+)/, (_, number) => `app-${(Number(number) + 7) % 20}`);
  const all = [];
  for (let round = 0; round < rounds * 2; round++) {
    note(`what-if, round ${round + 1} of ${rounds * 2}`);
    const opens = round % 2 === 0;
    all.push(
      await page.evaluate(
        ([text, changes]) =>
          new Promise((resolve) => {
            const section = document.querySelector("section.effect");
            const editor = document.querySelector("#yaml");
            const began = performance.now();
            Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(editor, text);
            editor.dispatchEvent(new InputEvent("input", { bubbles: true }));
            let asked = false;
            const look = () => {
              const busy = section.getAttribute("aria-busy") === "true";
              asked ||= busy;
              const said = section.textContent.includes("Nothing would open or close");
              if (asked && !busy && said !== changes) {
                const rows = section.querySelectorAll("tbody tr").length;
                resolve({ took: performance.now() - began, rows });
              } else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
          }),
        [opens ? other : asIs, opens],
      ),
    );
  }
  await page.context().close();
  return { ...summary(all.map(({ took }) => took)), rows: Math.max(...all.map(({ rows }) => rows)) };
}

try {
  const found = {
    weight: await weight(),
    first: await firstPicture(),
    whatIf: await whatIf(),
    map: await live("/map"),
    flows: await live("/flows"),
  };
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  await server.close();
}
