"use strict";

const most = 50; // registrations on the page
const silence = 15000; // ms without a heartbeat until the connection counts as lost

const byId = (id) => document.getElementById(id);
const feed = byId("feed");
const connection = byId("connection");

const states = {
  live: "Connected",
  lost: "Connection lost, trying again…",
};

function show(state) {
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = states[state];
}

// The ids of the registrations that are shown. One may come twice.
const shown = new Set();
// Those that are here when the page opens are no news.
let caughtUp = false;

function element(kind, name, text) {
  const e = document.createElement(kind);
  e.className = name;
  e.textContent = text;
  return e;
}

function add(user) {
  if (shown.has(user.id)) return;
  const row = document.createElement("li");
  row.dataset.id = user.id;
  // A number: as texts, times with more and with fewer digits have no order.
  row.dataset.at = Date.parse(user.registered_at);
  if (caughtUp) row.classList.add("fresh");
  const time = element("time", "at", new Date(user.registered_at).toLocaleTimeString());
  time.dateTime = user.registered_at;
  row.append(element("span", "name", user.name), time, element("span", "email", user.email));
  // The newest first, also when an older one comes late.
  const behind = [...feed.children].find((other) => Number(other.dataset.at) <= Number(row.dataset.at));
  feed.insertBefore(row, behind ?? null);
  shown.add(user.id);
  byId("nobody").hidden = true;
  while (feed.children.length > most) {
    shown.delete(feed.lastElementChild.dataset.id);
    feed.lastElementChild.remove();
  }
}

let source, watchdog;

function alive() {
  show("live");
  clearTimeout(watchdog);
  // A connection may be dead without anybody saying so.
  watchdog = setTimeout(() => {
    show("lost");
    connect();
  }, silence);
}

function connect() {
  source?.close();
  source = new EventSource("/events");
  source.addEventListener("registered", (event) => {
    add(JSON.parse(event.data));
    alive();
  });
  source.addEventListener("ready", () => {
    caughtUp = true;
    alive();
  });
  source.addEventListener("beat", alive);
  source.addEventListener("error", () => {
    show("lost");
    // The browser tries again by itself, but not after an answer that is no stream.
    clearTimeout(watchdog);
    watchdog = setTimeout(connect, source.readyState === EventSource.CLOSED ? 2000 : silence);
  });
}

const form = byId("register");
const fields = ["name", "email"];

function complain(errors) {
  for (const field of fields) {
    const wrong = errors.find((e) => e.field === field);
    byId(`${field}-error`).textContent = wrong ? `${form.elements[field].labels[0].textContent} ${wrong.detail}.` : "";
    form.elements[field].setAttribute("aria-invalid", String(Boolean(wrong)));
  }
  const first = fields.find((field) => errors.some((e) => e.field === field));
  if (first) form.elements[first].focus();
}

function tell(state, text) {
  byId("outcome").dataset.state = state;
  byId("outcome").textContent = text;
}

async function register() {
  const body = JSON.stringify({ name: form.elements.name.value, email: form.elements.email.value });
  const answer = await fetch("/users", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const said = await answer.json();
  complain(said.errors ?? []);
  if (!answer.ok) {
    tell("bad", said.errors ? "" : `Not registered: ${said.detail}.`);
    return;
  }
  tell("good", `${said.name} is registered.`);
  form.reset();
  form.elements.name.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  tell("", "");
  try {
    await register();
  } catch {
    tell("bad", "Not registered: the server cannot be reached.");
  } finally {
    button.disabled = false;
  }
});

connect();
