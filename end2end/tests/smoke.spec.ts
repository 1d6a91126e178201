// The product as it is shipped comes up in a browser: two programs, one page, no errors.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { expect, test } from "@playwright/test";

interface Server {
  url: string;
  token: string;
  stop: () => Promise<void>;
}

/** The first capture of the first line that matches. */
async function lineOf(child: ChildProcess, wanted: RegExp): Promise<string> {
  if (!child.stdout) throw new Error("the server's output is not piped");
  for await (const line of createInterface({ input: child.stdout })) {
    const found = wanted.exec(line);
    if (found?.[1]) return found[1];
  }
  throw new Error(`the server ended before it said ${wanted}`);
}

async function start(): Promise<Server> {
  const program = process.env.SEMPRE_BIN;
  if (!program) throw new Error("SEMPRE_BIN is not set; run: cargo xtask test --only browser");
  const dir = await mkdtemp(path.join(os.tmpdir(), "sempre-test-smoke-"));
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--data-dir", path.join(dir, "data")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true });
  };
  try {
    const url = await lineOf(child, /listening on (http:\S+)/);
    const token = (await readFile(path.join(dir, "data", "token"), "utf8")).trim();
    return { url, token, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

test("the page comes up, with a token and not without", async ({ page }) => {
  const server = await start();
  try {
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));

    const refused = await page.request.get(new URL("api/v1/sessions", server.url).href);
    expect(refused.status()).toBe(401);

    await page.goto(`${server.url}?token=${server.token}`);
    await expect(page).toHaveTitle(/Sempre/);
    await expect(page).toHaveURL(server.url);
    // Served, and alive: the number of sessions comes by way of the page's own module.
    await expect(page.getByRole("button", { name: /new session/i })).toBeEnabled();
    expect(complaints).toEqual([]);
  } finally {
    await server.stop();
  }
});
