// What somebody reaches who has no mouse.
import assert from "node:assert/strict";
import { LOOKS, reader } from "./browser.mjs";

async function by_keyboard(browser, path, look) {
  const context = await reader(browser, LOOKS.light);
  try {
    const page = await context.newPage();
    await page.goto(path);
    await look(page);
  } finally {
    await context.close();
  }
}

/** What has the focus, and whether somebody sees that it has it. */
const focused = (page) =>
  page.evaluate(() => {
    const node = document.activeElement;
    const { left, top, right, bottom, width, height } = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    return {
      tag: node.tagName,
      type: node.getAttribute("type"),
      name: (node.innerText || node.getAttribute("name") || "").slice(0, 60),
      inMain: document.querySelector("main").contains(node),
      seen: width > 0 && height > 0 && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight,
      outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    };
  });

export const the_first_tab_offers_to_skip_to_the_content = (browser) =>
  by_keyboard(browser, "/", async (page) => {
    await page.keyboard.press("Tab");
    const skip = await focused(page);
    assert.match(skip.name, /skip/i);
    assert.ok(skip.seen, "nobody sees it");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.ok((await focused(page)).inMain, "it does not lead into the content");
  });

/** So many steps are enough to be sure. */
const STEPS = 80;

export const tab_reaches_search_filters_and_links_and_shows_where_it_is = (browser) =>
  by_keyboard(browser, "/", async (page) => {
    const reached = [];
    for (let step = 0; step < STEPS; step += 1) {
      await page.keyboard.press("Tab");
      const here = await focused(page);
      if (here.tag === "BODY") break;
      assert.ok(here.seen && here.outlined, `nobody sees that '${here.name}' has the focus: ${JSON.stringify(here)}`);
      reached.push(here);
    }
    const has = (what) => assert.ok(reached.some(what), JSON.stringify(reached.map(({ tag, name }) => `${tag} ${name}`)));
    has(({ type }) => type === "search");
    has(({ tag, name }) => tag === "SELECT" && name !== "");
    has(({ tag, type }) => tag === "BUTTON" && type === "submit");
    has(({ tag, inMain }) => tag === "A" && inMain);
  });
