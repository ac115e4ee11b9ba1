// The one event stream of this browser, shared by its tabs. Served as it is, without the bundle.
"use strict";
const ports = new Set();
const changed = new Map(); // when each topic changed last
const remembered = 60000; // milliseconds; no screen takes longer to arrive
let stream, on = false;

function say(news) {
  for (const port of ports) port.postMessage(news);
}

function hear(topics) {
  const now = performance.now();
  for (const [topic, at] of changed) if (now - at > remembered) changed.delete(topic);
  for (const topic of topics) changed.set(topic, now);
  say({ is: "change", topics });
}

function recent() {
  const now = performance.now();
  return Object.fromEntries([...changed].map(([topic, at]) => [topic, now - at]));
}

function open() {
  if (stream) return;
  stream = new EventSource("/live");
  stream.addEventListener("hello", () => {
    on = true;
    say({ is: "on" });
  });
  stream.addEventListener("change", (e) => hear(JSON.parse(e.data)));
  stream.onerror = () => {
    on = false;
    changed.clear();
    say({ is: "lost" });
    if (stream && stream.readyState === EventSource.CLOSED) {
      stream = undefined;
      setTimeout(() => ports.size && open(), 5000);
    }
  };
}

function close() {
  if (stream) stream.close();
  stream = undefined;
  on = false;
  changed.clear();
}

self.onconnect = (e) => {
  const port = e.ports[0];
  ports.add(port);
  port.onmessage = (m) => {
    if (m.data !== "bye") return;
    ports.delete(port);
    if (!ports.size) close();
  };
  port.start();
  if (on) port.postMessage({ is: "on", recent: recent() });
  else open();
};
