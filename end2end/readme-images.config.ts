// How the pictures of the README are made: not a test of anything, so not among the tests.
import { defineConfig } from "@playwright/test";

import tests from "./playwright.config";

export default defineConfig(tests, {
  testDir: "images",
  reporter: "list",
  use: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
});
