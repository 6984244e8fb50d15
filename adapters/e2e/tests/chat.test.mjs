// The chat example in a real browser. CHAT_CMD starts it, CHROMIUM is the browser.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { optional, ServerProcess } from "../lib/server.mjs";

const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
const args = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];
const possible = optional(process.env.CHAT_CMD && existsSync(executablePath), "needs CHAT_CMD and a chromium (set CHROMIUM)");

describe("chat", possible, () => {
  let server, browser, context;
  const problems = [];

  before(async () => {
    server = await ServerProcess.start({}, { variable: "CHAT_CMD", ready: "/" });
    browser = await chromium.launch({ executablePath, headless: true, args });
    context = await browser.newContext({ viewport: { width: 900, height: 760 } });
    context.setDefaultTimeout(8000);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const enter = async (name, room) => {
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(`${name}: ${error}`));
    page.on("console", (message) => message.type() === "error" && problems.push(`${name}: ${message.text()}`));
    await page.goto(server.url);
    await page.fill("#name", name);
    await page.fill("#room", room);
    await page.click("#enter");
    await page.waitForSelector("#chat:visible");
    return page;
  };
  const members = (page, names) =>
    page.waitForFunction((names) => [...document.querySelectorAll("#members li")].map((li) => li.textContent).sort().join() === names, names.sort().join());
  const text = (page, selector) => page.locator(selector).last().textContent();

  test("two tabs: typing, message, delivered", async () => {
    const [ada, bob] = [await enter("Ada", "tea"), await enter("Bob", "tea")];
    await Promise.all([members(ada, ["Ada", "Bob"]), members(bob, ["Ada", "Bob"])]);
    for (const page of [ada, bob]) await page.waitForSelector("#chat .state:has-text('connected · websocket')");

    await ada.locator("#text").pressSequentially("Hello <b>Bob</b> ☕");
    await bob.waitForSelector("#typing:has-text('Ada is typing')");
    assert.equal(await text(ada, "#typing"), "", "not told about oneself");

    await ada.press("#text", "Enter");
    await bob.waitForSelector(".other .bubble");
    assert.equal(await text(bob, ".other .bubble"), "Hello <b>Bob</b> ☕", "text is text");
    assert.equal(await text(bob, ".other .from"), "Ada");
    await bob.waitForFunction(() => document.querySelector("#typing").textContent === "");
    await ada.waitForSelector(".own[data-status=delivered] .meta:has-text('delivered')");

    await bob.fill("#text", "Hello Ada");
    await bob.click("#send");
    await ada.waitForSelector(".other .bubble:has-text('Hello Ada')");
    await bob.waitForSelector(".own[data-status=delivered]");
    for (const page of [ada, bob]) assert.equal(await page.locator(".bubble").count(), 2, "each message once");
    if (process.env.SCREENSHOTS) for (const [name, page] of Object.entries({ ada, bob })) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
    await Promise.all([ada.close(), bob.close()]);
  });

  test("rooms are separate, and a tab that closes leaves", async () => {
    const [ada, bob, eve] = [await enter("Ada", "one"), await enter("Bob", "one"), await enter("Eve", "two")];
    await members(eve, ["Eve"]);
    await ada.fill("#text", "for room one");
    await ada.press("#text", "Enter");
    await bob.waitForSelector(".bubble:has-text('for room one')");
    await eve.fill("#text", "alone");
    await eve.press("#text", "Enter");
    await eve.waitForSelector(".own[data-status=delivered] .meta:has-text('nobody else')");
    assert.equal(await eve.locator(".other").count(), 0);
    await bob.close();
    await members(ada, ["Ada"]);
    await Promise.all([ada.close(), eve.close()]);
  });

  test("a lost connection comes back into its room, with what was written meanwhile", async () => {
    const [ada, bob] = [await enter("Ada", "far"), await enter("Bob", "far")];
    await members(bob, ["Ada", "Bob"]);
    await ada.waitForSelector("#chat .state:has-text('websocket')");
    await ada.evaluate(() => socket.io.engine.close());
    await ada.fill("#text", "was away");
    await ada.press("#text", "Enter");
    await bob.waitForSelector(".other .bubble:has-text('was away')");
    await ada.waitForSelector(".own[data-status=delivered]");
    await Promise.all([members(ada, ["Ada", "Bob"]), members(bob, ["Ada", "Bob"])]);
    assert.equal(await bob.locator(".other").count(), 1);
    await Promise.all([ada.close(), bob.close()]);
  });

  test("on a phone nothing is cut off", async () => {
    const page = await enter("A name that is rather long", "a room with a rather long name, too");
    await page.setViewportSize({ width: 360, height: 640 });
    await page.fill("#text", "word ".repeat(40) + "x".repeat(200));
    await page.press("#text", "Enter");
    for (const selector of ["#chat .state", "#members li", ".own .bubble", "#text", "#send"]) {
      const { x, y, width, height } = await page.locator(selector).boundingBox();
      assert.ok(x >= 0 && y >= 0 && x + width <= 360 && y + height <= 640, `${selector}: ${[x, y, width, height]}`);
    }
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/phone.png` });
    await page.close();
  });

  test("the pages had no errors", () => assert.deepEqual(problems, []));
});
