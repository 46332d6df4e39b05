// A house with a past of three weeks: three instances, some 380 cards, incidents of many causes, hostile texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { facts, start } from "./browser.mjs";
import * as keyboard from "./keyboard.mjs";
import * as mail from "./mail.mjs";
import * as plain from "./plain.mjs";
import * as script from "./script.mjs";
import { follow, visitAll } from "./visit.mjs";

const ADDRESSES = [
  { name: "status", path: "/" },
  { name: "search", path: "/?q=revenue" },
  { name: "search for broken", path: "/?state=broken&instance=acme" },
  { name: "search for hostile text", path: `/?q=${encodeURIComponent("\"><script>alert(1)</script>")}` },
  { name: "search that is refused", path: "/?state=sleepy", status: 400 },
  { name: "instance", path: "/instances/acme" },
  { name: "small instance", path: "/instances/globex" },
  { name: "instance that cannot be checked", path: "/instances/initech" },
  ...Object.entries(facts.pages).map(([name, path]) => ({ name, path })),
  { name: "runbook", path: "/runbook" },
  { name: "nowhere", path: "/nowhere", status: 404 },
  { name: "no such instance", path: "/instances/nobody", status: 404 },
  { name: "no such page", path: "/instances/acme/pages/1", status: 404 },
  { name: "no such card", path: "/instances/acme/cards/1", status: 404 },
];

test("a house with a past", async (t) => {
  const browser = await start();
  t.after(() => browser.close());
  const links = await visitAll(t, browser, ADDRESSES);
  const of = (pattern) => links.map((link) => link.slice(facts.base.length)).find((path) => pattern.test(path));
  const more = [
    { name: "incident", path: of(/^\/\?incident=/) },
    { name: "page of Domo", path: of(/^\/instances\/acme\/pages\//) },
  ];
  links.push(...(await visitAll(t, browser, more)));
  await t.test(`each of ${links.length} links leads somewhere`, async () => {
    assert.deepEqual(await follow([...new Set(links)]), []);
  });
  for (const [name, promise] of [plain, script, keyboard, mail].flatMap(Object.entries)) {
    await t.test(name.replaceAll("_", " "), () => promise(browser));
  }
});
