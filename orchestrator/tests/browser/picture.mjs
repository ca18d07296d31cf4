// A picture of a page: node picture.mjs PAGE PNG WIDTH HEIGHT [light|dark|print] [SELECTOR]. A text file is shown as a terminal would;
// `print` is the page as it is printed, on paper of that size; with a selector that part of the page alone.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [page, png, width, height, look = "light", part] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
const colorScheme = look === "dark" ? "dark" : "light";
const tab = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme, timezoneId: "UTC" });
if (page.endsWith(".html")) {
  await tab.goto(pathToFileURL(page).href);
  if (look === "print") await tab.emulateMedia({ media: "print" });
  if (part) {
    const found = tab.locator(part).first();
    await found.scrollIntoViewIfNeeded();
    await tab.waitForLoadState("networkidle");
    await found.screenshot({ path: png });
  } else {
    await tab.screenshot({ path: png });
  }
} else {
  await tab.setContent('<body style="margin:0;background:#14171b"><pre style="margin:0;padding:22px 26px;width:max-content;color:#e8eaed;font:14px/1.5 \'DejaVu Sans Mono\',monospace"></pre>');
  await tab.locator("pre").evaluate((pre, text) => { pre.textContent = text; }, readFileSync(page, "utf8").trimEnd());
  await tab.locator("pre").screenshot({ path: png });
}
await browser.close();
