// What every page must hold in every look. Each check gives a list of what is wrong, in words.
import axe from "axe-core";

/** Everything at once. */
export async function faultsOf(page) {
  const lists = [overflow, headings, pictures, words].map((check) => page.evaluate(check));
  return (await Promise.all([...lists, accessibility(page)])).flat();
}

/** The rules that a colour scheme has a say in. */
const OF_COLOUR = ["color-contrast", "link-in-text-block"];

/** axe-core's rules, as far as what they find is serious or critical. */
async function accessibility(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((ofColour) => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const rules = dark ? { runOnly: { type: "rule", values: ofColour } } : {};
    return window.axe.run(document, { resultTypes: ["violations"], elementRef: false, ...rules });
  }, OF_COLOUR);
  const grave = violations.filter((found) => ["serious", "critical"].includes(found.impact));
  return grave.map(({ id, help, nodes }) => {
    const where = nodes.slice(0, 3).map((node) => `${node.target} (${node.any[0]?.message ?? node.html.slice(0, 120)})`);
    return `axe ${id}: ${help}, ${nodes.length} times: ${where.join("; ")}`;
  });
}

/** The narrowest screen on which a page has to do without scrolling sideways (WCAG 1.4.10). */
export const NARROW = { width: 320, height: 640 };

/** What sticks out of the window; tables may scroll inside their own frame. Runs in the page. */
export function overflow() {
  const root = document.scrollingElement;
  if (root.scrollWidth <= innerWidth) return [];
  const outside = (node) => node.getBoundingClientRect().right > innerWidth + 1;
  const name = (node) => `${node.tagName.toLowerCase()}.${node.className} '${node.textContent.trim().slice(0, 40)}'`;
  const out = [...document.querySelectorAll("body *")].filter(outside).slice(-3).map(name);
  return [`too wide: ${root.scrollWidth} px on ${innerWidth}: ${out.join("; ")}`];
}

/** One h1 first, and no level left out. Runs in the page. */
function headings() {
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((heading) => Number(heading.tagName[1]));
  const wrong = [];
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) wrong.push(`not one h1 first: ${levels}`);
  levels.forEach((level, place) => {
    if (place > 0 && level > levels[place - 1] + 1) wrong.push(`h${level} below h${levels[place - 1]}`);
  });
  return wrong;
}

/** A picture is described, or is said to be none. Runs in the page. */
function pictures() {
  const all = [...document.querySelectorAll("img, svg, [role=img], canvas")];
  const described = (one) =>
    one.closest("[aria-hidden=true]") !== null ||
    ["alt", "aria-label"].some((name) => one.getAttribute(name)?.trim()) ||
    document.getElementById(one.getAttribute("aria-labelledby") ?? "")?.textContent.trim() ||
    [...one.children].some((child) => child.tagName.toLowerCase() === "title" && child.textContent.trim());
  return all.filter((one) => !described(one)).map((one) => `not described: ${one.outerHTML.slice(0, 120)}`);
}

/** A title, and nothing that only a program says. Runs in the page. */
function words() {
  const wrong = [];
  if (!/\S.* · cardwatch$/.test(document.title)) wrong.push(`the title is '${document.title}'`);
  const text = document.body.innerText;
  for (const slip of ["undefined", "NaN", "[object", "None", "Some("]) {
    if (text.includes(slip)) wrong.push(`it says '${slip}'`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
  if (twice.length > 0) wrong.push(`ids given twice: ${twice.slice(0, 3)}`);
  return wrong;
}
