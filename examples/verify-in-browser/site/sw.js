// Keeps every file of the page, so that it opens without a network. The build writes the list of files and its digest.

const { version, files } = self.PRECACHE;
const NAME = "page-" + version;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(NAME)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: "reload" })))),
  );
});

// A newer edition waits until a page that has just been opened calls it, and no other page is open: what is loaded later,
// such as the decoder, is of the edition that the page began with.
self.addEventListener("message", (event) => {
  const pages = self.clients.matchAll({ type: "window", includeUncontrolled: true });
  event.waitUntil(pages.then(({ length }) => length < 2 && self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name.startsWith("page-") && name != NAME).map((name) => caches.delete(name)));
  event.waitUntil(
    caches
      .keys()
      .then(old)
      .then(() => self.clients.claim()),
  );
});

// Its own files come from the cache alone: one build, never a mixture. Registers are asked over the network.
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method != "GET" || url.origin != self.location.origin) return;
  const found = caches.open(NAME).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(found.then((kept) => kept ?? fetch(event.request)));
});
