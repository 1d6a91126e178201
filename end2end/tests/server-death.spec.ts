// The server is killed and started again. Shells do not notice, pages come back by themselves.
import { bar } from "../support/pages";
import { end, isAlive, parentOf, processesOf, until } from "../support/processes";
import { expect, test } from "../support/test";

const LAST = 2_000_000;

/** What `seq 1 LAST` writes to a terminal. */
function everyLine(): string {
  let text = "";
  for (let number = 1; number <= LAST; number += 1) text += `${number}\r\n`;
  return text;
}

test("kill -9 of the server during seq 1 2000000: every line once, every key once", async ({ shell, server, watch }) => {
  watch.allowLostConnections();
  const { session, terminal } = await shell();
  const id = session.session_id;
  await terminal.noteOffsets();
  // Without echo, what is typed meanwhile does not stand between the lines.
  await terminal.run(`stty -echo; echo begin-$?; seq 1 ${LAST}; echo end-$?; stty echo`);
  await until("lines are written", () => server.journalBytes(id) > 500_000);
  await server.stop("SIGKILL");
  const atDeath = server.journalBytes(id);
  expect(atDeath, "seq was not done when the server died").toBeLessThan(12_000_000);

  await terminal.becomes("reconnecting");
  await terminal.type("echo gap-$((6 * 7))\n");
  await expect(bar(terminal.page).pending).toHaveText(/20 B typed, sent once connected/);
  await until("the holder goes on without a server", () => server.journalBytes(id) > atDeath + 1_000_000);
  await server.start();

  await terminal.becomes("live");
  await terminal.shows(/^gap-42$/m);
  const after = await server.session(id);
  expect(after.pid).toBe(session.pid);
  expect(after.state).toBe("active");

  const output = (await server.output(id)).toString("latin1");
  const begin = output.indexOf("begin-0\r\n") + "begin-0\r\n".length;
  const lines = output.slice(begin, output.indexOf("end-0\r\n"));
  expect(lines.length).toBe(everyLine().length);
  expect(lines === everyLine(), "the journal holds every line once").toBe(true);
  expect(output.match(/(?:^|\x07)gap-42\r$/gm), "the keys arrived once").toHaveLength(1);

  await expect.poll(() => terminal.offset()).toBe(output.length);
  const shown = await terminal.lines();
  const last = shown.indexOf("end-0");
  const numbers = shown.slice(0, last).map(Number);
  // A page that fell far behind is given today's screen and a little above it, else all that the terminal keeps.
  expect(numbers.length).toBeGreaterThan(200);
  expect(numbers).toEqual(Array.from(numbers, (_, at) => LAST - numbers.length + 1 + at));
  expect(shown.filter((line) => line === "gap-42")).toHaveLength(1);
  const offsets = await terminal.offsetsSeen();
  expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
});

test("SIGTERM says goodbye, ends in time, and sessions stay", async ({ shell, server, watch }) => {
  watch.allowLostConnections();
  const { session, terminal } = await shell();
  expect(await server.stop("SIGTERM")).toBe(0);
  await terminal.becomes("reconnecting");
  expect(isAlive(session.pid ?? 0)).toBe(true);
  await server.start();
  await terminal.becomes("live");
  await terminal.run("echo $$");
  await terminal.shows(new RegExp(`^${session.pid}$`, "m"));
});

test("text typed for a shell that died is shown and asked about, and typed into no other", async ({
  shell,
  server,
  watch,
}) => {
  watch.allowLostConnections();
  const { session, terminal } = await shell();
  const page = terminal.page;
  await server.stop("SIGKILL");
  await terminal.becomes("reconnecting");
  await terminal.type("touch typed-too-late\n");
  await expect(bar(page).pending).toHaveText(/sent once connected/);
  const pid = session.pid ?? 0;
  end(pid, "SIGKILL");
  await until("the shell has ended", () => !isAlive(pid));
  await server.start();
  await server.ended(session.session_id);
  const successor = await server.restart(session.session_id);

  await terminal.becomes("ended");
  await expect(bar(page).state).toHaveText("Ended: killed by SIGKILL (9)");
  const parked = page.getByTestId("parked");
  await expect(parked).toContainText("touch typed-too-late");
  await expect(parked.getByRole("button", { name: "Type it here" })).toBeDisabled();
  await parked.getByRole("button", { name: "Discard" }).click();
  await expect(parked).toBeHidden();

  await page.goto(server.url(`/t/${successor.session_id}`));
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.prompts();
  await terminal.run("ls; echo listed-$?");
  await terminal.shows("listed-0");
  expect(await terminal.text()).not.toContain("typed-too-late");
  for (const id of [session.session_id, successor.session_id]) {
    expect((await server.output(id)).toString()).not.toContain("typed-too-late");
  }
});

test("a session whose holder was killed is told of, with its output, and can be started again", async ({
  shell,
  server,
  watch,
}) => {
  watch.allowLostConnections();
  const { session, terminal } = await shell({ labels: { story: "S-1" } });
  await terminal.run("echo before-$((3 + 3))");
  await terminal.shows("before-6");
  const holder = parentOf(session.pid ?? 0);
  end(holder, "SIGKILL");
  await terminal.becomes("ended");
  await expect(bar(terminal.page).state).toContainText("its holder is gone");
  await terminal.shows("before-6");
  await bar(terminal.page).button("Restart").click();
  await expect(terminal.page).not.toHaveURL(new RegExp(session.session_id));
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("echo after-$((4 + 4)) $SEMPRE_LABEL_STORY");
  await terminal.shows("after-8 S-1");
  expect(processesOf(server.dir)).not.toContain(holder);
});
