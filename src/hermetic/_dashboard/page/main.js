// Puts what the run tells on the page: the latest, or a moment of the last minute.

import { Feed } from "./feed.js";
import { Lanes } from "./lanes.js";
import * as panels from "./panels.js";

// Tables change with each frame, five times a second; so do lanes, and twice as often where one sees them move between.
const DRAWN_MS = 100, SEEN_TO_MOVE_S = 15;
const still = matchMedia("(prefers-reduced-motion: reduce)");

const by = (id) => document.getElementById(id);
const lanes = new Lanes(by("scroller"), by("spacer"), by("canvas"));
const findings = new panels.Findings(by("finding-list"), by("finding-count"));
const feed = new Feed(take, restart);
const view = { pausedAt: 0, span: 15, shown: null, drawn: 0 };

function restart(run) {
  lanes.clear();
  findings.clear();
  by("command").textContent = run.command;
  document.title = `${run.command} · hermetic`;
}

function take(frame) {
  lanes.take(frame);
  view.isNew = true;
}

/** The time that is shown, in seconds of the epoch. */
function shownTime() {
  return view.pausedAt ? Math.max(view.pausedAt, feed.frames[0]?.at ?? 0) : feed.now;
}

function pause(at) {
  view.pausedAt = at;
  view.isNew = true;
  by("pause").textContent = at ? "Back to now" : "Pause";
  if (!at) by("scrub").value = 0;
  draw();
}

function draw() {
  if (!feed.last) return tellState();
  const at = shownTime();
  const frame = view.pausedAt ? feed.frameAt(at) : feed.last;
  const back = Math.min(at - feed.now, 0);
  if (view.pausedAt && document.activeElement !== by("scrub")) by("scrub").value = back;
  by("scrubbed").textContent = view.pausedAt ? `${Math.abs(back).toFixed(0)} s ago` : "now";
  by("scrub").setAttribute("aria-valuetext", by("scrubbed").textContent);
  lanes.draw(at, view.span, feed.findings.values());
  if (frame !== view.shown || view.isNew) {
    view.shown = frame;
    view.isNew = false;
    figures(frame);
    findings.show(feed.findings, frame.at);
    for (const name of ["connections", "statements", "slowest", "idlest"]) panels[name](by(name), frame);
    panels.chosen(by("chosen"), lanes.chosen, feed.last.processes);
  }
  tellState();
}

function figures(frame) {
  by("rate").textContent = Math.round(frame.rate).toLocaleString("en");
  by("open-count").textContent = frame.openCount.toLocaleString("en");
  by("connection-count").textContent = frame.connectionCount.toLocaleString("en");
  by("process-count").textContent = String(frame.processes.filter((process) => !process[7]).length);
}

function tellState() {
  const { last } = feed;
  const state = by("state");
  let [text, kind] = ["live", "live"];
  if (last && last.over !== null) [text, kind] = [`ended with exit code ${last.over}`, "ended"];
  else if (!feed.isConnected) [text, kind] = [last ? "connection lost, trying again" : "connecting", "ended"];
  else if (view.pausedAt) [text, kind] = ["paused", "paused"];
  if (last?.dropped) text += ` · ${last.dropped.toLocaleString("en")} transactions not shown`;
  if (state.textContent !== text) state.textContent = text;
  if (state.className !== kind) state.className = kind;
  empty(last);
}

/** What to do when there is nothing to see. */
function empty(last) {
  const processes = last?.processes ?? [];
  const hasSeen = lanes.groups.size > 0 || (last?.statements.length ?? 0) > 0 || feed.findings.size > 0;
  by("empty").hidden = hasSeen || !last;
  if (hasSeen || !last) return;
  const off = processes.flatMap((process) => process[5]);
  const [title, text] = last.over !== null
    ? ["The program has ended, and no session was used", "Run it again with something that asks the database."]
    : processes.length
      ? ["Watching; no session was used so far", `Pid ${processes.map((process) => process[1]).join(", ")} ${processes.length > 1 ? "have" : "has"} SQLAlchemy. Send your application a request, or start a job: its sessions appear here while they live.`]
      : ["Waiting for a Python that imports SQLAlchemy", "It is looked for in the program and in every process below it. Where it runs as python -S, -E or -I, or without PYTHONPATH, call hermetic.watch() in it instead."];
  by("empty-title").textContent = title;
  by("empty-text").textContent = [text, ...off].join(" ");
}

function loop(now) {
  requestAnimationFrame(loop);
  const isDue = view.isNew || !feed.last || (view.span <= SEEN_TO_MOVE_S && !view.pausedAt && !still.matches);
  if (!isDue || now - view.drawn < DRAWN_MS || document.hidden) return;
  view.drawn = now;
  draw();
}

by("pause").addEventListener("click", () => pause(view.pausedAt ? 0 : feed.now));
by("scrub").addEventListener("input", (event) => pause(Number(event.target.value) ? feed.now + Number(event.target.value) : 0));
by("span").addEventListener("change", (event) => { view.span = Number(event.target.value); draw(); });
by("scroller").addEventListener("scroll", draw);
by("scroller").addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (event.key === "Escape") choose(null);
  if (!way) return;
  event.preventDefault();
  lanes.move(...way);
  choose(lanes.chosen);
});
by("canvas").addEventListener("click", (event) => choose(lanes.at(event.offsetX, event.offsetY)));
document.addEventListener("keydown", (event) => {
  const isTyped = event.target.closest("button, input, select, summary, a");
  if (event.key === " " && !isTyped) {
    event.preventDefault();
    by("pause").click();
  }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { lanes.recolour(); draw(); });
addEventListener("resize", draw);

function choose(told) {
  lanes.chosen = told;
  panels.chosen(by("chosen"), told, feed.last?.processes ?? []);
  draw();
}

feed.connect("frames");
requestAnimationFrame(loop);
