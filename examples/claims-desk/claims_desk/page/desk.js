// The page: a question is put together, sent with a key of its own, and the answer shown. Text is set as text, never as
// markup. A question that is sent again unchanged keeps its key, so that an answer that was lost makes no second record.

import { WORDS } from "./words.js";

const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
let lang = navigator.language.startsWith("zh") ? "zh" : "en";
let said = { words: "empty" };
let picture = null;
let answer = null;
let sent = { question: null, key: null };
let stream = null;

/** Everything on the page in the language that was chosen. */
function speak() {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = WORDS[lang].title;
  for (const each of document.querySelectorAll("[data-words]")) each.textContent = WORDS[lang][each.dataset.words];
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", WORDS[lang][each.dataset.label]);
  for (const one of ["en", "zh"]) at(one).setAttribute("aria-pressed", String(one === lang));
  at("chosen").textContent = picture ? WORDS[lang].chosen + picture.name : "";
  at("state").textContent = said.problem ? said.problem[lang === "zh" ? "title_zh" : "title"] : WORDS[lang][said.words];
  at("state").className = said.problem || said.bad ? "problem" : "";
  if (answer) show();
}

function say(words, { bad = false, problem = null } = {}) {
  said = { words, bad, problem };
  speak();
}

function choose(file) {
  picture = file ?? null;
  if (picture) at("text").value = "";
  else at("file").value = "";
  say("empty");
}

function wrong(words, id) {
  at(id).setAttribute("aria-invalid", "true");
  say(words, { bad: true });
  at(id).focus();
}

/** The question as the service takes it. */
function question() {
  const form = new FormData();
  const given = { date_of_loss: "day", registration_number: "plate", vin: "vin", claim: "claim" };
  for (const [name, id] of Object.entries(given)) if (at(id).value.trim()) form.append(name, at(id).value.trim());
  if (picture) form.append("picture", picture);
  else form.append("text", at("text").value.trim());
  return form;
}

function keyFor(form) {
  const entries = [...form].filter(([name]) => name !== "picture");
  if (!sent.key || sent.question !== JSON.stringify(entries) || sent.picture !== picture)
    sent = { question: JSON.stringify(entries), picture, key: crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].join("-") };
  return sent.key;
}

/** What is being asked keeps the button from asking again; it is not disabled, which would take the focus from it. */
async function ask() {
  if (at("ask").getAttribute("aria-disabled") === "true") return;
  for (const id of ["day", "file", "text"]) at(id).removeAttribute("aria-invalid");
  if (!at("day").value) return wrong("need-day", "day");
  if (!picture && !at("text").value.trim()) return wrong("need-what", "file");
  closeCamera();
  at("answer").hidden = true;
  answer = null;
  at("ask").setAttribute("aria-disabled", "true");
  say("working");
  const form = question();
  try {
    const found = await fetch("/verifications", { method: "POST", body: form, headers: { "Idempotency-Key": keyFor(form) } });
    const content = await found.json();
    if (!found.ok) return say("empty", { problem: content });
    answer = content;
    say("empty");
    at("answer").hidden = false;
    at("answer").focus();
  } catch {
    say("unreachable", { bad: true });
  } finally {
    at("ask").removeAttribute("aria-disabled");
  }
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function show() {
  const { verdict, words, links, evidence } = answer;
  const box = at("answer");
  box.dataset.outcome = verdict.outcome;
  box.dataset.degraded = verdict.degraded;
  box.dataset.codes = verdict.reasons.map((reason) => reason.code).join(" ");
  at("headline").textContent = words[lang].headline;
  at("reasons").replaceChildren(...words[lang].reasons.map((line) => element("li", line)));
  at("fields-title").hidden = !words[lang].fields.length;
  at("fields").replaceChildren(...words[lang].fields.flatMap(([label, value]) => [element("dt", label), element("dd", value)]));
  at("digest").textContent = `${WORDS[lang].digest} ${evidence.sha256}`;
  at("links").replaceChildren(
    element("a", WORDS[lang]["get-evidence"], { href: links.evidence, download: "" }),
    element("a", WORDS[lang]["get-report"], { href: `${links.report}?lang=${lang}`, download: "" }),
  );
  at("picture").hidden = !answer.picture;
  if (answer.picture) outline(answer.picture, links.picture);
}

/** The small copy of the page that was read, with the codes on it outlined. */
function outline({ size, outlines }, address) {
  const drawing = at("sight");
  drawing.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  const image = document.createElementNS(SVG, "image");
  for (const [key, value] of Object.entries({ href: address, width: size[0], height: size[1] })) image.setAttribute(key, value);
  const shapes = outlines.map((corners) => {
    const shape = document.createElementNS(SVG, "polygon");
    shape.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
    return shape;
  });
  drawing.replaceChildren(image, ...shapes);
  const words = WORDS[lang][outlines.length ? "picture" : "picture-none"];
  drawing.setAttribute("aria-label", words);
  at("picture").querySelector("figcaption").textContent = words;
}

async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch {
    return say("camera-no", { bad: true });
  }
  at("video").srcObject = stream;
  for (const id of ["video", "take", "stop"]) at(id).hidden = false;
  at("camera").hidden = true;
  await at("video").play();
  say("camera-on");
  at("take").focus();
}

function closeCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  for (const id of ["video", "take", "stop"]) at(id).hidden = true;
  at("camera").hidden = false;
}

async function take() {
  const video = at("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  const content = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  closeCamera();
  choose(new File([content], "camera.jpg", { type: "image/jpeg" }));
  at("day").focus();
}

for (const one of ["en", "zh"]) at(one).addEventListener("click", () => ((lang = one), speak()));
at("file").addEventListener("change", () => choose(at("file").files[0]));
at("text").addEventListener("input", () => picture && choose(null));
at("camera").addEventListener("click", openCamera);
at("take").addEventListener("click", take);
at("stop").addEventListener("click", () => (closeCamera(), at("camera").focus()));
at("question").addEventListener("submit", (event) => (event.preventDefault(), ask()));
at("next").addEventListener("click", () => {
  at("question").reset();
  answer = null;
  at("answer").hidden = true;
  choose(null);
  at("file").focus();
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) choose(event.dataTransfer.files[0]);
  });
speak();
