// The one event stream of this browser, shared by its tabs. Served as it is, without the bundle.
"use strict";
const ports = new Set();
let stream, was = "", broken = false;

function say(news) {
  for (const port of ports) port.postMessage(news);
}

function open() {
  if (stream) return;
  stream = new EventSource("/live");
  stream.addEventListener("hello", () => {
    was = "on";
    say({ is: "on", again: broken });
    broken = true;
  });
  stream.addEventListener("change", (e) => say({ is: "change", topics: JSON.parse(e.data) }));
  stream.onerror = () => {
    was = "lost";
    say({ is: "lost" });
    if (stream && stream.readyState === EventSource.CLOSED) {
      stream = undefined;
      setTimeout(() => ports.size && open(), 5000);
    }
  };
}

self.onconnect = (e) => {
  const port = e.ports[0];
  ports.add(port);
  port.onmessage = (m) => {
    if (m.data !== "bye") return;
    ports.delete(port);
    if (ports.size) return;
    stream?.close();
    stream = undefined;
    broken = false;
    was = "";
  };
  port.start();
  if (was) port.postMessage({ is: was, again: false });
  open();
};
