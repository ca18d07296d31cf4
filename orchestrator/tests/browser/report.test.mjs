// The report in a real browser: node --test report.test.mjs
//
// REPORTS is a folder with the pages that scripts/browser-test.sh makes: local.html of a real local run, five-years.html and
// everything.html and platform.html of made-up histories, names.html of names that would break a careless page, compare.html of two samples.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = process.env.REPORTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET });
});
after(() => browser?.close());

/** Opens a page; whatever it complains of or asks the outside for is kept in `trouble`. */
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: "Asia/Tokyo", ...options });
  const page = await context.newPage();
  const url = pathToFileURL(`${folder}/${name}.html`).href, trouble = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) trouble.push(message.text()); });
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => { if (request.url() !== url && !request.url().startsWith("data:")) trouble.push(`request for ${request.url()}`); });
  page.on("dialog", (dialog) => { trouble.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url);
  return { page, trouble, close: () => context.close() };
}

/** Scrolls through the page, so that all of it is drawn and every script has run. */
async function walk(page) {
  for (const section of (await page.locator("section.target").all()).slice(0, 12)) {
    await section.evaluate((element) => element.scrollIntoView());
    await section.locator(".history .area[role=slider], .empty").first().waitFor();
  }
  await page.evaluate(() => scrollTo(0, 0));
}

for (const name of ["local", "five-years", "everything", "names", "platform", "compare"]) {
  test(`${name}: no complaint, and no request leaves the page`, async () => {
    const { page, trouble, close } = await open(name);
    await walk(page);
    assert.deepEqual(trouble, []);
    assert.ok((await page.locator("h1").innerText()).length > 10);
    await close();
  });
}

