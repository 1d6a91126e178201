// Output is what the program wrote, byte for byte, wherever it is read.
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";

import { Terminal } from "../support/terminal";
import { expect, test } from "../support/test";
import { hearAll } from "../support/wire";

const MIB = 1024 * 1024;

/** All byte values in order, then random ones. */
function anything(bytes: number): Buffer {
  return Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, value) => value)), randomBytes(bytes)]);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Waits for a line, then writes the file to a terminal that changes nothing. */
function writer(file: string): string[] {
  return ["bash", "-c", 'read -r go; stty raw -echo; exec cat "$0"', file];
}

for (const acks of [false, true]) {
  test(`256 byte values and 8 MiB of anything arrive unchanged, ${acks ? "with" : "without"} acks`, async ({
    open,
    server,
  }) => {
    const bytes = anything(8 * MIB);
    await writeFile(server.file("bytes"), bytes);
    const session = await server.create({ cmd: writer(server.file("bytes")) });
    const page = await open("/health");
    const heard = await hearAll(page, session.session_id, { line: "go\n", acks });
    // The terminal echoed the line, since nothing had told it not to.
    const expected = Buffer.concat([Buffer.from("go\r\n"), bytes]);
    expect(heard).toEqual({ bytes: expected.length, sha256: sha256(expected), seamless: true });
    const output = await server.output(session.session_id);
    expect(output.length).toBe(expected.length);
    expect(sha256(output)).toBe(sha256(expected));
    const tail = await server.output(session.session_id, expected.length - 10);
    expect(tail).toEqual(expected.subarray(-10));
  });
}

test("a page shown anything at all stays alive", async ({ open, server, context, watch }) => {
  await writeFile(server.file("bytes"), anything(MIB));
  const session = await server.create({ cmd: writer(server.file("bytes")) });
  const terminal = new Terminal(await open(`/t/${session.session_id}`));
  await terminal.becomes("live");
  await terminal.hasFocus();
  await terminal.run("go");
  await terminal.becomes("ended");
  const { offset } = await server.session(session.session_id);
  await expect.poll(() => terminal.offset()).toBe(offset);
  expect(context.pages()).toHaveLength(1);
  expect(watch.report()).toEqual([]);
});
