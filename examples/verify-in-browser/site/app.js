// The page: asks which vehicle and which day, reads a code from the camera, a photo or text, and shows the verdict.

import { listUri, openEvents, openStatusList, openTrustList, POLICIES, Refused, statusRecord, verify } from "./verify.js";
import { WORDS } from "./words.js";

const DAY_MS = 864e5;
const $ = (id) => document.getElementById(id);
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

let language = navigator.language.startsWith("zh") ? "zh" : "en";
let shown = null; // the last verdict, so that it can be told in the other language
const word = (name) => WORDS[language][name];

// ---- What the page was built with ----

async function load() {
  const [settings, list, sentences] = await Promise.all([
    fetch("settings.json").then((answer) => answer.json()),
    fetch("trust-list.cbor").then((answer) => answer.arrayBuffer()),
    fetch("sentences.json").then((answer) => answer.json()),
  ]);
  const trust = await openTrustList(new Uint8Array(list), {
    root: settings.root.map((member) => member.map(fromHex)),
    threshold: settings.threshold,
    environments: settings.environments,
  });
  return { trust, sentences, settings };
}
const loaded = load();
loaded.catch(() => say("broken"));

// ---- The picture ----

const decoder = import("./zxing/reader/index.js").then((zxing) => {
  zxing.prepareZXingModule({ overrides: { locateFile: (file) => "zxing/" + file } });
  return zxing;
});

/** The different texts of the codes in a picture; only certificates, where there are any. */
async function readCodes(pixels) {
  const { readBarcodes } = await decoder;
  const found = await readBarcodes(pixels, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 8 });
  const texts = [...new Set(found.filter((code) => code.isValid).map((code) => code.text))];
  const certificates = texts.filter((text) => text.startsWith("VIC1:"));
  return certificates.length ? certificates : texts;
}

/** The pixels of a frame or photo, made smaller where it is large. */
function pixelsOf(source, width, height, most = 2400) {
  const scale = Math.min(1, most / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

async function readPhoto(file) {
  say("reading");
  let texts = [];
  try {
    const picture = await createImageBitmap(file);
    for (const most of [2400, 1200]) if (!texts.length) texts = await readCodes(pixelsOf(picture, picture.width, picture.height, most));
  } catch {
    // told below: there is no code in what is no picture
  }
  if (texts.length) await judge(...texts);
  else say("noCode");
}

let stream = null;

async function startCamera() {
  say("");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } }, audio: false });
  } catch {
    return say("noCamera");
  }
  const video = $("video");
  video.srcObject = stream;
  $("camera").hidden = false;
  $("ask").hidden = true;
  await video.play();
  while (stream) {
    const texts = video.videoWidth ? await readCodes(pixelsOf(video, video.videoWidth, video.videoHeight, 1600)) : [];
    if (texts.length && stream) {
      stopCamera();
      await judge(...texts);
    }
    await new Promise((later) => setTimeout(later, 150));
  }
}

function stopCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("camera").hidden = true;
  $("ask").hidden = false;
}

// ---- The register ----

async function get(uri) {
  try {
    const answer = await fetch(uri, { signal: AbortSignal.timeout(5000), cache: "no-store", credentials: "omit", redirect: "error" });
    if (!answer.ok) throw new Refused("status-unavailable");
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throw error instanceof Refused ? error : new Refused("status-unavailable");
  }
}

/** The issuer's list, and the events beside it; only the whole list is asked for. */
async function lookUp({ certificate, issuer, now }) {
  const uri = certificate.status && listUri(certificate, issuer, now);
  if (!uri) throw new Refused("status-unavailable");
  const options = { uri, keys: issuer.keys, now, maxEntries: issuer.maxEntries };
  const [listed, happened] = await Promise.all([get(uri), get(uri.endsWith("/") ? uri + "events" : uri + ".events").catch(() => null)]);
  const list = await openStatusList(listed, options);
  const events = happened && (await openEvents(happened, options));
  return statusRecord(certificate.status[1], { lists: [list], events: events ?? undefined });
}

// ---- The verdict ----

/** The verdict on a text; where a picture holds several certificates, which is meant is for its owner to say. */
async function judge(text, ...others) {
  const { trust, settings } = await loaded;
  const expect = { registration_number: $("plate").value.trim() || undefined, vin: $("vin").value.trim() || undefined };
  if (!($("day").value >= "1970")) return say("noDay"); // nor a year of two digits
  if (expect.vin?.length < 6) return say("shortVin");
  say("judging");
  const day = Date.parse($("day").value) / DAY_MS;
  const status = settings.askRegister && navigator.onLine ? lookUp : undefined;
  const several = { outcome: "undetermined", reasons: [{ code: "several-certificates", effect: "blocks" }] };
  const question = { trust, policy: POLICIES.counterparty, asOf: { day }, expect, status };
  const verdict = others.length && text.startsWith("VIC1:") ? several : await verify(text, question);
  shown = { verdict, expect };
  say("");
  await show();
  $("verdict").focus();
}

