// What works without script, by name of what it promises.
import assert from "node:assert/strict";
import { LOOKS, reader } from "./browser.mjs";

async function without_script(browser, path, look) {
  const context = await reader(browser, { ...LOOKS.light, javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    await page.goto(path);
    await look(page);
  } finally {
    await context.close();
  }
}

const rows = (page) => page.locator("main tbody tr");

export const without_script_the_search_finds_cards_by_keyboard_alone = (browser) =>
  without_script(browser, "/", async (page) => {
    await page.getByRole("searchbox").focus();
    await page.keyboard.type("revenue");
    await page.keyboard.press("Enter");
    await page.waitForURL(/[?&]q=revenue/);
    assert.match(await page.locator("h1").innerText(), /^\d+ cards? found$/);
    for (const row of (await rows(page).allInnerTexts()).slice(0, 10)) assert.match(row.toLowerCase(), /revenue/);
    assert.equal(await page.getByRole("searchbox").inputValue(), "revenue", "the form says what was asked");
  });

export const without_script_the_filters_work_together = (browser) =>
  without_script(browser, "/", async (page) => {
    await page.getByRole("combobox", { name: "Instance" }).selectOption("acme");
    await page.getByRole("combobox", { name: "State" }).selectOption("broken");
    await page.getByRole("button", { name: "Find" }).press("Enter");
    await page.waitForURL(/instance=acme.*state=broken|state=broken.*instance=acme/);
    const found = await rows(page).allInnerTexts();
    assert.ok(found.length > 3, `${found.length} rows`);
    for (const row of found) assert.match(row, /broken/);
    await page.getByRole("combobox", { name: "Page" }).selectOption({ index: 1 });
    await page.getByRole("combobox", { name: "State" }).selectOption("");
    await page.getByRole("button", { name: "Find" }).press("Enter");
    await page.waitForURL(/[?&]page=\d+/);
    assert.ok((await rows(page).count()) > 0);
  });

export const without_script_a_search_that_finds_nothing_says_so = (browser) =>
  without_script(browser, "/?q=nothing+is+called+so", async (page) => {
    assert.equal(await page.locator("h1").innerText(), "No card found");
    assert.ok((await page.getByRole("link", { name: /status/i }).count()) > 0, "there is no way back");
  });

export const without_script_results_are_paged_there_and_back = (browser) =>
  without_script(browser, "/?state=working", async (page) => {
    const first = await rows(page).allInnerTexts();
    const pager = page.locator("nav.pager");
    await pager.getByRole("link").last().press("Enter");
    await page.waitForURL(/[?&]from=\d+/);
    const second = await rows(page).allInnerTexts();
    assert.ok(second.length > 0 && !second.some((row) => first.includes(row)), "the same rows again");
    await pager.getByRole("link").first().press("Enter");
    await page.waitForURL((url) => !url.searchParams.has("from"));
    assert.deepEqual(await rows(page).allInnerTexts(), first);
  });

export const without_script_times_are_readable_and_say_their_zone = (browser) =>
  without_script(browser, "/", async (page) => {
    const times = await page.locator("time").all();
    assert.ok(times.length > 3);
    for (const time of times) {
      assert.match(await time.textContent(), /^(\d{1,2} \w{3} \d{4}, )?\d\d:\d\d UTC$/);
      assert.match(await time.getAttribute("datetime"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
  });

export const without_script_a_link_reads_the_page_anew = (browser) =>
  without_script(browser, "/?state=broken", async (page) => {
    await page.locator("[data-refresh]").press("Enter");
    await page.waitForLoadState();
    assert.match(page.url(), /\/\?state=broken$/);
  });
