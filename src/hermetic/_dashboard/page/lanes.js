// Sessions and their transactions as bars along time: each session in a row that is free, rows below their process.
// Only the rows and the time that are to be seen are drawn, and those side by side that are thinner than two pixels as one.

import { transaction } from "./feed.js";

const ROW = 22, HEAD = 26, RULER = 22;
// Bars that are drawn as one have the colour of the latest of them, over no more than so many pixels.
const MERGED = 6;
const KINDS = { request: "requests", task: "tasks", thread: "threads" };
const COLOURS = ["open", "committed", "rolled-back", "closed", "lost", "session", "text", "quiet", "line", "face", "error", "warning", "info"];

class Group {
  constructor(process, kind) {
    this.process = process;
    this.kind = kind;
    this.slots = [];
  }

  /** The row for a session: that of its worker, else one that is free; a thread that lives keeps its row to itself. */
  slotFor(use) {
    const free = this.slots.filter((slot) => slot.until <= use.used);
    let slot = free.find((each) => each.worker === use.worker)
      ?? free.find((each) => this.kind !== "thread" || use.used - each.until > 60);
    if (!slot) {
      slot = { uses: [], until: 0, worker: "" };
      this.slots.push(slot);
    }
    slot.worker = use.worker;
    slot.until = use.closed || Infinity;
    slot.uses.push(use);
    return slot;
  }

  /** Whether any session of it was used in a time. */
  isSeen(from, until) {
    return this.slots.some((slot) => slot.uses.some((use) => use.used <= until && (!use.closed || use.closed >= from)));
  }

  forget(before) {
    for (const slot of this.slots) {
      const stale = slot.uses.findIndex((use) => !use.closed || use.closed > before);
      if (stale === -1) slot.uses = [];
      else if (stale > 200 || stale === slot.uses.length) slot.uses.splice(0, stale);
    }
    while (this.slots.length && !this.slots.at(-1).uses.length) this.slots.pop();
  }
}

export class Lanes {
  constructor(scroller, spacer, canvas) {
    Object.assign(this, { scroller, spacer, canvas, context: canvas.getContext("2d"), chosen: null });
    this.clear();
    this.recolour();
  }

  clear() {
    this.groups = new Map();
    this.uses = new Map();
    this.processes = [];
    this.chosen = null;
  }