const element = (name, text, attributes = {}) => Object.assign(document.createElement(name), text === undefined ? attributes : { textContent: text, ...attributes });
const dateOf = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);

function listOf(title, items) {
  const list = element("ul");
  list.append(...items);
  return items.length ? [element("h2", title), list] : [];
}

function told({ code }, sentences) {
  const [sentence, next] = sentences[code]?.[language] ?? [code, ""];
  const item = element("li", sentence + " ");
  item.append(element("span", code, { className: "code" }), element("span", next, { className: "next" }));
  return item;
}

/** What the certificate says, in the order in which a person compares it. */
function facts({ certificate, issuer }, trust) {
  const list = element("dl");
  const { name } = trust.issuers.find(({ id }) => id == issuer);
  const rows = [
    ["registration_number", certificate.registration_number],
    ["vinField", certificate.vin ?? (certificate.confidential && word("sealed"))],
    ["valid_until", certificate.valid_until !== undefined && dateOf(certificate.valid_until)],
    ["inspected_on", certificate.inspected_on !== undefined && dateOf(certificate.inspected_on)],
    ["result", word("results")[certificate.result]],
    ["authority", certificate.authority],
    ["issuer", name],
  ];
  for (const [title, value] of rows) if (value) list.append(element("dt", word(title)), element("dd", value));
  return [element("h2", word("says")), list];
}

/** What nobody looked at: said each time, whatever the outcome. */
function notChecked({ statusObservedAt }, expect) {
  const time = new Date(statusObservedAt / 1000).toLocaleString(language == "zh" ? "zh-CN" : "en-GB");
  const lines = [
    statusObservedAt === undefined ? word("noRegister") : `${word("registerAt")} ${time}`,
    !expect.registration_number && word("noPlate"),
    !expect.vin && word("noVin"),
    word("noVehicle"),
    word("noPeople"),
  ];
  return lines.filter(Boolean).map((line) => element("li", line));
}

async function show() {
  const { trust, sentences } = await loaded;
  const { verdict, expect } = shown;
  const name = verdict.degraded ? "degraded" : verdict.outcome;
  const box = $("verdict");
  const ofEffect = (...effects) => verdict.reasons.filter(({ effect }) => effects.includes(effect)).map((reason) => told(reason, sentences));
  const again = element("button", word("clear"), { type: "button", onclick: clear });
  box.replaceChildren(
    element("p", { valid: "✓", degraded: "✓?", invalid: "✗", undetermined: "?" }[name] + " " + word(name), { className: "word" }),
    element("p", word(name + "Means"), { className: "meaning" }),
    ...listOf(word("why"), ofEffect("fails", "blocks")),
    ...listOf(word("notes"), ofEffect("notes")),
    ...(verdict.certificate ? facts(verdict, trust) : []),
    ...(verdict.certificate ? listOf(word("notChecked"), notChecked(verdict, expect)) : []),
    again,
  );
  box.style.setProperty("--colour", `var(--${name})`);
  box.dataset.outcome = name;
  box.hidden = false;
}

function clear() {
  shown = null;
  $("verdict").hidden = true;
  $("text").value = "";
  $("scan").focus();
}

// ---- Words ----

let said = "";
function say(name) {
  said = name;
  $("state").textContent = name && word(name);
}

async function speak(chosen) {
  language = chosen;
  document.documentElement.lang = language;
  document.title = word("title");
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of ["zh", "en"]) $(one).setAttribute("aria-pressed", String(one == language));
  say(said);
  const { trust } = await loaded;
  $("about").textContent = word("about")(dateOf(trust.issuedAt / 1000 / DAY_MS), trust.environment == "test");
  if (shown) await show();
}

// ---- Begin ----

const today = new Date();
$("day").value = $("day").max = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
for (const one of ["zh", "en"]) $(one).addEventListener("click", () => speak(one));
$("scan").addEventListener("click", startCamera);
$("stop").addEventListener("click", stopCamera);
$("pick").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", async () => {
  const [file] = $("file").files;
  if (file) await readPhoto(file);
  $("file").value = "";
});
$("check").addEventListener("click", () => judge($("text").value.replace(/[\r\n]+/g, "")));
speak(language).catch(() => {});
// A newer edition that is waiting takes over before anybody has begun; the page that this one replaces may take a while to go.
navigator.serviceWorker?.register("sw.js").then(({ waiting }) => {
  if (!waiting) return;
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
  const calls = setInterval(() => waiting.postMessage("take over"), 200);
  for (const begun of ["pointerdown", "keydown"]) addEventListener(begun, () => clearInterval(calls), { once: true });
});
