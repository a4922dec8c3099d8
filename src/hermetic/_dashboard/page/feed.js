// What the run tells, frame by frame; a minute of it is kept, so that one can look back.

const COLUMNS = ["process", "number", "session", "kind", "worker", "workerKind", "used", "began", "ended", "outcome",
  "statements", "lazyLoads", "sqlMs", "idleMs", "connection", "openedAt", "beganAt", "lastAt", "waitsAt"];
const SITES = new Set(["openedAt", "beganAt", "lastAt", "waitsAt"]);

/** A row of a transaction with names, its sites in place. */
export function transaction(row, sites) {
  const told = {};
  COLUMNS.forEach((name, index) => { told[name] = SITES.has(name) ? sites[row[index]] : row[index]; });
  return told;
}

/** "app.py:12" of a site, or "" where there is none. */
export function place(site) {
  return site ? `${site[0]}:${site[1]}` : "";
}

/** Milliseconds as people read them: 0.4 ms, 12 ms, 3.2 s, 4 min. */
export function duration(ms) {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${(ms / 60_000).toFixed(0)} min`;
}

export class Feed {
  /** `take` is called with every frame, in order, `restart` when all of them come anew. */
  constructor(take, restart) {
    this.take = take;
    this.restart = restart;
    this.clear();
  }

  clear() {
    this.frames = [];
    this.findings = new Map();
    this.run = null;
    this.isConnected = false;
    this.arrived = 0;
  }

  connect(address) {
    const source = new EventSource(address);
    const on = (name, listen) => source.addEventListener(name, (event) => listen(JSON.parse(event.data)));
    on("run", (run) => { this.clear(); this.run = run; this.isConnected = true; this.restart(run); });
    on("finding", (finding) => this.findings.set(finding.number, finding));
    on("past", (frame) => this.add(frame));
    on("frame", (frame) => this.add(frame));
    source.addEventListener("error", () => {
      this.isConnected = false;
      if (this.last?.over !== null && this.last !== undefined) source.close();
    });
  }

  add(frame) {
    this.frames.push(frame);
    while (frame.at - this.frames[0].at > this.run.lookedBack) this.frames.shift();
    for (const [number, count, totalMs, last] of frame.counts) {
      Object.assign(this.findings.get(number) ?? {}, { count, total_ms: totalMs, last });
    }
    this.arrived = performance.now();
    this.take(frame);
  }

  get last() {
    return this.frames.at(-1);
  }

  /** The time that it is where the program runs, in seconds of the epoch. */
  get now() {
    if (!this.last) return 0;
    const passed = this.last.over === null ? (performance.now() - this.arrived) / 1000 : 0;
    return this.last.at + Math.min(passed, 0.5);
  }

  /** The latest frame that is not later than a time, else the oldest. */
  frameAt(at) {
    let low = 0, high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle].at <= at) low = middle + 1; else high = middle;
    }
    return this.frames[Math.max(low - 1, 0)];
  }
}
