// Keeps the page's own files, so that it opens without a connection; and shows pushes while it is closed.
// What is about jobs is never kept here: the page keeps that itself, and says how old it is.

const SHELF = "turnout-crew-1";
const FILES = [
  "/crew", "/crew/crew.css", "/crew/main.js", "/crew/actions.js", "/crew/alarm.js", "/crew/channel.js", "/crew/dom.js",
  "/crew/push.js", "/crew/render.js", "/crew/sheet.js", "/crew/store.js", "/crew/way.js", "/crew/words.js",
  "/crew/crew.webmanifest", "/crew/icon.svg",
];
const PATIENCE_MS = 3_000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const forget = (names) => Promise.all(names.filter((name) => name.startsWith("turnout-crew-") && name !== SHELF).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(forget).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === "GET" && origin === location.origin && FILES.includes(pathname)) event.respondWith(answer(event.request, pathname));
});

/** The newest file if the server is quick, else the one that is kept. */
async function answer(request, pathname) {
  const shelf = await caches.open(SHELF);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) await shelf.put(pathname, response.clone());
    if (response.ok || response.status === 304) return response;
  } catch { /* no connection: what is kept */ }
  return (await shelf.match(pathname)) ?? Response.error();
}

self.addEventListener("push", (event) => {
  const told = event.data?.json() ?? {};
  event.waitUntil(self.registration.showNotification(told.title ?? "Turnout", {
    body: told.body ?? "", tag: told.alert, renotify: Boolean(told.alert), requireInteraction: told.purpose === "dispatch",
    vibrate: [500, 200, 500], icon: "/crew/icon.svg", data: { alert: told.alert },
  }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open());
});

async function open() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((each) => new URL(each.url).pathname === "/crew");
  return page ? page.focus() : self.clients.openWindow("/crew");
}
