// The processes that belong to a test's server: found by its directory, ended by their ids.
import { readdirSync, readFileSync } from "node:fs";

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // It ended in between, or is another user's.
    return "";
  }
}

/** Ids of the live processes that name `dir` on their command line or in their environment, as all of a test's do. */
export function processesOf(dir: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/cmdline`).includes(dir) || read(`/proc/${pid}/environ`).includes(dir))
    .map(Number);
}

/** Whether the process is there and not a zombie. */
export function isAlive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== "" && !/\) Z /.test(stat);
}

/** The id of the process that started `pid`. */
export function parentOf(pid: number): number {
  const parent = /^PPid:\s+(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
  if (!parent) throw new Error(`process ${pid} is gone`);
  return Number(parent);
}

export function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Waits until `done` says so; a state that no event tells of. */
export async function until(what: string, done: () => boolean | Promise<boolean>, limitMs = 120_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Ends every process of `dir` and waits until none is left. */
export async function endAllOf(dir: string): Promise<void> {
  await until(`all processes of ${dir} have ended`, () => {
    const left = processesOf(dir);
    for (const pid of left) end(pid, "SIGKILL");
    return left.length === 0;
  });
}
