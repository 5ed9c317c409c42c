// Drives the built page in headless Chromium, and the conformance vectors beside it. The plan is JSON on standard input,
// what was found is JSON on standard output. The page is served on loopback, and the server is really stopped for "offline".

import { createReadStream, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml",
  ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
}; // prettier-ignore
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
];

/** Serves folders under their names: the first path segment. */
function serve(folders, port = 0) {
  const server = createServer((request, answer) => {
    const [, top, ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
    const path = folders[top] && join(folders[top], normalize("/" + (rest.join("/") || "index.html")));
    if (!path || !existsSync(path) || !statSync(path).isFile()) return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    createReadStream(path).pipe(answer);
  });
  return new Promise((ready) => server.listen(port, "127.0.0.1", () => ready(server)));
}

const plan = JSON.parse(readFileSync(0, "utf8"));
let server = await serve(plan.folders, plan.port);
const stop = () => new Promise((done) => (server.closeAllConnections(), server.close(done)));
const origin = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: plan.chromium,
  headless: true,
  args: [...FLAGS, ...(plan.video ? ["--use-file-for-fake-video-capture=" + plan.video] : [])],
});
const found = { outcomes: {}, outside: [], errors: [] };

/** A new page that notes what goes wrong, and whatever leaves this machine. */
async function open(options) {
  const context = await browser.newContext({ locale: "en-GB", permissions: ["camera"], ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => found.errors.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("blob:")) found.outside.push(request.url());
  });
  return page;
}

/** Waits for a verdict: outcome, codes, text; or for the line that says why there is none. */
async function verdict(page) {
  const said = await page.waitForSelector("#verdict:not([hidden]), #state:text('no code')", { timeout: 60_000 });
  if ((await said.getAttribute("id")) == "state") return { outcome: null, codes: [], text: await said.innerText() };
  const box = page.locator("#verdict");
  const codes = await box.locator(".code").allTextContents();
  return { outcome: await box.getAttribute("data-outcome"), codes: codes.sort(), text: await box.innerText() };
}

/** Pictures for people to look at: narrow and wide, light and dark. */
async function shoot(page, name) {
  mkdirSync(plan.shots, { recursive: true });
  for (const [width, height] of [[1280, 900], [390, 844]])
    for (const colorScheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: join(plan.shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
}

async function fill(page, { plate = "", vin = "", day }) {
  await page.fill("#plate", plate);
  await page.fill("#vin", vin);
  await page.fill("#day", day);
}

async function type(page, question) {
  await fill(page, question);
  await page.evaluate(() => (document.querySelector("details").open = true));
  await page.fill("#text", question.text);
  await page.click("#check");
}

async function typed(page, question) {
  await type(page, question);
  return verdict(page);
}

try {
  if (plan.vectors) {
    const page = await open();
    await page.goto(`${origin}/empty/`);
    found.vectors = await page.evaluate(async ({ code, cases, root, tables }) => (await import(code)).run(cases, root, tables), {
      ...plan.vectors,
      code: `${origin}/small/test/conformance.js`,
    });
    await page.context().close();
  }
  if (plan.page) {
    const page = await open({ viewport: { width: 390, height: 844 } });
    await page.goto(`${origin}/page/`);
    await page.waitForFunction(() => document.querySelector("#about").textContent);
    if (plan.shots) await shoot(page, "asked");
    for (const [name, question] of Object.entries(plan.page.questions)) {
      await fill(page, question);
      if (question.photo) {
        await page.setInputFiles("#file", question.photo);
        found.outcomes[name] = await verdict(page);
        if (!found.outcomes[name].outcome) continue;
      } else found.outcomes[name] = await typed(page, question);
      if (plan.shots) await shoot(page, name.replaceAll(" ", "-"));
      await page.click("#verdict button");
    }
    found.unasked = [];
    for (const question of plan.page.unasked) {
      await type(page, question);
      found.unasked.push([await page.locator("#state").innerText(), await page.locator("#verdict").isVisible()]);
    }
    if (plan.video) {
      await fill(page, plan.page.camera);
      await page.click("#scan");
      found.outcomes.camera = await verdict(page);
      await page.click("#verdict button");
    }
    await page.click("#zh");
    found.outcomes.zh = await typed(page, plan.page.offline);
    if (plan.shots) await shoot(page, "zh");
    await page.click("#en");

    await page.evaluate(async () => (await navigator.serviceWorker.ready).active.state);
    await stop();
    await page.reload();
    found.outcomes.offline = await typed(page, plan.page.offline);
    if (plan.page.photoOffline) {
      await page.click("#verdict button");
      await fill(page, plan.page.offline);
      await page.setInputFiles("#file", plan.page.photoOffline);
      found.outcomes.photoOffline = await verdict(page);
    }
    if (plan.shots) await shoot(page, "offline");

    const edition = () => page.locator("#about").innerText();
    found.editions = [await edition()];
    server = await serve({ ...plan.folders, page: plan.folders.newer }, plan.port);
    await page.reload();
    await page.evaluate(async () => {
      const registered = await navigator.serviceWorker.ready;
      while (!registered.waiting) await new Promise((later) => setTimeout(later, 20));
    });
    found.editions.push(await edition());
    await stop();
    await page.reload();
    const isOther = (before) => ![before, ""].includes(document.querySelector("#about")?.innerText ?? "");
    await page.waitForFunction(isOther, found.editions[1]);
    found.editions.push(await edition());
    found.kept = await page.evaluate(() => caches.keys().then((names) => names.length));
    found.outcomes.newer = await typed(page, plan.page.offline);
  }
} finally {
  await browser.close();
  server.close();
}
console.log(JSON.stringify(found));
