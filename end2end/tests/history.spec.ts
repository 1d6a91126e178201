// The history of a session: all it ever printed and prints, read-only, searched, by mouse, keyboard and finger.
import { writeFile } from "node:fs/promises";

import AxeBuilder from "@axe-core/playwright";
import { expect as base, type Locator, type Page } from "@playwright/test";

import { openModal } from "../support/pages";
import type { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";
import { Finger } from "../support/touch";

function history(page: Page): Locator {
  return page.getByRole("dialog", { name: "History" });
}

function lines(page: Page): Locator {
  return history(page).getByRole("region", { name: "Output" });
}

/** Prints numbered lines and waits for the last. */
async function print(terminal: Terminal, count: number, word = "row"): Promise<void> {
  await terminal.run(`seq -f '${word} %.0f of many' ${count}; echo printed-$((${count} + 0))`);
  await base.poll(() => terminal.text(), { timeout: 60_000 }).toMatch(new RegExp(`^printed-${count}$`, "m"));
  await terminal.prompts();
}

test("the button and the shortcut open it, Escape returns", async ({ shell }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await print(terminal, 300);
  await page.getByRole("button", { name: "History" }).click();
  await expect(lines(page)).toContainText("row 300 of many");
  await page.keyboard.press("Escape");
  await expect(history(page)).toBeHidden();
  await terminal.hasFocus();
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("row 300 of many");
  await page.keyboard.press("Escape");
  await terminal.hasFocus();
  await terminal.run("echo back-$((1 + 1))");
  await terminal.shows("back-2");
});

test("scrolling up past the top opens it where the terminal ends", async ({ shell }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await print(terminal, 7_000);
  await terminal.host.hover();
  await page.mouse.wheel(0, -400);
  await terminal.scrollToTop();
  await expect(history(page)).toBeHidden();
  const top = (await terminal.lines()).find((line) => line.startsWith("row "));
  await expect(async () => {
    await page.mouse.wheel(0, -240);
    await expect(history(page)).toBeVisible({ timeout: 400 });
  }).toPass();
  const number = Number(/row (\d+)/.exec(top ?? "")?.[1]);
  await expect(lines(page)).toContainText(`row ${number - 1} of many`);
  await page.keyboard.press("Escape");
  await terminal.hasFocus();
  // And so does the keyboard's way of scrolling.
  await terminal.press("Shift+PageUp");
  await expect(history(page)).toBeVisible();
});

test("turning the wheel on past the end leads back", async ({ shell }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await print(terminal, 300);
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("printed-300");
  const top = () => lines(page).evaluate((region) => region.scrollTop);
  await lines(page).hover();
  await page.mouse.wheel(0, -1_000);
  const end = await lines(page).evaluate((region) => region.scrollHeight - region.clientHeight);
  await expect.poll(top).toBeLessThan(end - 500);
  // Where there is something to scroll, the wheel scrolls, also all the way.
  await page.mouse.wheel(0, 600);
  await page.mouse.wheel(0, 3_000);
  await expect.poll(top).toBeGreaterThanOrEqual(end - 1);
  await expect(history(page)).toBeVisible();
  // Up again and sideways is no way out.
  await page.mouse.wheel(400, 0);
  await page.mouse.wheel(0, -40);
  await expect.poll(top).toBeLessThan(end - 1);
  await page.mouse.wheel(0, 240);
  await expect.poll(top).toBeGreaterThanOrEqual(end - 1);
  await expect(history(page)).toBeVisible();
  await expect(async () => {
    await page.mouse.wheel(0, 240);
    await expect(history(page)).toBeHidden({ timeout: 400 });
  }).toPass();
  await terminal.hasFocus();
});

test("a line 150 000 lines back is found", async ({ shell }) => {
  test.setTimeout(180_000);
  const { terminal } = await shell();
  const { page } = terminal;
  await terminal.run("echo the-needle-$((40 + 2))-is-here");
  await terminal.shows("the-needle-42-is-here");
  await print(terminal, 150_000);
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("printed-150000");
  await page.keyboard.press("Control+f");
  await expect(history(page).getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("needle-42");
  await page.keyboard.press("Enter");
  const current = lines(page).locator("mark[data-current]");
  await expect(current).toHaveText("needle-42");
  await expect(current).toBeInViewport();
  await expect(history(page).getByRole("status").filter({ hasText: "of 1" })).toHaveText("1 of 1");
  await expect(history(page).getByTestId("history-seen")).toContainText(/Lines \d/);
  // By scrolling, too.
  await lines(page).focus();
  await page.keyboard.press("End");
  await expect(lines(page)).toContainText("printed-150000");
  await page.keyboard.press("Home");
  await expect(lines(page)).toContainText("row 1 of many");
  await page.keyboard.press("Escape");
  await terminal.hasFocus();
});

test("next and previous go through the matches, all of them marked", async ({ shell }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await print(terminal, 500);
  await terminal.press("Control+Shift+F");
  const field = history(page).getByRole("searchbox");
  await field.fill("row 10");
  await page.keyboard.press("Enter");
  const found = history(page).locator(".history-found");
  await expect(found).toHaveText("1 of 11");
  const current = lines(page).locator("mark[data-current]");
  await expect(current).toHaveText("row 10");
  await expect(lines(page).locator("mark")).toHaveCount(11);
  await history(page).getByRole("button", { name: "Older match" }).click();
  await expect(found).toHaveText("2 of 11");
  await history(page).getByRole("button", { name: "Newer match" }).click();
  await expect(found).toHaveText("1 of 11");
  await field.fill("there is no such text");
  await page.keyboard.press("Enter");
  await expect(found).toHaveText("Not found");
  await expect(lines(page).locator("mark")).toHaveCount(0);
});

test("what is selected is copied as it was printed", async ({ shell }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  const { cols } = await terminal.size();
  const long = "w".repeat(cols + 20);
  await terminal.run(`clear; printf '%s\\n' first ${long} last`);
  await terminal.shows(/^last$/m);
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("last");
  const text = await lines(page).evaluate((region) => {
    getSelection()?.selectAllChildren(region);
    return getSelection()?.toString() ?? "";
  });
  expect(text).toContain(`first\n${long}\nlast`);
});

test("text is text, links are web links, colours are the theme's", async ({ shell, server, watch }) => {
  watch.allow(/never/);
  const { terminal } = await shell();
  const { page } = terminal;
  const link = (uri: string, text: string) => `\\e]8;;${uri}\\e\\\\${text}\\e]8;;\\e\\\\`;
  await terminal.run(
    `printf '<img src=x onerror=alert(1)> \\e[31mred\\e[0m ${link("https://example.org/a", "good")} ${link("javascript:alert(1)", "bad")}\\n'`,
  );
  await terminal.shows(/<img src=x onerror=alert\(1\)> red good bad$/m);
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("<img src=x onerror=alert(1)> red good bad");
  await expect(lines(page).locator("img")).toHaveCount(0);
  const good = lines(page).getByRole("link");
  await expect(good).toHaveText("good");
  await expect(good).toHaveAttribute("href", "https://example.org/a");
  await expect(good).toHaveAttribute("rel", "noopener noreferrer");
  await expect(lines(page).locator("span", { hasText: /^red$/ })).toHaveCSS("color", "rgb(179, 38, 30)");
  expect(await server.sessions()).toHaveLength(1);
});

test("what comes while it is open is reached, and nothing jumps", async ({ shell, server }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  // Prints more each time a pipe says so, which the shell keeps open: it never ends.
  await terminal.run("mkfifo go; exec 3<>go; seq -f 'old %.0f' 400; while read n <&3; do seq -f \"new $n-%.0f\" 300; done");
  await terminal.shows("old 400");
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("old 400");
  const news = history(page).locator(".history-news");
  await expect(news.getByRole("button")).toBeHidden();
  await expect(news.getByRole("status")).toBeEmpty();
  // In the middle of what was there.
  await lines(page).evaluate((region) => (region.scrollTop = 1_800));
  await expect(history(page).getByTestId("history-seen")).toContainText(/^Lines 101–/);
  await writeFile(server.file("go"), "1\n");
  await expect(news.getByRole("button")).toHaveText("300 new lines");
  await expect(news.getByRole("status")).toHaveText("New lines at the end");
  expect(await lines(page).evaluate((region) => region.scrollTop)).toBe(1_800);
  await news.getByRole("button").click();
  await expect(lines(page)).toContainText("new 1-300");
  await expect(news.getByRole("button")).toBeHidden();
  await expect(news.getByRole("status")).toBeEmpty();
  await expect(lines(page)).toBeFocused();
  // At the end, too, one reads on in peace, and scrolling on leads to what is new.
  const top = await lines(page).evaluate((region) => region.scrollTop);
  await writeFile(server.file("go"), "2\n");
  await expect(news.getByRole("button")).toHaveText("300 new lines");
  expect(await lines(page).evaluate((region) => region.scrollTop)).toBe(top);
  await page.keyboard.press("End");
  await expect(lines(page)).toContainText("new 2-300");
  await expect(news.getByRole("button")).toBeHidden();
});

test("a line that is finished while it is open is shown whole", async ({ shell, server }) => {
  const { terminal } = await shell();
  const { page } = terminal;
  await terminal.run("mkfifo go; exec 3<>go; clear; printf 'half'; read n <&3; echo \" and whole\"; read n <&3; echo third");
  await terminal.shows(/^half$/m);
  await terminal.press("Control+Shift+F");
  await expect(lines(page)).toContainText("half");
  await writeFile(server.file("go"), "1\n");
  await expect(lines(page)).toContainText("half and whole");
  // A window of another size brings blank rows, which are no news.
  const { rows } = await terminal.size();
  await page.setViewportSize({ width: 1280, height: 1_100 });
  await expect.poll(async () => (await terminal.size()).rows).toBeGreaterThan(rows);
  await writeFile(server.file("go"), "2\n");
  await expect(lines(page)).toContainText("third");
  await expect(history(page).locator(".history-news").getByRole("button")).toBeHidden();
});

test.describe("by touch", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

  test("a finger scrolls the terminal, pulling past the top opens it, pulling past the end leads back", async ({ shell }) => {
    const { terminal } = await shell();
    const { page } = terminal;
    const finger = await Finger.on(page);
    await print(terminal, 7_000);
    const bottom = await terminal.viewportTop();
    await finger.drag(terminal.host, 300);
    await base.poll(() => terminal.viewportTop()).toBeLessThan(bottom - 10);
    await expect(history(page)).toBeHidden();
    await terminal.scrollToTop();
    const top = (await terminal.lines()).find((line) => line.startsWith("row "));
    const number = Number(/row (\d+)/.exec(top ?? "")?.[1]);
    await finger.drag(terminal.host, 60);
    await expect(history(page)).toBeHidden();
    await finger.drag(terminal.host, 240);
    await expect(lines(page)).toContainText(`row ${number - 1} of many`);
    await expect(history(page).getByTestId("history-seen")).toContainText(/of 7.0\d\d$/);
    await expect(history(page).locator(".history-news").getByRole("button"), "it was there before").toBeHidden();
    await page.screenshot({ path: "artifacts/history-390-touch.png", animations: "disabled" });
    // Native scrolling inside; not at the end, a finger only scrolls.
    await finger.scroll(lines(page), 300);
    await expect(history(page)).toBeVisible();
    await lines(page).evaluate((region) => (region.scrollTop = region.scrollHeight));
    await expect(lines(page)).toContainText("printed-7000");
    await finger.drag(lines(page), -300);
    await expect(history(page)).toBeHidden();
    await terminal.hasFocus();
    // The button is there for those who do not know.
    await page.getByRole("button", { name: "History" }).tap();
    await expect(lines(page)).toContainText("printed-7000");
    const back = history(page).getByRole("button", { name: "Back to the terminal" });
    const box = await back.boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(40);
    await back.tap();
    await expect(history(page)).toBeHidden();
  });

  test("programs are scrolled as by the wheel", async ({ shell }) => {
    const { terminal } = await shell();
    const { page } = terminal;
    const finger = await Finger.on(page);
    await terminal.run("seq -f 'line %.0f' 500 > many; less many");
    await terminal.shows("line 1");
    await expect.poll(() => terminal.isAlternate()).toBe(true);
    await finger.drag(terminal.host, -300);
    await expect.poll(async () => (await terminal.lines())[0]).toMatch(/^line ([5-9]|[1-9]\d)$/);
    await finger.drag(terminal.host, 600);
    await expect.poll(async () => (await terminal.lines())[0]).toBe("line 1");
    await terminal.press("q");
    await terminal.prompts();
    // One that asked for the mouse is told of the wheel.
    await terminal.run("printf '\\e[?1000h\\e[?1006h'; cat -v");
    await terminal.shows("cat -v");
    await finger.drag(terminal.host, 300);
    await terminal.shows(/\^\[\[<64;\d+;\d+M/);
    await expect(history(page)).toBeHidden();
  });
});

for (const colorScheme of ["dark", "light"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("axe finds nothing, in the dialog over the list and on the page of its own", async ({ open, server }) => {
      const session = await server.create();
      const page = await open();
      const terminal = await openModal(page, session);
      await terminal.prompts();
      await terminal.run("for n in $(seq 30 37) $(seq 90 97); do printf \"\\e[${n}m colour-$n \\e[7m inverse \\e[0m\"; done; echo");
      await terminal.shows("colour-97");
      for (const where of ["dialog", "page"]) {
        if (where === "page") {
          await page.goto(server.url(`/t/${session.session_id}`));
          await terminal.becomes("live");
          await terminal.hasFocus();
        }
        await terminal.press("Control+Shift+F");
        await expect(lines(page)).toContainText("colour-97");
        await history(page).getByRole("searchbox").fill("colour-9");
        await page.keyboard.press("Enter");
        await expect(lines(page).locator("mark[data-current]")).toBeVisible();
        const { violations } = await new AxeBuilder({ page }).include(".history").analyze();
        expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
        await page.keyboard.press("Escape");
        await expect(history(page)).toBeHidden();
        await terminal.hasFocus();
      }
    });
  });
}
