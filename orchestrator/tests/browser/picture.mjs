// A picture of a page: node picture.mjs PAGE PNG WIDTH HEIGHT. A text file is shown as a terminal would.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [page, png, width, height] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
const tab = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme: "light", timezoneId: "UTC" });
if (page.endsWith(".html")) {
  await tab.goto(pathToFileURL(page).href);
  await tab.screenshot({ path: png });
} else {
  await tab.setContent('<body style="margin:0;background:#14171b"><pre style="margin:0;padding:22px 26px;width:max-content;color:#e8eaed;font:14px/1.5 \'DejaVu Sans Mono\',monospace"></pre>');
  await tab.locator("pre").evaluate((pre, text) => { pre.textContent = text; }, readFileSync(page, "utf8").trimEnd());
  await tab.locator("pre").screenshot({ path: png });
}
await browser.close();
