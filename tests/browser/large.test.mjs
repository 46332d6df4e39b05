// A house of 10,000 cards of which 800 are broken.
import assert from "node:assert/strict";
import { test } from "node:test";
import { facts, start } from "./browser.mjs";
import { follow, visitAll } from "./visit.mjs";

/** A page weighs at most so much, in bytes, before it is packed. */
const HEAVIEST = 500_000;

const ADDRESSES = [
  { name: "status", path: "/" },
  { name: "search for broken", path: "/?state=broken" },
  { name: "search", path: "/?q=revenue&from=9950" },
  { name: "incident", path: "/?incident=1" },
  { name: "instance", path: "/instances/acme" },
  { name: "page of Domo", path: "/instances/acme/pages/5000" },
  { name: "card", path: "/instances/acme/cards/100000000" },
];

test("a very large house", async (t) => {
  const browser = await start();
  t.after(() => browser.close());
  const links = await visitAll(t, browser, ADDRESSES, ["light", "phone"]);
  await t.test("no page is heavy", async () => {
    for (const { path } of ADDRESSES) {
      const { byteLength } = await (await fetch(facts.base + path)).arrayBuffer();
      assert.ok(byteLength < HEAVIEST, `${path} weighs ${byteLength} bytes`);
    }
  });
  await t.test(`each of ${links.length} links leads somewhere`, async () => {
    assert.deepEqual(await follow(links), []);
  });
});