  recolour() {
    const style = getComputedStyle(document.documentElement);
    this.colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  /** Add what a frame tells. */
  take(frame) {
    this.processes = frame.processes;
    const closed = new Map(frame.closed.map(([process, session, used, at]) => [`${process}:${session}:${used}`, at]));
    const rows = [...frame.ended, ...frame.open].map((row) => transaction(row, frame.sites));
    const idle = frame.sessions.map(([process, session, kind, worker, workerKind, used]) =>
      ({ process, session, kind, worker, workerKind, used, isSession: true }));
    const alive = new Set();
    for (const [key, at] of closed) this.end(key, at);
    for (const told of [...rows, ...idle].sort((one, other) => one.used - other.used)) {
      const key = `${told.process}:${told.session}:${told.used}`;
      const use = this.uses.get(key) ?? this.begin(key, told, closed.get(key) ?? 0);
      if (!told.isSession) use.transactions.set(told.number, told);
      if (!told.isSession && this.isChosen(told)) this.chosen = told;
      alive.add(key);
    }
    for (const [key, at] of closed) this.end(key, at);
    const isWhole = frame.open.length === frame.openCount && frame.sessions.length < 200;
    for (const key of isWhole ? [...this.uses.keys()] : []) if (!alive.has(key)) this.end(key, frame.at);
    for (const group of this.groups.values()) group.forget(frame.at - 65);
  }

  begin(key, told, closed) {
    const name = `${told.process}:${told.workerKind}`;
    if (!this.groups.has(name)) this.groups.set(name, new Group(told.process, told.workerKind));
    const use = { ...told, closed, plain: null, transactions: new Map() };
    use.slot = this.groups.get(name).slotFor(use);
    this.uses.set(key, use);
    return use;
  }

  end(key, at) {
    const use = this.uses.get(key);
    if (!use) return;
    use.closed = at;
    use.plain = plain(use);
    use.slot.until = at;
    this.uses.delete(key);
  }

  /** The rows from top to bottom: a head for each process that did something meanwhile, and its slots. */
  layout(from, until) {
    const rows = [];
    let top = RULER;
    const known = new Map(this.processes.map((process) => [process[0], process]));
    for (const [name, group] of this.groups) {
      const process = known.get(group.process);
      if (!process) this.groups.delete(name);
      if (!process || !group.isSeen(from, until)) continue;
      rows.push({ top, height: HEAD, head: headOf(process, group) });
      top += HEAD;
      for (const slot of group.slots) {
        rows.push({ top, height: ROW, slot });
        top += ROW;
      }
    }
    this.rows = rows;
    return top;
  }

  /** Draw the time up to `until`, of so many seconds, with marks where findings were seen first. */
  draw(until, span, findings) {
    const { scroller, canvas, context, colours } = this;
    const width = scroller.clientWidth, height = scroller.clientHeight, scale = devicePixelRatio || 1;
    this.spacer.style.height = `${Math.max(this.layout(until - span, until) + 6, height)}px`;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.gutter = width < 560 ? 96 : 190;
    this.view = { from: until - span, until, span, scrolled: scroller.scrollTop, width, height };
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = colours.face;
    context.fillRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    this.grid();
    for (const row of this.rows) {
      const top = row.top - this.view.scrolled;
      if (top + row.height < RULER || top > height) continue;
      if (row.head) this.head(row.head, top); else this.slot(row.slot, top);
    }
    this.ruler(findings);
  }

  x(at) {
    const { from, span, width } = this.view;
    return this.gutter + ((at - from) / span) * (width - this.gutter);
  }

  grid() {
    const { context, colours, view } = this;
    context.fillStyle = colours.line;
    this.step = view.span <= 5 ? 1 : view.span <= 15 ? 3 : 10;
    for (let back = 0; back <= view.span; back += this.step) {
      context.fillRect(Math.round(this.x(view.until - back)) - 1, RULER, 1, view.height);
    }
  }

  head(text, top) {
    const { context, colours, view } = this;
    context.fillStyle = colours.line;
    context.fillRect(0, top + HEAD - 1, view.width, 1);
    context.fillStyle = colours.text;
    this.write(text, 8, top + HEAD / 2, view.width - 16);
  }

  write(text, x, y, room) {
    let shown = text;
    while (shown.length > 1 && this.context.measureText(shown).width > room) {
      shown = `${shown.slice(0, Math.floor(shown.length * 0.85) - 1)}…`;
    }
    if (shown.length > 1) this.context.fillText(shown, x, y);
  }

  slot(slot, top) {
    const { context, colours, view, gutter } = this;
    const y = top + 3, height = ROW - 6;
    let isNamed = false, run = null;
    const flush = () => {
      if (!run) return;
      this.fill(run.colour, run.left, y, run.right - run.left, height - 4);
      this.fill("session", run.left, y + height - 3, run.right - run.left, 3);
      run = null;
    };
    for (let index = slot.uses.length - 1; index >= 0; index -= 1) {
      const use = slot.uses[index];
      if (use.closed && use.closed < view.from) break;
      if (use.used > view.until) continue;
      if (!isNamed) {
        context.fillStyle = colours.quiet;
        this.write(use.worker, 16, top + ROW / 2, gutter - 24);
        isNamed = true;
      }
      const left = Math.max(this.x(use.used), gutter);
      if (run && use.plain && left > run.left - 0.5) continue;
      const right = Math.min(this.x(use.closed || view.until), view.width);
      const colour = right - left < 2 ? use.plain : null;
      if (colour) {
        if (run && run.left - right < 1 && run.right - run.left < MERGED) run.left = Math.min(left, run.left);
        else {
          flush();
          run = { left, right: Math.max(right, left + 1.5), colour };
        }
        continue;
      }
      flush();
      this.fill("session", left, y + height - 3, Math.max(right - left, 1), 3);
      for (const told of use.transactions.values()) this.bar(told, y, height);
    }
    flush();
    if (this.chosen) this.frameChosen(slot, y, height);
  }

  fill(colour, x, y, width, height) {
    this.context.fillStyle = this.colours[colour];
    this.context.fillRect(x, y, width, height);
  }

  bar(told, y, height) {
    const { view, gutter } = this;
    if (told.began > view.until || (told.ended && told.ended < view.from)) return;
    const isOpen = !told.ended || told.ended > view.until;
    const left = Math.max(this.x(told.began), gutter);
    const right = Math.min(this.x(isOpen ? view.until : told.ended), view.width);
    this.fill(isOpen ? "open" : colourOf(told.outcome), left, y, Math.max(right - left, 1.5), height - 4);
  }

  /** The chosen one may be one of many that are drawn as one. */
  frameChosen(slot, y, height) {
    const told = this.shown(slot).find((each) => this.isChosen(each));
    if (told) this.frame(this.x(told.began), Math.min(this.x(told.ended || this.view.until), this.view.width), y, height);
  }

  /** What is chosen has a frame around it. */
  frame(left, right, y, height) {
    const { context } = this;
    context.strokeStyle = this.colours.text;
    context.lineWidth = 2;
    context.strokeRect(left - 1, y - 1, Math.max(right - left, 2) + 2, height);
  }

  ruler(findings) {
    const { context, colours, view } = this;
    context.fillStyle = colours.face;
    context.fillRect(0, 0, view.width, RULER);
    context.fillStyle = colours.quiet;
    for (let back = this.step; back < view.span; back += this.step) {
      const label = `−${back} s`, x = this.x(view.until - back);
      if (x > this.gutter + 20) context.fillText(label, x - context.measureText(label).width / 2, RULER / 2);
    }
    for (const finding of findings) {
      if (finding.first < view.from || finding.first > view.until) continue;
      const x = this.x(finding.first);
      context.fillStyle = colours[finding.severity];
      context.beginPath();
      context.moveTo(x - 5, RULER - 8);
      context.lineTo(x + 5, RULER - 8);
      context.lineTo(x, RULER);
      context.fill();
    }
  }

  /** Whether a transaction is the chosen one; an open one is told anew with every frame. */
  isChosen(told) {
    return this.chosen !== null && told.process === this.chosen.process && told.number === this.chosen.number;
  }

  /** The transaction at a point of the canvas. */
  at(x, y) {
    const row = this.rows.find((each) => each.slot && y + this.view.scrolled >= each.top && y + this.view.scrolled < each.top + ROW);
    if (!row) return null;
    let best = null, nearest = 6;
    for (const told of this.shown(row.slot)) {
      const left = this.x(told.began), right = this.x(told.ended || this.view.until);
      const away = x < left ? left - x : x > right ? x - right : 0;
      if (away < nearest) [best, nearest] = [told, away];
    }
    return best;
  }

  /** The transactions of a row that are to be seen, in their order. */
  shown(slot) {
    const { from, until } = this.view;
    return slot.uses.flatMap((use) => [...use.transactions.values()])
      .filter((told) => told.began <= until && (!told.ended || told.ended >= from))
      .sort((one, other) => one.began - other.began);
  }

  /** Go from the chosen transaction to one beside it: so many along time, so many rows down. */
  move(along, down) {
    const rows = this.rows.filter((row) => row.slot && this.shown(row.slot).length);
    if (!rows.length) return;
    let row = rows.find((each) => this.shown(each.slot).some((told) => this.isChosen(told)));
    if (!row || down) {
      const index = row ? rows.indexOf(row) + down : 0;
      row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    }
    const told = this.shown(row.slot);
    const index = told.findIndex((each) => this.isChosen(each));
    const next = index === -1 ? told.length - 1 : index + along;
    this.chosen = told[Math.min(Math.max(next, 0), told.length - 1)];
    const { scroller } = this;
    if (row.top < scroller.scrollTop + RULER) scroller.scrollTop = row.top - RULER;
    if (row.top + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = row.top + ROW - scroller.clientHeight;
  }
}

function headOf([, pid, argv, , , , , ended], group) {
  const words = argv.map((word, index) => (index === 0 ? word.split(/[\\/]/).at(-1) : word)).join(" ");
  return `pid ${pid} · ${KINDS[group.kind]}${ended ? " · process ended" : ""} · ${words}`;
}

/** The colour of a session that one cannot tell from those beside it; null for one that must be seen. */
function plain(use) {
  if (use.transactions.size > 1) return null;
  for (const told of use.transactions.values()) {
    const colour = told.ended ? colourOf(told.outcome) : "open";
    return colour === "committed" || colour === "closed" ? colour : null;
  }
  return null;
}

function colourOf(outcome) {
  return { committed: "committed", "rolled back": "rolled-back", closed: "closed" }[outcome] ?? "lost";
}
