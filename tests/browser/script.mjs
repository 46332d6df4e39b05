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
    await look(page, faults);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** Lets the time for reading anew come; says whether the page was asked for, and waits until it is there. */
async function was_read_anew(page) {
  const asked = await was_asked_for(page);
  if (asked) await page.waitForFunction(() => document.querySelector("main:not([data-old])") !== null);
  return asked;
}

/** Lets the time for reading anew come; says whether the page was asked for, when there is an answer. */
async function was_asked_for(page) {
  await page.evaluate(() => {
    const ask = window.fetch;
    window.answers = [];
    window.fetch = (...what) => {
      window.fetch = ask;
      return window.answers[window.answers.push(ask(...what)) - 1];
    };
    document.querySelector("main").setAttribute("data-old", "");
  });
  await page.clock.fastForward(A_WHILE_MS);
  return page.evaluate(async () => (await Promise.allSettled(window.answers)).length > 0);
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
    await page.locator("h1").click({ clickCount: 3 });
    const selected = () => page.evaluate(() => String(getSelection()));
    const before = await selected();
    assert.notEqual(before, "");
    assert.equal(await was_asked_for(page), false);
    assert.equal(await selected(), before);
  });

export const what_a_reader_began_to_ask_for_is_still_there_after_a_long_call = (browser) =>
  with_script(browser, "/", async (page) => {
    await page.getByRole("searchbox").click();
    await page.keyboard.type("half a wo");
    await page.getByRole("combobox", { name: "State" }).selectOption("broken");
    for (let minutes = 0; minutes < 3; minutes += 0.5) assert.equal(await was_asked_for(page), false);
    assert.equal(await page.getByRole("searchbox").inputValue(), "half a wo");
    assert.equal(await page.getByRole("combobox", { name: "State" }).inputValue(), "broken");
  });

export const a_reader_with_the_keyboard_keeps_the_focus_wherever_it_is = (browser) =>
  with_script(browser, "/", async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.outerHTML);
    for (let step = 0; step < 24; step += 1) {
      await page.keyboard.press("Tab");
      const before = await focused();
      await was_read_anew(page);
      assert.equal(await focused(), before, "the focus went elsewhere");
    }
  });

export const a_daemon_that_does_not_answer_leaves_the_page_as_it_is = (browser) =>
  with_script(browser, "/", async (page, faults) => {
    const before = await page.locator("main").innerText();
    for (const away of [(route) => route.fulfill({ status: 503, body: "away" }), (route) => route.fulfill({ body: "<p>a proxy" })]) {
      await page.route(`${facts.base}/**`, away);
      assert.ok(await was_asked_for(page), "nobody asked");
      assert.equal(await page.locator("main").innerText(), before);
      assert.ok(await page.locator("p.lost").isVisible(), "nobody says that it is old");
      await page.unrouteAll();
    }
    faults.splice(0);
    assert.ok(await was_read_anew(page), "it gave up");
    assert.ok(!(await page.locator("p.lost").isVisible()), "it still says that it is old");
  });
