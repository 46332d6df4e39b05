// What a mail must hold in a window of a phone's and of a desk's width, whatever program shows it.
import assert from "node:assert/strict";
import { LOOKS, facts, open, reader } from "./browser.mjs";
import { overflow } from "./checks.mjs";

/** So many of the latest mails are looked at, beside the longest. */
const LATEST = 4;

export async function mails_bring_nothing_from_elsewhere_and_fit_every_window(browser) {
  const longest = facts.mails.reduce((one, other) => (other.length > one.length ? other : one));
  const wrong = [];
  for (const look of ["phone", "dark"]) {
    const context = await reader(browser, { ...LOOKS[look], javaScriptEnabled: false });
    const { page, faults } = await open(context);
    for (const [place, mail] of [longest, ...facts.mails.slice(-LATEST)].entries()) {
      await page.setContent(mail);
      faults.push(...(await page.evaluate(overflow)));
      await page.screenshot({ path: `${facts.pictures}/mail-${place}-${look}.png`, fullPage: true });
    }
    wrong.push(...faults.map((fault) => `${look}: ${fault}`));
    await context.close();
  }
  assert.deepEqual(wrong, []);
}
