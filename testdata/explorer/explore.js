"use strict";

// Opens Swagger pages in Chromium and executes every operation on them with what the page fills in. Standard input says where
// the pages are and what to sign in with; standard output is what came of each operation, as a line of JSON.
const { readFileSync } = require("fs");
const { chromium } = require("playwright-core");

async function authorize(page, { scheme, value }) {
  await page.locator(".auth-wrapper .btn.authorize").first().click();
  const box = page.locator(".auth-container").filter({ has: page.locator("h4 code", { hasText: new RegExp(`^${scheme}$`) }) });
  await box.locator("input").fill(value);
  await box.locator("button.authorize").click();
  await page.locator(".btn-done").first().click();
}

// Runs within the page: presses what a person presses for each operation that is shown, and reads what is shown then.
async function executeAll({ file, tag }) {
  const until = async (what, value) => {
    for (const end = Date.now() + 15000; Date.now() < end; await new Promise((done) => setTimeout(done, 5))) {
      if ((value = what())) {
        return value;
      }
    }
    return { status: 0, text: `no ${what}` };
  };
  const press = async (block, button) => (await until(() => block.querySelector(button))).click();
  const outcome = (block) => {
    const empty = [...block.querySelectorAll("tr[data-param-name]")].filter((row) => row.querySelector(".invalid"));
    const shown = block.querySelector(".live-responses-table .response");
    if (empty.length > 0) {
      return { status: 0, text: "wants " + empty.map((row) => row.dataset.paramName).join(", ") };
    }
    return shown && {
      status: parseInt(shown.querySelector(".response-col_status").textContent) || 0,
      text: (shown.querySelector(".highlight-code, .microlight") || shown).textContent.slice(0, 500),
    };
  };
  const execute = async (o) => {
    await press(o.block, ".opblock-summary-control");
    await press(o.block, ".try-out__btn");
    await press(o.block, ".execute");
    let result = await until(() => outcome(o.block));
    const input = o.block.querySelector("input[type=file]");
    if (result.text === "wants file" && input) {
      const files = new DataTransfer();
      files.items.add(new File([file], "scan.csv"));
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      await press(o.block, ".execute");
      result = { ...await until(() => outcome(o.block)), chose: "file" };
    }
    const said = o.block.querySelector(".opblock-description")?.textContent || "";
    const filled = [...o.block.querySelectorAll("tr[data-param-in=path] input, tr[data-param-in=query] input")].map((i) => i.value).filter(Boolean);
    await press(o.block, ".opblock-summary-control");
    return { ...result, said, filled };
  };
  // What only reads goes first and what ends the session goes last, so that no try spoils another.
  const turns = ["GET", "PUT", "POST", "DELETE"];
  const turn = ({ method, path }) => (/signout/i.test(path) ? turns.length : turns.indexOf(method));
  const operations = [...document.querySelectorAll(".opblock")].filter((block) => block.closest(".opblock-tag-section").querySelector(".opblock-tag").dataset.tag === tag).map((block) => ({
    block, method: block.querySelector(".opblock-summary-method").textContent, path: block.querySelector("[data-path]").dataset.path,
  })).sort((a, b) => turn(a) - turn(b));
  const results = [];
  for (const o of operations) {
    results.push({ method: o.method, path: o.path, ...await execute(o) });
  }
  return results;
}

const report = (line) => console.log(JSON.stringify(line));
const drawn = (page) => page.locator(".opblock").first().waitFor();

async function opened(browser, door) {
  const page = await browser.newPage();
  await page.goto(door.url);
  await drawn(page);
  await authorize(page, door);
  const tags = await page.locator(".opblock-tag").evaluateAll((all) => all.map((one) => one.dataset.tag));
  return { page, tags };
}

// The page draws all that it shows at every step, so it is slow unless it shows one tag only.
async function explore(page, door, tag, file) {
  await page.locator(".operation-filter-input").fill(tag);
  await page.waitForFunction((tag) => [...document.querySelectorAll(".opblock-tag")].every((one) => one.dataset.tag.includes(tag)), tag);
  for (const result of await page.evaluate(executeAll, { file, tag })) {
    report({ door: door.name, ...result });
  }
}

// Tabs take the tags of a page from one list; what ends the session goes last, when all others are done.
async function exploreAll(browser, door, file, tabs) {
  const pages = await Promise.all(Array.from({ length: tabs }, () => opened(browser, door)));
  const ending = (tag) => /^auth/i.test(tag);
  const waiting = pages[0].tags.filter((tag) => !ending(tag));
  await Promise.all(pages.map(async ({ page }) => {
    for (let tag = waiting.shift(); tag !== undefined; tag = waiting.shift()) {
      await explore(page, door, tag, file);
    }
  }));
  for (const tag of pages[0].tags.filter(ending)) {
    await explore(pages[0].page, door, tag, file);
  }
  await Promise.all(pages.map(({ page }) => page.close()));
}

// How wide the page is on a telephone, with all closed and with each of some operations open.
async function measure(browser, door) {
  const page = await browser.newPage({ viewport: { width: 360, height: 800 } });
  await page.goto(door.url);
  await drawn(page);
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);
  let widest = await width();
  for (const method of ["get", "post", "delete"]) {
    const one = page.locator(`.opblock-${method}`).first();
    if (await one.count()) {
      await one.locator(".opblock-summary-control").click();
      await one.locator(".responses-wrapper").waitFor();
      widest = Math.max(widest, await width());
    }
  }
  report({ door: door.name, width: widest });
  await page.close();
}

(async () => {
  const { executable, doors, file } = JSON.parse(readFileSync(0, "utf8"));
  const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  const [large, ...small] = doors;
  try {
    await Promise.all([
      exploreAll(browser, large, file, 2),
      (async () => {
        for (const door of small) {
          await exploreAll(browser, door, file, 1);
        }
        for (const door of doors) {
          await measure(browser, door);
        }
      })(),
    ]);
  } finally {
    await browser.close();
  }
})();
