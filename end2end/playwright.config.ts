// How the browser tests run. `cargo xtask test` builds what they need and names it in the environment:
//   SEMPRE_BIN, SEMPRE_HOLDER  the built programs
//   CHROMIUM                   the browser; without it, the one Playwright fetched
//   SEMPRE_FULL                set by --full: run also what takes long
//   SEMPRE_PLAYWRIGHT_JSON     where the report for the account of the run goes
import os from "node:os";

import { defineConfig, type ReporterDescription } from "@playwright/test";

const MINUTE_MS = 60_000;
const report = process.env.SEMPRE_PLAYWRIGHT_JSON;
const reporters: ReporterDescription[] = [["list"]];
if (report) reporters.push(["json", { outputFile: report }]);

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // A test that fails sometimes is broken. The runner of all tests tries one again, to tell it from one that always fails.
  retries: 0,
  forbidOnly: true,
  // A browser, a server and a shell keep two cores busy, but often wait for each other.
  fullyParallel: true,
  workers: Math.min(2, os.availableParallelism()),
  timeout: 5 * MINUTE_MS,
  // Below the limit that `cargo xtask test` sets, so that a report is written.
  globalTimeout: 28 * MINUTE_MS,
  // Machines that do something else as well: a state that comes late is no failure.
  expect: { timeout: 120_000 },
  reporter: reporters,
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM || undefined,
      args: [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
        "--no-sandbox",
      ],
    },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
});
