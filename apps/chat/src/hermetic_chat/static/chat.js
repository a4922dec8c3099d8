// Sends messages without leaving the page, and shows answers as they are written. Without it the forms work all the same.
"use strict";

const form = document.getElementById("say");
const text = document.getElementById("text");
const send = document.getElementById("send");
const stop = document.getElementById("stop");
const messages = document.getElementById("messages");
const trouble = document.getElementById("trouble");
const status = document.getElementById("status");
const main = document.getElementById("main");

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 200)}px`;
}

function toEnd() {
  main.scrollTop = main.scrollHeight;
}

function isAtEnd() {
  return main.scrollHeight - main.scrollTop - main.clientHeight < 120;
}

function tell(problem) {
  trouble.textContent = problem;
  trouble.hidden = !problem;
}

function writing(isWriting) {
  send.disabled = isWriting;
  if (stop) stop.hidden = !isWriting;
  status.textContent = isWriting ? form.dataset.writingText : form.dataset.doneText;
}

function place(id, html, label, tag, className) {
  const made = document.createElement(tag);
  made.id = id;
  made.className = className;
  made.setAttribute("role", tag === "div" ? "group" : "article");
  made.setAttribute("aria-label", label);
  made.innerHTML = html;
  messages.insertBefore(made, document.getElementById("end"));
  return made;
}

function redraw(tools, html) {
  if (tools.dataset.drawn === html) return;
  const opened = new Set([...tools.querySelectorAll("details[open]")].map((each) => each.dataset.usage));
  tools.innerHTML = html;
  tools.dataset.drawn = html;
  for (const each of tools.querySelectorAll("details")) each.open = opened.has(each.dataset.usage);
}

function follow() {
  const tools = document.getElementById("live-tools") || place("live-tools", "", form.dataset.toolsLabel, "div", "tools");
  const live = document.getElementById("live") || place("live", "", form.dataset.answerLabel, "article", "message assistant");
  live.setAttribute("aria-busy", "true");
  writing(true);
  const source = new EventSource(form.dataset.answer);
  const draw = (event) => {
    const stay = isAtEnd();
    const drawn = JSON.parse(event.data);
    redraw(tools, drawn.tools);
    live.innerHTML = drawn.text;
    document.getElementById("servers").innerHTML = drawn.servers;
    if (stay) toEnd();
  };
  const end = () => {
    source.close();
    live.removeAttribute("id");
    live.removeAttribute("aria-busy");
    tools.removeAttribute("id");
    writing(false);
    text.focus();
  };
  source.addEventListener("answer", draw);
  source.addEventListener("done", (event) => { draw(event); end(); });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    end();
    location.reload();
  });
}

async function say(event) {
  if (!form.dataset.answer) return;
  event.preventDefault();
  if (send.disabled || !text.value.trim()) return;
  tell("");
  send.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "application/json" },
    });
    const told = await answer.json();
    if (!answer.ok) {
      send.disabled = false;
      return tell(told.detail);
    }
    text.value = "";
    grow();
    document.getElementById("end").insertAdjacentHTML("beforebegin", told.html);
    follow();
    toEnd();
  } catch {
    send.disabled = false;
    tell(form.dataset.lost);
  }
}

text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
form.addEventListener("submit", say);
for (const each of document.querySelectorAll("[data-try]")) {
  each.addEventListener("click", () => { text.value = each.dataset.try; form.requestSubmit(); });
}
toEnd();
if ("writing" in form.dataset) follow();
