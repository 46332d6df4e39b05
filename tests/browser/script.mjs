// What the few lines of script add, and what they must not take away.
import assert from "node:assert/strict";
import { LOOKS, ZONE, facts, open, reader } from "./browser.mjs";

/** Longer than the script waits before it reads the page anew. */
const A_WHILE_MS = 31_000;

async function with_script(browser, path, look) {
  const context = await reader(browser, LOOKS.light);
  try {
    const { page, faults } = await open(context);
    await page.clock.install();
    await page.goto(path);
    await look(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** Lets the time for reading anew come; says whether the page was asked for. */
async function was_read_anew(page) {
  const asked = page.waitForResponse((answer) => answer.request().resourceType() === "fetch", { timeout: 2_000 });
  // Whether it comes is what is asked here.
  const read = asked.then(() => true, () => false);
  await page.evaluate(() => document.querySelector("main").setAttribute("data-old", ""));
  await page.clock.fastForward(A_WHILE_MS);
  if (!(await read)) return false;
  await page.waitForFunction(() => document.querySelector("main:not([data-old])") !== null);
  return true;
}

export const times_are_in_the_readers_zone_with_the_exact_instant_on_hover = (browser) =>
  with_script(browser, "/", async (page) => {
    for (const time of await page.locator("time").all()) {
      const exact = await time.getAttribute("datetime");
      const clock = new Date(exact).toLocaleString("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
      const shown = await time.textContent();
      assert.ok(shown.endsWith(clock), `'${shown}' for ${exact}, which is ${clock} in ${ZONE}`);
      assert.equal(await time.getAttribute("title"), exact);
    }
  });

export const the_page_is_read_anew_by_itself_with_times_in_the_readers_zone = (browser) =>
  with_script(browser, "/", async (page) => {
    assert.ok(await was_read_anew(page), "it was not read anew");
    assert.doesNotMatch(await page.locator("main time").first().textContent(), /UTC/);
  });

export const a_reader_who_has_selected_text_is_not_disturbed = (browser) =>
  with_script(browser, "/", async (page) => {
    await page.locator("h1").selectText();
    assert.equal(await was_read_anew(page), false);
    assert.equal(await page.evaluate(() => String(getSelection())), await page.locator("h1").innerText());
  });

export const a_reader_who_types_is_not_disturbed = (browser) =>
  with_script(browser, "/", async (page) => {
    await page.getByRole("searchbox").focus();
    await page.keyboard.type("half a wo");
    assert.equal(await was_read_anew(page), false);
    await page.keyboard.type("rd");
    assert.equal(await page.getByRole("searchbox").inputValue(), "half a word");
  });

export const a_reader_keeps_the_focus_wherever_it_is = (browser) =>
  with_script(browser, "/", async (page) => {
    const links = await page.locator("a:visible").count();
    for (let place = 0; place < links; place += Math.ceil(links / 8)) {
      const link = page.locator("a:visible").nth(place);
      const name = await link.innerText();
      await link.focus();
      await was_read_anew(page);
      assert.equal(await page.evaluate(() => document.activeElement.innerText), name, "the focus went elsewhere");
    }
    await page.locator("[data-refresh]").focus();
    await was_read_anew(page);
    assert.equal(await page.evaluate(() => document.activeElement.hasAttribute("data-refresh")), true, "the focus went elsewhere");
  });

export const a_daemon_that_does_not_answer_leaves_the_page_as_it_is = (browser) =>
  with_script(browser, "/", async (page) => {
    const before = await page.locator("h1").innerText();
    await page.route(`${facts.base}/**`, (route) => route.fulfill({ status: 503, body: "away" }));
    await was_read_anew(page).catch(() => {});
    assert.equal(await page.locator("h1").innerText(), before);
    await page.unrouteAll();
  });
