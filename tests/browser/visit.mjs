// Opening one address in every look, with all checks and a picture of each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOKS, facts, open, reader } from "./browser.mjs";
import { NARROW, faultsOf, overflow } from "./checks.mjs";

/** Looks at an address in each of these looks. Gives what is wrong, and the addresses of this house that it links to. */
async function visit(browser, looks, { name, path, status = 200 }) {
  const links = new Set();
  const looked = looks.map(async (look) => {
    const context = await reader(browser, LOOKS[look]);
    try {
      const { page, faults } = await open(context);
      const answer = await page.goto(path, { waitUntil: "load" });
      if (answer.status() !== status) faults.push(`status ${answer.status()}, not ${status}`);
      faults.push(...(await faultsOf(page)));
      await page.screenshot({ path: `${facts.pictures}/${`${name} ${look}`.replaceAll(" ", "-")}.png`, fullPage: true });
      if (look === "phone") {
        await page.setViewportSize(NARROW);
        faults.push(...(await page.evaluate(overflow)));
      }
      for (const link of await page.evaluate(() => [...document.links].map((link) => link.href))) links.add(link);
      return faults.map((fault) => `${look}: ${fault}`);
    } finally {
      await context.close();
    }
  });
  const faults = (await Promise.all(looked)).flat();
  return { faults, links: [...links].filter((link) => link.startsWith(`${facts.base}/`)) };
}

/** One test for each address: it holds in each of these looks. Gives all that they link to. */
export async function visitAll(t, browser, addresses, looks = Object.keys(LOOKS)) {
  const links = new Set();
  for (const address of addresses) {
    await t.test(`${address.name}: ${address.path}`, async () => {
      const visited = await visit(browser, looks, address);
      const itself = facts.base + address.path;
      const bare = visited.links.map((link) => link.split("#")[0]);
      bare.filter((link) => link !== itself).forEach((link) => links.add(link));
      assert.deepEqual(visited.faults, []);
    });
  }
  return [...links];
}

/** So many links are followed. */
const MOST_LINKS = 400;

/** That each of these addresses answers, and brings the headers that a browser needs. */
export async function follow(links) {
  const dead = [];
  const follow = async (link) => {
    const answer = await fetch(link);
    await answer.arrayBuffer();
    if (!answer.ok) dead.push(`${answer.status} for ${link}`);
    const policy = answer.headers.get("content-security-policy") ?? "";
    if (!policy.includes("default-src 'none'") || /unsafe/.test(policy)) dead.push(`${link} has the policy '${policy}'`);
    if (answer.headers.get("x-content-type-options") !== "nosniff") dead.push(`${link} may be sniffed`);
    if (answer.headers.get("x-frame-options") !== "DENY") dead.push(`${link} may be framed`);
  };
  const queue = links.slice(0, MOST_LINKS);
  const worker = async () => {
    for (let link = queue.pop(); link !== undefined; link = queue.pop()) await follow(link);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return dead;
}
