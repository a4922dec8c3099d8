// The tables and the findings beside the lanes; rows are filled anew with every frame, and made only when there are more.

import { duration, place, transaction } from "./feed.js";

/** An element with a class and text; text is set as text, whatever it holds. */
function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Lines of one cell: [text, class] each. */
function cell(td, lines, className = "") {
  if (td.className !== className) td.className = className;
  while (td.children.length > lines.length) td.lastChild.remove();
  while (td.children.length < lines.length) td.append(element("div"));
  lines.forEach(([text, kind], index) => {
    const line = td.children[index];
    put(line, text);
    if (line.className !== kind) line.className = kind;
    if (kind !== "text" && line.title !== text) line.title = text;
  });
}

/** Fill a table with rows of cells; without any it says `nothing`. */
function fill(section, rows, nothing, more = "") {
  const body = section.querySelector("tbody");
  const told = rows.length ? rows : [[[[nothing, "nothing"]]]];
  while (body.rows.length > told.length) body.lastChild.remove();
  while (body.rows.length < told.length) body.append(element("tr"));
  told.forEach((cells, index) => {
    const row = body.rows[index];
    while (row.cells.length > cells.length) row.lastChild.remove();
    while (row.cells.length < cells.length) row.append(element("td"));
    cells.forEach((lines, column) => cell(row.cells[column], lines, typeof lines[0][2] === "string" ? lines[0][2] : ""));
    row.cells[0].colSpan = rows.length ? 1 : section.querySelectorAll("th").length;
  });
  let note = section.querySelector(".more");
  if (more && !note) section.append(note = element("p", "more"));
  if (note) put(note, more);
}

function code(site, verb = "") {
  if (!site) return [["the line is not known", "quiet"]];
  return [[site[3] || site[2] || "", "code"], [`${verb}${place(site)}${site[2] ? ` in ${site[2]}` : ""}`, "quiet"]];
}

export function connections(section, frame) {
  const sites = frame.sites;
  const open = new Map(frame.open.map((row) => transaction(row, sites)).map((told) => [`${told.process}:${told.session}`, told]));
  const rows = frame.connections.map(([process, number, session, worker, since, at]) => {
    const told = open.get(`${process}:${session}`);
    const idle = told ? `, idle for ${duration(told.idleMs)} at most` : "";
    const waits = told?.waitsAt ? [[`waits at ${place(told.waitsAt)}: ${told.waitsAt[3]}`, "quiet"]] : [];
    const who = worker || told?.worker || "a connection without a session";
    return [
      [[duration((frame.at - since) * 1000), frame.at - since > 1 ? "long" : "", "number"]],
      [[who, ""], [session ? `session ${session}${idle}` : `connection ${number}`, "quiet"]],
      [...code(sites[at]), ...waits],
    ];
  });
  const more = frame.connectionCount - rows.length;
  fill(section, rows, "No connection is out of its pool.", more > 0 ? `and ${more.toLocaleString("en")} more` : "");
}

export function statements(section, frame) {
  const rows = frame.statements.map(([sql, at, count, lazy, ms, most]) => {
    const badge = lazy > 1 && most > 1 ? [[`N+1: up to ${most} times in one transaction`, "badge"]]
      : most >= 10 ? [[`up to ${most} times in one transaction`, "badge mild"]] : [];
    return [
      [[count.toLocaleString("en"), "", "number"]],
      [[ms.toLocaleString("en", { maximumFractionDigits: ms < 10 ? 1 : 0 }), "", "number"]],
      [...badge, [sql, "sql"], ...(frame.sites[at] ? [[`${place(frame.sites[at])}  ${frame.sites[at][3]}`, "quiet code"]] : [])],
    ];
  });
  fill(section, rows, "No statement was sent.");
}

export function slowest(section, frame) {
  const rows = frame.slowest.map((row) => transaction(row, frame.sites)).map((told) => [
    [[duration((told.ended - told.began) * 1000), "", "number"]],
    [[duration(told.sqlMs), "", "number"], [`${told.statements} sent`, "quiet"]],
    [[told.worker, ""], [told.outcome, "quiet"]],
    code(told.beganAt),
  ]);
  fill(section, rows, "No transaction has ended.");
}

