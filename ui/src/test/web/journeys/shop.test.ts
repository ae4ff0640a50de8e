import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CEILING, close, launch, looks, open } from "./browser";

/** A real lab's page; see PageIT, which starts the lab with the shop in it. */
const URL = process.env["OVENET_PAGE"] ?? "";

const CLOSING = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop-prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: pay-prod}}
    ports: [{protocol: TCP, port: 80}]
`;

describe("the shop, as somebody sees it", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());

  const goTo = (path: string) => page.goto(URL.replace(/\/$/, "") + path);
  const connection = (from: string, to: string) =>
    page.locator(".arrows > li").filter({ has: page.getByRole("button", { name: `${from} → ${to}`, exact: true }) });

  beforeEach(async () => {
    page = await open(browser, URL);
  });

  afterEach(() => close(page));

  test("the map says who talks to whom, and what is dropped", async () => {
    await connection("shop-prod/web", "shop-prod/database").getByText("5432/TCP").waitFor();
    const dropped = connection("shop-prod/customer", "shop-prod/database");
    await dropped.getByText(/dropped: Policy denied/).waitFor();
    const verdict = (from: string, to: string) =>
      expect.poll(() => connection(from, to).getAttribute("class"), { timeout: CEILING });
    await verdict("shop-prod/customer", "shop-prod/database").toBe("dropped");
    await verdict("shop-prod/customer", "shop-prod/web").toBe("passed");
    await verdict("pay-prod/cards", "shop-prod/web").toBe("dropped");
    await looks(page, "map");

    await page.getByRole("button", { name: "pay-prod/cards → shop-prod/web" }).click();
    await page.getByRole("heading", { name: /Chosen connection/ }).waitFor();
    expect(await page.locator(".arrows > li").count()).toBe(1);
    await page.getByRole("button", { name: "All connections" }).click();

    await page.getByLabel("only with drops").check();
    await expect.poll(() => page.locator(".arrows > li.passed").count(), { timeout: CEILING }).toBe(0);
    await page.getByLabel("only with drops").uncheck();

    await page.getByLabel("Search").fill("cards");
    await expect.poll(() => page.locator(".arrows > li").count(), { timeout: CEILING }).toBe(1);
    expect(new globalThis.URL(page.url()).searchParams.get("search")).toBe("cards");
    await page.reload();
    await connection("pay-prod/cards", "shop-prod/web").waitFor();
    expect(await page.getByLabel("Search").inputValue()).toBe("cards");

    await goTo("/map?by=pod");
    await connection("shop-prod/web-1", "vm shop-prod/database").waitFor();
    await goTo("/map?by=namespace");
    await connection("pay-prod", "shop-prod").waitFor();
  });

  test("the map of a time gone by is the ledger's", async () => {
    const time = page.getByLabel("Time", { exact: true });
    await time.focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByText("as the nodes' ledgers have it").waitFor();
    await connection("shop-prod/customer", "shop-prod/web").waitFor();
    expect(await connection("shop-prod/customer", "shop-prod/database").getAttribute("class")).toBe("dropped");
    await looks(page, "past");
    const address = page.url();
    await goTo("/map");
    await page.goto(address);
    await connection("shop-prod/customer", "shop-prod/web").waitFor();
    await time.focus();
    await page.keyboard.press("Home");
    await page.getByText("No connections then.").waitFor();
    await page.getByRole("button", { name: "Live" }).click();
    await connection("shop-prod/customer", "shop-prod/web").waitFor();
  });

  test("the flow table's filters are its address, and a flow says why and what would allow it", async () => {
    await goTo("/flows?verdict=DROPPED&from=customer&port=5432");
    const rows = page.locator(".flow-table tbody tr");
    await rows.first().waitFor();
    for (const word of await rows.locator(".verdict").allTextContents()) expect(word).toBe("✗ DROPPED");
    for (const source of await rows.locator("td:nth-child(2)").allTextContents()) expect(source).toContain("customer");
    await looks(page, "flows");
    await page.getByLabel("Port").fill("");
    await page.getByLabel("From").fill("cards");
    await expect.poll(() => rows.first().textContent(), { timeout: CEILING }).toContain("cards");
    expect(page.url()).toContain("from=cards");
    await page.getByLabel("Verdict").selectOption("FORWARDED");
    await page.getByLabel("Type").fill("to-endpoint");
    await page.getByText("No flows match.").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await expect.poll(() => rows.count(), { timeout: CEILING }).toBeGreaterThan(5);

    await goTo("/flows?verdict=DROPPED&from=customer&port=5432");
    await rows.first().getByRole("link").click();
    await page.getByRole("heading", { name: /DROPPED.*customer → database/ }).waitFor();
    const ingress = page.locator(".side-view.bad");
    await ingress.getByText("This would let it pass").waitFor();
    expect(await ingress.locator(".line.marked").allTextContents()).not.toEqual([]);
    expect(await ingress.locator("pre.yaml").first().textContent()).toContain("CiliumNetworkPolicy");
    expect(await page.locator(".ends").textContent()).toContain("k8s:app=customer");
    await looks(page, "flow");
    await page.getByRole("link", { name: "See what it would change" }).click();
    const opened = page.locator(".effect tbody tr").filter({ hasText: "shop-prod/customer" });
    await opened.getByText("+ 5432/TCP").waitFor();
    await page.getByText(/[1-9]\d* of the [\d,]+ that were dropped would pass/).waitFor();
  });

  test("what a policy would change is told as it is typed, and nothing is changed", async () => {
    await goTo("/policies");
    const text = page.getByLabel("Policies as they would be applied (YAML)");
    await text.fill(CLOSING.replace("port: 80", "port: 99999"));
    await page.locator("#problems").getByText("Line 10:").waitFor();
    await text.fill(CLOSING);
    const closed = page.locator(".effect tbody tr").filter({ hasText: "shop-prod/customer" });
    await closed.getByText("− 80/TCP").waitFor();
    await page.locator(".effect tbody tr").filter({ hasText: "pay-prod/cards" }).getByText("+ 80/TCP").waitFor();
    await page.locator(".effect .flow-table tbody tr").filter({ hasText: "customer" }).first().waitFor();
    const past = page.getByRole("region", { name: "Connections of the last hours" });
    await past
      .getByRole("row", { name: /shop-prod\/customer shop-prod\/web-\d 80\/TCP/ })
      .first()
      .waitFor();
    await looks(page, "what-if");
    const policies = page.getByRole("region", { name: "Policies in the cluster" });
    await policies.locator("li").filter({ hasText: "pay-prod/of-nobody" }).locator(".findings").waitFor();
    await policies.getByRole("button", { name: "shop-prod/database" }).click();
    await expect.poll(() => text.inputValue(), { timeout: CEILING }).toContain("kind: CiliumNetworkPolicy");
    await page.getByText("Nothing would open or close.").waitFor();
    await policies
      .locator("> ul > li")
      .filter({ hasText: "shop-prod/database" })
      .getByRole("button", { name: "What if it were deleted" })
      .click();
    await page.locator(".effect tbody tr").filter({ hasText: "shop-prod/database" }).first().waitFor();
  });

  test("who may reach whom, and why", async () => {
    await goTo("/reach?by=application");
    const cell = page.getByTitle(/^shop-prod\/web → shop-prod\/database: .*5432\/TCP/);
    await cell.click();
    await page.getByRole("heading", { name: "shop-prod/web → shop-prod/database" }).waitFor();
    await page.getByTitle("shop-prod/customer → shop-prod/database: nothing").waitFor();
    await page.getByLabel("From", { exact: true }).fill("shop-prod/customer");
    await page.getByLabel("To", { exact: true }).fill("vm/shop-prod/database:5432");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.locator(".side-view.bad").getByText("denied by default").first().waitFor();
    await looks(page, "reach");
  });

  test("a packet on its way, hop by hop", async () => {
    await goTo("/trace");
    await page.getByLabel("From", { exact: true }).fill("shop-prod/customer");
    await page.getByLabel("To", { exact: true }).fill("svc/shop-prod/web:80");
    await page.getByRole("button", { name: "Send a packet" }).click();
    await page.getByRole("heading", { name: "✓ It passes." }).waitFor();
    const hops = page.locator(".hops > li");
    expect(await hops.first().textContent()).toContain("shop-prod/customer sends to 10.96.9.1:80");
    expect(await page.locator(".hops").textContent()).toMatch(/service shop-prod\/web: becomes 10\.[\d.]+:80/);
    expect(await hops.last().textContent()).toMatch(/would be delivered to shop-prod\/web-[12]; dropped before it/);
    await looks(page, "trace");

    await page.reload();
    expect(await page.getByLabel("To", { exact: true }).inputValue()).toBe("svc/shop-prod/web:80");
    expect(await hops.count()).toBe(0);
    await page.getByLabel("To", { exact: true }).fill("vm/shop-prod/database:5432");
    await page.getByRole("button", { name: "Send a packet" }).click();
    await page.getByRole("heading", { name: "✗ It is stopped on its way." }).waitFor();
    expect(await hops.last().textContent()).toContain("dropped: policy denied");
    await page.getByLabel("From", { exact: true }).fill("shop-prod/no-such-pod");
    await page.getByRole("button", { name: "Send a packet" }).click();
    await page.getByText("No node that answers has a pod shop-prod/no-such-pod.").waitFor();
    await page.getByLabel("To", { exact: true }).fill("vm/shop-prod/nothing:80");
    await page.getByRole("button", { name: "Send a packet" }).click();
    await page.getByRole("alert").getByText("no pod of the virtual machine shop-prod/nothing runs").waitFor();

    await goTo("/flows?verdict=DROPPED&from=cards");
    await page.locator(".flow-table tbody tr").first().getByRole("link").click();
    await page.getByRole("link", { name: "Trace a packet on this way" }).click();
    await page.getByRole("heading", { name: "Trace" }).waitFor();
    expect(await page.getByLabel("From", { exact: true }).inputValue()).toBe("pay-prod/cards");
  });

  test("nodes, services, pods and virtual machines", async () => {
    await goTo("/nodes");
    await page.getByRole("row", { name: /^node-1 ✓ reached/ }).waitFor();
    await page.getByRole("row", { name: /^node-2 ✓ reached/ }).waitFor();
    await looks(page, "nodes");
    await goTo("/services");
    const database = page.getByRole("row", { name: /shop-prod\/database/ });
    await database.getByText("1 of 1 ready").click();
    await database.getByText("node-2").waitFor();
    await page
      .getByRole("row", { name: /pay-prod\/nobody/ })
      .getByText("✗ none")
      .waitFor();
    await looks(page, "services");
    await goTo("/workloads");
    await page.getByRole("row", { name: /shop-prod\/database virtual machine/ }).waitFor();
    await page.getByRole("row", { name: /shop-prod\/customer container/ }).waitFor();
    await looks(page, "workloads");
    await page.getByLabel("Kind").selectOption("vm");
    await expect.poll(() => page.locator("tbody tr").count(), { timeout: CEILING }).toBe(1);
  });

  test("all of it by the keyboard", async () => {
    await connection("shop-prod/customer", "shop-prod/web").waitFor();
    await page.keyboard.press("Tab");
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    expect(await focused()).toBe("To the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    // From the content on, every control in turn has a ring that can be seen; the arrows are among them.
    let reached = false;
    for (let step = 0; step < 40 && !reached; step++) {
      await page.keyboard.press("Tab");
      const ring = await page.evaluate(() => {
        const at = document.activeElement;
        return at === null || at === document.body ? "none" : getComputedStyle(at).outlineStyle;
      });
      expect(ring).not.toBe("none");
      reached = /→/.test((await focused()) ?? "");
    }
    expect(reached).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /Chosen connection/ }).waitFor();

    await page.getByRole("link", { name: "Flows", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Flows" }).waitFor();
    await page.locator(".flow-table tbody tr a").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Why" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Flows" }).waitFor();
  });

  test("colours are as chosen, over a reload", async () => {
    await page.getByRole("heading", { name: "Service map" }).waitFor(); // from here on it hears its controls
    await page.getByLabel("Colours").selectOption("dark");
    await page.reload();
    await page.getByRole("heading", { name: "Service map" }).waitFor();
    await expect
      .poll(() => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), { timeout: CEILING })
      .toBe("rgb(18, 24, 31)");
  });
});