for (const [name, colorScheme, width] of [["everything", "light", 1440], ["everything", "dark", 400], ["local", "dark", 1440], ["five-years", "light", 400], ["platform", "light", 1440], ["compare", "dark", 400]]) {
  test(`${name}, ${colorScheme}, ${width} px: nothing that keeps anybody out`, async () => {
    const { page, close } = await open(name, { colorScheme, viewport: { width, height: 900 } });
    await walk(page);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(sideways <= 0, `the page is ${sideways} px wider than the screen`);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const grave = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
    assert.deepEqual(grave.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`), []);
    await close();
  });
}

test("a platform event is shaded where it was, and stays there when the chart is zoomed", async () => {
  const { page, close } = await open("platform");
  const { chart } = await history(page, "cart");
  const shade = chart.locator(".shade"), before = await shade.boundingBox();
  assert.ok(before.width >= 4);
  await chart.getByRole("button", { name: "30 days" }).click();
  const after = await shade.boundingBox();
  assert.ok(after.width > before.width && after.x < before.x, `${JSON.stringify(before)} ${JSON.stringify(after)}`);
  await close();
});

test("without a script all of it can be read", async () => {
  const { page, close } = await open("everything", { javaScriptEnabled: false });
  assert.equal(await page.locator(".overview tbody tr:visible").count(), 12);
  assert.equal(await page.locator("section.target:visible").count(), 12);
  assert.ok(await page.locator(".history svg path.line").first().isVisible());
  assert.match(await page.locator("time").first().innerText(), /UTC$/);
  assert.equal(await page.locator("#filter:visible, #theme:visible, .choice:visible").count(), 0);
  await close();
});

test("times are the reader's, UTC one hover away", async () => {
  const { page, close } = await open("everything");
  const time = page.locator("footer time");
  assert.equal(await time.innerText(), "24 Nov 2026 13:00");
  assert.equal(await time.getAttribute("title"), "2026-11-24 04:00 UTC");
  assert.match(await page.locator("#zone").innerText(), /Asia\/Tokyo/);
  assert.match(await page.locator("header p").innerText(), / to 24 Nov 2026 \d\d:\d\d \(Asia\/Tokyo\)$/);
  await close();
});

test("the switch turns the page dark and light again", async () => {
  const { page, close } = await open("everything", { colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Switch to dark" }).click();
  assert.notEqual(await ground(), light);
  await page.getByRole("button", { name: "Switch to light" }).click();
  assert.equal(await ground(), light);
  await close();
});

test("targets are chosen by name", async () => {
  const { page, close } = await open("everything");
  assert.equal(await page.getByLabel("Show").getAttribute("placeholder"), "filter targets by name");
  await page.locator("#filter").fill("web");
  assert.deepEqual(await page.locator(".overview tbody tr:visible th").allInnerTexts(), ["webhooks"]);
  assert.deepEqual(await page.locator("section.target:visible h2").allInnerTexts(), ["webhooks"]);
  await page.locator("#filter").fill("");
  assert.equal(await page.locator(".overview tbody tr:visible").count(), 12);
  await close();
});

test("targets to compare are chosen, and the words follow", async () => {
  const { page, close } = await open("everything");
  const words = page.locator("#comparison-words li"), ticks = () => page.locator("#comparison-runs .upright span").allInnerTexts();
  const before = await words.allInnerTexts(), axis = await ticks();
  for (const shown = page.locator("[data-choose]:checked"); await shown.count();) await shown.first().uncheck();
  assert.equal(await words.count(), 0);
  await page.getByLabel("checkout", { exact: true }).check();
  await page.getByLabel("orders", { exact: true }).check();
  const said = await words.allInnerTexts();
  assert.equal(said.length, 1);
  assert.match(said[0], /^orders is [\d.]+ % slower than checkout \(95 %: \+[\d.]+ to \+[\d.]+ %; samples of one run\)$/);
  assert.ok(!before.includes(said[0]));
  assert.notDeepEqual(await ticks(), axis);
  assert.equal(await page.locator("#comparison-samples .row:visible").count(), 2);
  await close();
});

test("the script says of the first choice what the program wrote", async () => {
  const { page, close } = await open("everything");
  const words = page.locator("#comparison-words li"), written = await words.allInnerTexts();
  await page.locator("[data-choose]").first().dispatchEvent("change");
  assert.deepEqual(await words.allInnerTexts(), written);
  await close();
});

/** The history of a target, scrolled to, and where it is on the screen. */
async function history(page, target) {
  const link = page.locator(".overview tbody a", { hasText: new RegExp(`^${target}$`) });
  const chart = page.locator(`section${await link.getAttribute("href")}`);
  await chart.scrollIntoViewIfNeeded();
  const area = chart.locator(".history .area[role=slider]");
  await area.waitFor();
  await area.scrollIntoViewIfNeeded();
  return { chart, area, box: await area.boundingBox(), tip: chart.locator(".tip") };
}

test("hovering tells the exact values", async () => {
  const { page, close } = await open("everything");
  const { box, tip } = await history(page, "checkout");
  assert.ok(await tip.isHidden());
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  assert.match(await tip.innerText(), /^\d+ \w+ 2026 \d\d:\d\d\s+p50 [\d.]+ ms \(95 %: [\d.]+–[\d.]+\)\s+p90 [\d.]+ ms\s+20 samples\s+2026-\d\d-\d\d \d\d:\d\d UTC$/);
  await page.mouse.move(5, 5);
  assert.ok(await tip.isHidden());
  await close();
});

test("dragging zooms, and All shows all again", async () => {
  const { page, close } = await open("everything");
  const { chart, box } = await history(page, "checkout");
  const view = () => chart.locator(".history svg").first().getAttribute("viewBox"), days = () => chart.locator(".history .level span").allInnerTexts();
  const [whole, wide] = [await view(), await days()];
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 80, { steps: 4 });
  await page.mouse.up();
  const [x, , width] = (await view()).split(" ").map(Number);
  assert.ok(Math.abs(x - 6400) < 60 && Math.abs(width - 3200) < 60, `${x} ${width}`);
  assert.notDeepEqual(await days(), wide);
  await chart.getByRole("button", { name: "All" }).click();
  assert.equal(await view(), whole);
  await chart.getByRole("button", { name: "30 days" }).click();
  assert.notEqual(await view(), whole);
  await close();
});

test("the keyboard reads and zooms a chart", async () => {
  const { page, close } = await open("everything");
  const { area, chart, tip } = await history(page, "checkout");
  await area.focus();
  await page.keyboard.press("End");
  const last = await area.getAttribute("aria-valuetext");
  assert.match(last, /p50 [\d.]+ ms \(95 %/);
  await page.keyboard.press("ArrowLeft");
  assert.notEqual(await area.getAttribute("aria-valuetext"), last);
  assert.ok(await tip.isVisible());
  const view = () => chart.locator(".history svg").first().getAttribute("viewBox"), whole = await view();
  await page.keyboard.press("+");
  assert.notEqual(await view(), whole);
  await page.keyboard.press("Escape");
  assert.equal(await view(), whole);
  await close();
});

test("what is drawn can be had as a table", async () => {
  const { page, close } = await open("everything");
  const { chart } = await history(page, "thumbnails");
  await chart.getByText("The values drawn, as a table").click();
  await chart.locator("details.data tbody tr").first().waitFor();
  assert.equal(await chart.locator("details.data tbody tr").count(), 360);
  await close();
});

test("on paper every section is there, and no control", async () => {
  const { page, close } = await open("everything");
  await walk(page);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("section.target:visible").count(), 12);
  assert.equal(await page.locator("button:visible, input:visible").count(), 0);
  await close();
});
