import axe from "axe-core";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { expect } from "vitest";

/** Where pictures go, to be looked at. */
const PICTURES = process.env["OVENET_PICTURES"] ?? "target/pictures";

/** How long anything may take on a busy machine. */
export const CEILING = Number(process.env["OVENET_CEILING"] ?? 120_000);

export type Scheme = "light" | "dark";

/** What the page said that it should not have: errors, refused scripts, requests to elsewhere. */
const complaints = new WeakMap<BrowserContext, string[]>();

/** Answers that tests ask for on purpose. */
export const EXPECTED = /the server responded with a status of|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["OVENET_CHROMIUM"] ?? "/usr/bin/chromium",
    // Tests run as root, which Chromium's sandbox doesn't; /dev/shm is small in containers.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-prefers-reduced-motion"],
  });
}

export interface Look {
  width?: number;
  height?: number;
  scheme?: Scheme;
}

/** A page of its own session, with axe at hand. */
export async function open(browser: Browser, url: string, look: Look = {}): Promise<Page> {
  const { width = 1280, height = 800, scheme = "light" } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  context.setDefaultTimeout(CEILING);
  // As the browser itself would bring it: the page's own policy lets no other script in.
  await context.addInitScript({ content: axe.source });
  const said: string[] = [];
  complaints.set(context, said);
  const page = await context.newPage();
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !EXPECTED.test(message.text())) said.push(`console: ${message.text()}`);
  });
  const own = new URL(url).origin;
  page.on("request", (request) => {
    if (!request.url().startsWith(own) && !request.url().startsWith("data:")) said.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

/** Closes it; fails if it complained meanwhile. */
export async function close(page: Page): Promise<void> {
  const context = page.context();
  await context.close();
  expect(complaints.get(context)).toEqual([]);
}

/** WCAG A and AA, as axe sees them. */
export async function accessible(page: Page, what: string): Promise<void> {
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      resultTypes: ["violations"],
    });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ""}`)
          .join(" | ")}`,
    );
  });
  expect(found, what).toEqual([]);
}

/** Nothing is wider than the window, so nobody has to scroll sideways to read. */
export async function fits(page: Page, what: string): Promise<void> {
  const [wide, room] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(wide, what).toBeLessThanOrEqual(room ?? 0);
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: "disabled" });
}

/** The view in both colours and both sizes: accessible in both, nothing cut off, a picture of each. */
export async function looks(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await accessible(page, `${name}, ${scheme}`);
    await fits(page, `${name} at 1280`);
    await picture(page, `${name}-1280-${scheme}`);
  }
  await page.setViewportSize({ width: 3840, height: 2160 });
  await fits(page, `${name} at 3840`);
  await picture(page, `${name}-3840-dark`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: "light" });
}
