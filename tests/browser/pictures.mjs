// The pictures of the README: the status page and a mail, small enough for a repository.
import { facts, start } from "./browser.mjs";

/** What is higher is cut off. */
const HIGHEST = 1_180;

const browser = await start();

async function take(name, width, show) {
  const page = await browser.newPage({ viewport: { width, height: 100 }, colorScheme: "light", timezoneId: "UTC", locale: "en-GB" });
  await show(page);
  const height = await page.evaluate(() => document.scrollingElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.min(height, HIGHEST) });
  await page.screenshot({ path: `${facts.pictures}/${name}.png` });
}

await take("status", 1_120, (page) => page.goto(facts.base));
await take("mail", 680, (page) => page.setContent(facts.mail));
await browser.close();
