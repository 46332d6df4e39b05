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

// Whoever is typing, choosing or reading with the keyboard inside the page is not disturbed.
function isBusy(main) {
  if (document.hidden) return true;
  if (performance.now() - lastTouched > AWAY_AFTER_MS) return false;
  return main.contains(document.activeElement) || String(getSelection()) !== "";
}

async function refresh() {
  const main = document.querySelector("main");
  if (isBusy(main)) return;
  let answers = false;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
    // A page that tells that something is over is news as well; what is no page is none.
    answers = (answer.headers.get("content-type") ?? "").startsWith("text/html");
    if (answers && !isBusy(main)) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    answers = false;
  }
  // The daemon restarts, or the network is away: what is shown must not pass for what is true.
  document.querySelector("p.lost").hidden = answers;
}

function show(fresh) {
  localTimes(fresh);
  for (const part of ["main", "p.now"]) {
    document.querySelector(part).replaceWith(fresh.querySelector(part));
  }
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
