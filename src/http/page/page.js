// Times in the reader's zone, and the page read anew while it is looked at. Without this script everything is there
// all the same: times in UTC, and a link that reads the page anew.
"use strict";
const EVERY_MS = 30_000;
const WHILE_A_SWEEP_RUNS_MS = 5_000;
// Whoever did nothing for so long does not read with the keyboard any more: the page on the second screen goes on.
const AWAY_AFTER_MS = 120_000;
let lastTouched = -AWAY_AFTER_MS;

function localTimes(root) {
  const today = new Date();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const sameDay = at.toDateString() === today.toDateString();
    const sameYear = at.getFullYear() === today.getFullYear();
    const date = sameDay ? {} : { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) };
    time.textContent = at.toLocaleString(undefined, { ...date, hour: "2-digit", minute: "2-digit" });
  }
}

// What is read anew.
const PARTS = ["main", "p.now"];

// Whoever is typing, choosing or reading with the keyboard inside the page is not disturbed, and what somebody began to
// ask for is never thrown away.
function isBusy() {
  if (document.hidden || isHalfAsked()) return true;
  if (performance.now() - lastTouched > AWAY_AFTER_MS) return false;
  return document.activeElement.closest(PARTS.join()) !== null || String(getSelection()) !== "";
}

function isHalfAsked() {
  const typed = [...document.querySelectorAll("main input")].some((input) => input.value !== input.defaultValue);
  const options = [...document.querySelectorAll("main option")];
  return typed || options.some((option) => option.selected !== (option.defaultSelected || isFirstByDefault(option)));
}

// Where no option was chosen when the page came, the first one is.
function isFirstByDefault(option) {
  const all = [...option.closest("select").options];
  return option === all[0] && !all.some((other) => other.defaultSelected);
}

async function refresh() {
  if (isBusy()) return;
  let answers = false;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
    // A page that tells that something is over is news as well; what is no page is none.
    answers = (answer.headers.get("content-type") ?? "").startsWith("text/html");
    if (answers && !isBusy()) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    answers = false;
  }
  // The daemon restarts, or the network is away: what is shown must not pass for what is true.
  document.querySelector("p.lost").hidden = answers;
}

function show(fresh) {
  // A proxy's page to sign in at has neither.
  const parts = PARTS.map((part) => [document.querySelector(part), fresh.querySelector(part)]);
  if (parts.some(([, news]) => news === null)) throw new Error("not a page of ours");
  localTimes(fresh);
  parts.forEach(([old, news]) => old.replaceWith(news));
  document.title = fresh.title;
}

function goOn() {
  setTimeout(() => refresh().finally(goOn), document.querySelector("progress") ? WHILE_A_SWEEP_RUNS_MS : EVERY_MS);
}

for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, () => { lastTouched = performance.now(); }, { passive: true });
}
document.addEventListener("visibilitychange", refresh);
localTimes(document);
goOn();
