// A house in which nothing is known yet: one instance without a card, one whose first sweep is under way.
import { test } from "node:test";
import { start } from "./browser.mjs";
import { visitAll } from "./visit.mjs";

const ADDRESSES = [
  { name: "status", path: "/" },
  { name: "search", path: "/?q=anything" },
  { name: "empty instance", path: "/instances/empty" },
  { name: "instance under way", path: "/instances/begun" },
];

test("a house in which nothing is known yet", async (t) => {
  const browser = await start();
  t.after(() => browser.close());
  await visitAll(t, browser, ADDRESSES);
});
