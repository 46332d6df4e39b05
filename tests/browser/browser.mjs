// The browser and the ways to look at a page. Owns starting it and noticing what a page does beside being shown; what a
// page must hold is in checks.mjs.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

/** What the Rust test knows: the address of the daemon, where pictures go, which address shows what. */
export const facts = JSON.parse(readFileSync(process.argv[2], "utf8"));

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** The ways in which each page is looked at. */
export const LOOKS = {
  light: { viewport: DESK, colorScheme: "light" },
  dark: { viewport: DESK, colorScheme: "dark" },
  phone: { viewport: PHONE, colorScheme: "light", hasTouch: true, isMobile: true },
};

/** As root it needs to do without its sandbox; it must not look for its maker's hosts. */
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export const start = () => chromium.launch({ executablePath: facts.chromium, args: FLAGS });

/** A reader with a zone of their own, far from UTC and from every hour of it. */
export const ZONE = "Asia/Kathmandu";

export const reader = (browser, look) =>
  browser.newContext({ baseURL: facts.base, locale: "en-GB", timezoneId: ZONE, ...look });

/** A page of its own, and the list that grows with whatever it does that it must not do. */
export async function open(context) {
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(`an error of its script: ${error}`));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    // Said of a page that rightly answers 404; its status is checked elsewhere.
    const itself = message.text().startsWith("Failed to load resource") && message.location().url === page.url();
    if (["error", "warning"].includes(message.type()) && !itself) faults.push(`on the console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const own = request.url().startsWith(`${facts.base}/`) || request.url().startsWith("data:");
    // Told of before it is sent, and of one that the policy stops as well.
    if (!own) faults.push(`a request to elsewhere: ${request.url()}`);
  });
  page.on("response", (response) => {
    const part = response.request().resourceType() !== "document";
    if (part && !response.ok()) faults.push(`${response.status()} for ${response.url()}`);
  });
  return { page, faults };
}
