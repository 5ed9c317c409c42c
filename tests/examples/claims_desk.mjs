// Drives the claims desk's page in headless Chromium: the plan is JSON on standard input, what was found on standard output.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const plan = JSON.parse(readFileSync(0, "utf8"));
const { chromium } = createRequire(join(plan.packages, "here.js"))("playwright-core");
const browser = await chromium.launch({
  executablePath: plan.chromium,
  headless: true,
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
    ...["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--use-file-for-fake-video-capture=" + plan.video],
  ],
});
const found = { answers: {}, outside: [], errors: [], alerts: 0, order: [], unnamed: [] };

async function shoot(page, name) {
  if (!plan.shots) return;
  mkdirSync(plan.shots, { recursive: true });
  for (const [width, height] of [[1280, 900], [390, 844]])
    for (const colorScheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: join(plan.shots, `desk-${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
}

/** What the page says once it has answered. */
async function answered(page) {
  await page.waitForSelector("#answer:not([hidden]), #state.problem", { timeout: 60_000 });
  return page.evaluate(() => {
    const box = document.getElementById("answer");
    return {
      shown: !box.hidden,
      outcome: box.dataset.outcome,
      codes: box.dataset.codes?.split(" "),
      focus: document.activeElement.id,
      state: document.getElementById("state").textContent,
      text: box.innerText,
      outlines: document.querySelectorAll("#sight polygon").length,
      picture: document.querySelector("#sight image")?.getBoundingClientRect().width ?? 0,
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
      elements: box.querySelectorAll("script, iframe, img").length,
    };
  });
}

async function fill(page, { plate = "", vin = "", claim = "", day }) {
  for (const [id, value] of Object.entries({ plate, vin, claim, day })) await page.fill("#" + id, value);
}

try {
  const context = await browser.newContext({ locale: "en-GB", permissions: ["camera"], viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => found.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/status of 4\d\d|ERR_FAILED/.test(message.text()) && found.errors.push(message.text()));
  page.on("dialog", (dialog) => (found.alerts++, dialog.dismiss()));
  page.on("request", (request) => /^(blob:|data:)/.test(request.url()) || request.url().startsWith(plan.origin) || found.outside.push(request.url()));
  await page.goto(plan.origin + "/");
  await page.waitForFunction(() => document.querySelector("h1").textContent);
  await shoot(page, "asked");

  for (let step = 0; step < 16; step++) {
    await page.keyboard.press("Tab");
    found.order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName.toLowerCase()));
  }
  const tree = await page.locator("body").ariaSnapshot();
  found.tree = tree;
  found.unnamed = await page.evaluate(() =>
    [...document.querySelectorAll("input, textarea, button, video")]
      .filter((each) => !each.labels?.length && !each.textContent.trim() && !each.getAttribute("aria-label"))
      .map((each) => each.id),
  );

  await page.reload();
  await page.click("#ask");
  found.answers["no day"] = await answered(page);
  await page.focus("#day");
  await page.keyboard.type("092020261");
  found.year = (await page.inputValue("#day")).split("-")[0].length;
  await fill(page, { ...plan.lost, vin: "1" });
  await page.setInputFiles("#file", plan.lost.file);
  await page.evaluate(() => (document.querySelector("details").open = true));
  await page.fill("#text", "A");
  const typed = await page.evaluate(() => [document.getElementById("chosen").textContent, document.getElementById("text").value]);
  await page.setInputFiles("#file", plan.lost.file);
  found.latest = [...typed, ...(await page.evaluate(() => [document.getElementById("chosen").textContent, document.getElementById("text").value]))];
  await page.focus("#ask");
  await page.keyboard.press("Enter");
  found.answers["no VIN"] = await answered(page);
  await page.reload();
  for (const [name, question] of Object.entries(plan.questions)) {
    await fill(page, question);
    if (question.dropped) {
      const data = await page.evaluateHandle(async ([content, name]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name));
        return transfer;
      }, [readFileSync(question.dropped).toString("base64"), "dropped.pdf"]);
      await page.dispatchEvent("#drop", "drop", { dataTransfer: data });
    } else if (question.file) await page.setInputFiles("#file", question.file);
    else if (question.text) {
      await page.evaluate(() => (document.querySelector("details").open = true));
      await page.fill("#text", question.text);
    } else {
      await page.click("#camera");
      await page.waitForFunction(() => document.getElementById("video").videoWidth > 0);
      await page.click("#take");
      await page.waitForFunction(() => document.getElementById("chosen").textContent);
    }
    await page.focus("#claim");
    await page.keyboard.press("Enter");
    found.answers[name] = await answered(page);
    await shoot(page, name.replaceAll(" ", "-"));
    await page.setViewportSize({ width: 390, height: 844 });
    if (name === plan.chinese) {
      await page.click("#zh");
      found.answers.zh = await answered(page);
      await shoot(page, "zh");
      const [saved] = await Promise.all([page.waitForEvent("download"), page.click("#links a:last-child")]);
      found.report = readFileSync(await saved.path(), "utf8").length;
      await page.click("#en");
    }
    if (found.answers[name].shown) await page.click("#next");
    else await page.reload();
  }

  await fill(page, plan.lost);
  await page.setInputFiles("#file", plan.lost.file);
  await page.route("**/verifications", async (route) => (await route.fetch(), await route.abort()), { times: 1 });
  await page.click("#ask");
  found.answers["lost answer"] = await answered(page);
  await page.click("#ask");
  await page.waitForSelector("#answer:not([hidden])", { timeout: 60_000 });
  found.answers["asked again"] = await answered(page);
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
