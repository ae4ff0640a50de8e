import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CEILING, accessible, close, fits, launch, looks, open, picture } from "./browser";

/** Pages without a lab, whose flows are as the test wants them; see StatesIT. */
const URL = process.env["OVENET_PAGE"] ?? "";
const OF_TENANTS = process.env["OVENET_TENANTS_PAGE"] ?? "";
const CONTROL = process.env["OVENET_CONTROL"] ?? "";

async function happen(what: string): Promise<void> {
  const answer = await fetch(`${CONTROL}/${what}`, { method: "POST" });
  expect(answer.status, what).toBe(204);
}

/** In this order: each goes on where the one before ended. */
describe("a page where something is the matter", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());
  afterEach(() => close(page));

  const at = (path: string) => URL.replace(/\/$/, "") + path;

  test("an empty cluster: each view says so, and what to do", async () => {
    page = await open(browser, URL);
    await page.getByText("Nothing here yet.").waitFor();
    await page.getByText("Start a workload").waitFor();
    await looks(page, "empty");
    const said: [string, string][] = [
      ["/flows", "No flows"],
      ["/policies", "No policies."],
      ["/reach", "No pods."],
      ["/workloads", "No pods"],
      ["/services", "No services."],
    ];
    for (const [path, text] of said) {
      await page.goto(at(path));
      await page.getByText(text).first().waitFor();
      await accessible(page, `${path}, empty`);
    }
  });

  test("hostile names are text, and hide nothing", async () => {
    await happen("hostile");
    page = await open(browser, at("/flows"));
    let asked = "";
    page.on("dialog", (dialog) => {
      asked = dialog.message();
      void dialog.dismiss();
    });
    await page.getByText("<img src=x onerror=alert(1)>").first().waitFor();
    await page.getByText("\ufffd\ufffd[31mreversed\ufffd").first().waitFor();
    await page.goto(at("/map?by=pod"));
    await page.getByText("<img src=x onerror=alert(1)>").first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(asked).toBe("");
    await fits(page, "hostile names");
    await picture(page, "hostile");
  });

  test("five thousand workloads are shown by namespace, and one is found among them", async () => {
    await happen("crowd");
    page = await open(browser, at("/map"));
    await page.getByText("are more than one can read").waitFor();
    await page.getByText("Choose a namespace to see what is in it").waitFor();
    const teams = page.locator(".arrows > li");
    await expect.poll(() => teams.count(), { timeout: CEILING }).toBeGreaterThanOrEqual(50);
    await looks(page, "crowd");
    await page.goto(at("/map?namespace=team-7"));
    await page.getByLabel("Search").fill("app-4907");
    await page.getByRole("button", { name: "team-7/app-4907 → team-8/app-4908" }).waitFor();
    expect(await teams.count()).toBeLessThanOrEqual(2);
    await picture(page, "crowd-found");
  });

  test("a node's clock that is ahead is said", async () => {
    await happen("ahead");
    page = await open(browser, URL);
    await page.getByText("A node's clock is 10 min ahead").waitFor();
    await page.getByText("Set the clocks by NTP").waitFor();
    await picture(page, "clock");
  });

  test("the relay goes away and comes back", async () => {
    page = await open(browser, URL);
    await page.getByRole("heading", { name: "Service map" }).waitFor();
    await happen("away");
    const notice = page.locator(".notice.error");
    await notice.getByText(/No flows since .* is away/).waitFor();
    await notice.getByText("Look at the relay").waitFor();
    await accessible(page, "relay away");
    await picture(page, "relay-away");
    await happen("back");
    await notice.waitFor({ state: "detached" });
  });

  test("a token that expires leads to signing in", async () => {
    await happen("tenant");
    page = await open(browser, OF_TENANTS);
    const token = page.getByLabel("Kubernetes token");
    await token.fill("a-token");
    await token.press("Enter");
    await page.getByRole("heading", { name: "Service map" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await happen("expired");
    await token.waitFor();
    await accessible(page, "signing in again");
    await picture(page, "sign-in");
  });
});
