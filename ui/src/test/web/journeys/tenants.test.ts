import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CEILING, accessible, close, launch, looks, open } from "./browser";

/** A real lab's page for tenants, and the token of one who may see team-a; see TenantsIT. */
const URL = process.env["OVENET_PAGE"] ?? "";
const TOKEN = process.env["OVENET_TOKEN"] ?? "";

describe("a tenant at the page", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());

  const goTo = (path: string) => page.goto(URL.replace(/\/$/, "") + path);

  test("signs in with his token, sees his namespace and of others no more than that they are there", async () => {
    page = await open(browser, URL);
    const token = page.getByLabel("Kubernetes token");
    await token.fill("a-guess");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("does not know this token").waitFor();
    await accessible(page, "signing in");
    await token.fill(TOKEN);
    await token.press("Enter");

    await page.getByRole("navigation", { name: "Views" }).waitFor();
    const denied = page
      .locator(".arrows > li")
      .filter({ has: page.getByRole("button", { name: "team-a/clerk → team-b/(some pod)", exact: true }) });
    await expect.poll(() => denied.getAttribute("class"), { timeout: CEILING }).toBe("dropped");
    await looks(page, "tenant-map");
    await goTo("/flows?verdict=DROPPED");
    await page.locator(".flow-table tbody tr").first().waitFor();
    await looks(page, "tenant");
    const told = await page.locator("main").innerText();
    expect(told).toContain("clerk");
    expect(told).not.toMatch(/vault|teller/);
    await goTo("/nodes");
    await page.getByText("is forbidden").waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await token.waitFor();
    await goTo("/flows");
    await token.waitFor();
    expect(await page.locator("body").innerText()).not.toContain("clerk");
    await close(page);
  });
});
