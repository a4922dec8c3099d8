// The list on the landing page: read through the API, kept up to date, changed with If-Match.

const EVERY_MS = 3000;
const SIZE = 8;
const STATUS = { todo: "To do", in_progress: "In progress", done: "Done" };

const at = (id) => document.getElementById(id);
const list = at("tasks");
const state = { status: "", size: SIZE, shown: null, owners: new Map(), asked: 0 };

/** The response of a request; one that tells of a problem is thrown. */
async function ask(path, options = {}) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store", ...options });
  const body = response.status === 204 ? null : await response.json();
  if (!response.ok) throw body;
  return body;
}

function send(path, method, body, headers = {}) {
  return ask(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } });
}

function tell(text, isBad = false) {
  const notice = at("notice");
  notice.textContent = text;
  notice.classList.toggle("bad", isBad);
  notice.hidden = !text;
}

function tellProblem(problem) {
  const where = (problem.errors ?? []).map((error) => error.detail).join("; ");
  tell(problem.title ? `${problem.title}. ${where || problem.detail}` : "The service does not answer. Trying again.", true);
}

function made(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function day(text) {
  const format = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
  return new Date(`${text}T00:00:00Z`).toLocaleDateString(undefined, format);
}

function row(task) {
  const item = made("li", "task");
  item.dataset.key = task.id;
  const box = Object.assign(made("input", "done"), { type: "checkbox", id: `task-${task.id}`, checked: task.status === "done" });
  const label = Object.assign(made("label", "", task.title), { htmlFor: box.id });
  const about = [STATUS[task.status], state.owners.get(task.owner_id), task.due && `due ${day(task.due)}`];
  item.classList.toggle("is-done", box.checked);
  item.append(box, label, made("span", `chip ${task.priority}`, task.priority), made("span", "about", about.filter(Boolean).join(" · ")));
  box.addEventListener("change", () => finish(task, box));
  return item;
}

/** Mark a task as done, or as to do again, unless somebody else has changed it since it was shown. */
async function finish(task, box) {
  box.disabled = true;
  tell("");
  try {
    await send(`/tasks/${task.id}`, "PATCH", { status: box.checked ? "done" : "todo" }, { "If-Match": `"${task.version}"` });
  } catch (problem) {
    tellProblem(problem);
  }
  await refresh();
  at(`task-${task.id}`)?.focus();
}

function show(page) {
  const text = JSON.stringify(page.items);
  at("more").hidden = !page.next || state.size >= 96;
  at("empty").hidden = page.items.length > 0;
  list.setAttribute("aria-busy", "false");
  if (text === state.shown) return;
  const known = new Set([...list.querySelectorAll("[data-key]")].map((item) => item.dataset.key));
  const focused = document.activeElement?.id;
  const isFirst = state.shown === null;
  list.replaceChildren(...page.items.map(row));
  for (const item of list.children) item.classList.toggle("is-new", !isFirst && !known.has(item.dataset.key));
  if (focused?.startsWith("task-")) at(focused)?.focus();
  state.shown = text;
}

async function refresh() {
  const asked = ++state.asked;
  const query = new URLSearchParams({ size: state.size, ...(state.status && { status: state.status }) });
  try {
    const page = await ask(`/tasks/pages?${query}`);
    if (asked !== state.asked) return;
    show(page);
    at("live").dataset.state = "up";
    at("live-text").textContent = "live";
  } catch (problem) {
    if (asked !== state.asked) return;
    at("live").dataset.state = "down";
    at("live-text").textContent = "not answering";
    if (state.shown === null) list.replaceChildren();
    tellProblem(problem);
  }
}

for (const button of document.querySelectorAll("[data-status]:not(#live)")) {
  button.addEventListener("click", () => {
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    Object.assign(state, { status: button.dataset.status, size: SIZE, shown: null });
    tell("");
    refresh();
  });
}

at("more").addEventListener("click", () => {
  state.size = Math.min(96, state.size + SIZE * 2);
  refresh();
});

at("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const task = await send("/tasks", "POST", Object.fromEntries(new FormData(form)));
    form.reset();
    tell(`Added “${task.title}”.`);
  } catch (problem) {
    tellProblem(problem);
  }
  button.disabled = false;
  form.elements.title.focus();
  await refresh();
});

at("origin").textContent = location.origin;
for (const author of await ask("/authors").catch(() => [])) state.owners.set(author.id, author.name);
await refresh();
setInterval(() => document.hidden || refresh(), EVERY_MS);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
