// Times in the reader's zone, and the page read anew while it is looked at. Without this script everything is there
// all the same: times in the instance's zone, and a link that reads the page anew.
"use strict";
const EVERY_MS = 30_000;

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
  return document.hidden || main.contains(document.activeElement) || String(getSelection()) !== "";
}

async function refresh() {
  const main = document.querySelector("main");
  if (isBusy(main)) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isBusy(main)) return;
    localTimes(fresh);
    for (const part of ["main", "p.now"]) {
      document.querySelector(part).replaceWith(fresh.querySelector(part));
    }
    document.title = fresh.title;
  } catch {
    // The daemon restarts, or the network is away: what is shown says as of when it is.
  }
}

localTimes(document);
setInterval(refresh, EVERY_MS);
