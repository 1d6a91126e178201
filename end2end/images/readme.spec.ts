// The pictures of the README: `npm run readme-images`, after a change that shows.
import { statSync } from "node:fs";

import { modal, openModal } from "../support/pages";
import { LINES, setScene } from "../support/scene";
import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";

const DIR = "../docs/images";
const MAX_BYTES = 200_000;

test("the terminal in its dialog, and on its own page", async ({ open, server }) => {
  const session = await setScene(server);
  const page = await open();
  const terminal = await openModal(page, session);
  for (const line of LINES) await terminal.run(line);
  await terminal.shows("4 passed");
  await expect(modal(page)).toBeVisible();
  await page.screenshot({ path: `${DIR}/modal.png`, animations: "disabled" });

  await page.goto(server.url(`/t/${session.session_id}`));
  const standalone = new Terminal(page);
  await standalone.becomes("live");
  await standalone.hasFocus();
  await standalone.run("vim +6 src/replay.rs");
  await standalone.shows("Cuts a frame to the bytes that are new");
  await page.screenshot({ path: `${DIR}/standalone.png`, animations: "disabled" });
  for (const name of ["modal.png", "standalone.png"]) {
    expect(statSync(`${DIR}/${name}`).size, name).toBeLessThan(MAX_BYTES);
  }
});