export function idlest(section, frame) {
  const open = frame.open.map((row) => transaction(row, frame.sites));
  const ended = frame.idlest.map((row) => transaction(row, frame.sites));
  const all = [...open, ...ended].filter((told) => told.idleMs >= 1).sort((one, other) => other.idleMs - one.idleMs);
  const rows = all.slice(0, 10).map((told) => [
    [[duration(told.idleMs), told.ended ? "" : "long", "number"]],
    [[duration(((told.ended || frame.at) - told.began) * 1000), "", "number"]],
    [[told.worker, ""], [told.ended ? told.outcome : "still open", "quiet"]],
    [...code(told.lastAt ?? told.beganAt), ...(told.waitsAt ? [[`waits at ${place(told.waitsAt)}: ${told.waitsAt[3]}`, "quiet"]] : [])],
  ]);
  fill(section, rows, "No transaction was idle.");
}

export class Findings {
  constructor(list, count) {
    Object.assign(this, { list, count, shown: new Map() });
  }

  clear() {
    this.list.replaceChildren();
    this.shown.clear();
  }

  /** Show those that were seen by a time, the latest on top. */
  show(findings, at) {
    const told = [...findings.values()].filter((finding) => finding.first <= at + 0.3);
    for (const finding of told) {
      if (!this.shown.has(finding.number)) this.add(finding);
      const { often, node } = this.shown.get(finding.number);
      node.hidden = false;
      put(often, `${finding.count.toLocaleString("en")} ×`);
    }
    for (const [number, { node }] of this.shown) node.hidden = !told.some((finding) => finding.number === number);
    put(this.count, String(told.length));
    this.nothing ??= element("p", "nothing", "Nothing was found so far.");
    if (told.length) this.nothing.remove(); else if (!this.nothing.isConnected) this.list.prepend(this.nothing);
  }

  add(finding) {
    const node = element("details", `finding ${finding.severity}`);
    const summary = element("summary");
    const often = element("span", "often");
    const head = element("span", "head");
    head.append(element("span", `severity ${finding.severity}`, finding.severity), element("b", "", finding.slug), often);
    summary.append(head, element("span", "message", finding.message), element("span", "quiet code", `${finding.file}:${finding.line}`));
    node.append(summary, story(finding));
    if (finding.fix) node.append(labelled("do", finding.fix));
    node.append(labelled("more", `hermetic explain ${finding.slug}`));
    this.shown.set(finding.number, { node, often });
    this.list.prepend(node);
  }
}

function labelled(label, text) {
  const line = element("p", "labelled");
  line.append(element("span", "quiet", label), " ", element("span", "", text));
  return line;
}

function story(finding) {
  const list = element("ol", "story");
  const steps = finding.story.some((step) => step.file === finding.file && step.line === finding.line)
    ? finding.story : [...finding.story, { file: finding.file, line: finding.line, text: "", source: finding.source }];
  let file = finding.file;
  for (const step of steps) {
    const item = element("li");
    if (step.file !== file) item.append(element("span", "quiet code", step.file));
    file = step.file;
    item.append(element("span", "line", String(step.line)), element("code", "", step.source), element("span", "happened", step.text));
    list.append(item);
  }
  return list;
}

/** All that is known of the chosen transaction. */
export function chosen(section, told, processes) {
  if (!told) {
    section.replaceChildren();
    return;
  }
  const list = element("dl");
  const rows = [
    ["for", `${told.worker} (${told.workerKind}) of pid ${processes.find((each) => each[0] === told.process)?.[1] ?? "?"}`],
    ["session", `${told.kind} ${told.session}, opened at ${place(told.openedAt) || "a line that is not known"}`],
    ["transaction", `${told.ended ? `${told.outcome} after ${duration((told.ended - told.began) * 1000)}` : "open"}, begun at ${place(told.beganAt)}: ${told.beganAt?.[3] ?? ""}`],
    ["statements", `${told.statements} in ${duration(told.sqlMs)}, ${told.lazyLoads} of them lazy loads; idle for ${duration(told.idleMs)} at most`],
    ["last statement", told.lastAt ? `${place(told.lastAt)}: ${told.lastAt[3]}` : "none"],
  ];
  if (told.waitsAt) rows.push(["waits at", `${place(told.waitsAt)}: ${told.waitsAt[3]}`]);
  for (const [name, text] of rows) list.append(element("dt", "", name), element("dd", "", text));
  if (section.textContent !== list.textContent) section.replaceChildren(list);
}
