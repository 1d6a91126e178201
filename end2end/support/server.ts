// A Sempre of its own for one test: its programs, its directory, its API. It can be killed and started again.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { end, endAllOf, until } from "./processes";

/** What the shells of the tests say before each line. */
export const PROMPT = "sempre-test$ ";

/** A login shell's start file: the same shell on every machine. */
const PROFILE = `PS1='${PROMPT}'
unset HISTFILE PROMPT_COMMAND
export LESSHISTFILE=- EDITOR=vim
`;
const VIMRC = "set nocompatible viminfo= noswapfile nomodeline\n";

/** A session as the API shows it, as far as the tests look. */
export interface Session {
  session_id: string;
  shell: string;
  pid?: number;
  cols: number;
  rows: number;
  state: "active" | "completed" | "archived";
  cmd: string[];
  cwd: string;
  exit?: { code?: number; signal?: number };
  end_reason?: string;
  labels: Record<string, string>;
  viewers: number;
  offset: number;
  base_offset: number;
  restarted_from?: string;
  ttl?: number;
  records_input: boolean;
}

/** What a session is made of. */
export interface NewSession {
  shell?: string;
  cmd?: string[];
  cwd?: string;
  cols?: number;
  rows?: number;
  env?: Record<string, string>;
  labels?: Record<string, string>;
  ttl?: number;
  record_input?: boolean;
}

function program(): string {
  const found = process.env.SEMPRE_BIN;
  if (!found) throw new Error("SEMPRE_BIN is not set; run: cargo xtask test --only browser");
  return found;
}

export class Server {
  /** What it wrote, for the report of a failed test. */
  readonly log: string[] = [];
  private child: ChildProcess | undefined;
  private port = 0;
  private secret = "";

  private constructor(
    readonly dir: string,
    private readonly flags: string[],
  ) {}

  /** A running server with a directory of its own. */
  static async start(flags: string[] = []): Promise<Server> {
    const server = new Server(await mkdtemp(path.join(os.tmpdir(), "sempre-test-browser-")), flags);
    try {
      await mkdir(server.home);
      await writeFile(path.join(server.home, ".bash_profile"), PROFILE);
      await writeFile(path.join(server.home, ".vimrc"), VIMRC);
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** The home directory of server and shells. */
  get home(): string {
    return path.join(this.dir, "home");
  }

  get dataDir(): string {
    return path.join(this.dir, "data");
  }

  /** Where it listens. */
  get address(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.port };
  }

  get token(): string {
    return this.secret;
  }

  /** The path below which it is told that browsers reach it. */
  get base(): string {
    const flag = this.flags.indexOf("--base-path");
    return flag < 0 ? "" : (this.flags[flag + 1] ?? "");
  }

  /** Address of a page or a route on this server. */
  url(route = "/"): string {
    return `http://127.0.0.1:${this.port}${this.base}${route}`;
  }

  /** A file in the home directory. */
  file(name: string): string {
    return path.join(this.home, name);
  }

  /** Starts it; after a former start on the same port and data directory. */
  async start(): Promise<void> {
    // The port is nobody's in between: an outgoing connection of anyone's may use it for a moment.
    await until(`a server listens on port ${this.port}`, async () => {
      const child = this.spawn();
      const port = await listening(child);
      if (port === undefined) return false;
      this.child = child;
      this.port = port;
      return true;
    });
    this.secret = (await readFile(path.join(this.dataDir, "token"), "utf8")).trim();
  }

  private spawn(): ChildProcess {
    const args = ["serve", "--listen", `127.0.0.1:${this.port}`, "--data-dir", this.dataDir, "--shell", "bash", ...this.flags];
    const env = { ...environment(), HOME: this.home, LANG: "C.UTF-8", SHELL: "/bin/bash" };
    const child = spawn(program(), args, { env, cwd: this.home, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.log.push(line);
        child.emit("line", line);
      });
    }
    return child;
  }

  /** Ends it with `signal` and waits until it is gone; its exit code. Sessions stay. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.child;
    this.child = undefined;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      if (child.pid) end(child.pid, signal);
      await exited;
    }
    return child.exitCode;
  }

  /** Ends server, holders and shells, and removes the directory. */
  async dispose(): Promise<void> {
    await this.stop("SIGKILL");
    await endAllOf(this.dir);
    await rm(this.dir, { recursive: true });
  }

  /** A request with the token. */
  async request(method: string, route: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    return fetch(this.url(route), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  private async json<T>(method: string, route: string, body?: unknown): Promise<T> {
    const answer = await this.request(method, route, body);
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  create(session: NewSession = {}): Promise<Session> {
    return this.json("POST", "/api/v1/sessions", session);
  }

  sessions(): Promise<Session[]> {
    return this.json("GET", "/api/v1/sessions");
  }

  session(id: string): Promise<Session> {
    return this.json("GET", `/api/v1/sessions/${id}`);
  }

  restart(id: string): Promise<Session> {
    return this.json("POST", `/api/v1/sessions/${id}/restart`);
  }

  /** All output of a session so far. */
  async output(id: string, from = 0): Promise<Buffer> {
    const answer = await this.request("GET", `/api/v1/sessions/${id}/output?from=${from}`);
    if (!answer.ok) throw new Error(`output of ${id}: ${answer.status} ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  /** Waits until the session's process has ended. */
  async ended(id: string): Promise<Session> {
    await until(`session ${id} has ended`, async () => (await this.session(id)).state === "completed");
    return this.session(id);
  }

  /** Waits until the session's output, as text, holds `wanted`. */
  async said(id: string, wanted: string | RegExp): Promise<string> {
    let text = "";
    await until(`session ${id} said ${wanted}`, async () => {
      text = (await this.output(id)).toString("latin1");
      return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
    });
    return text;
  }

  /** Bytes of output on disk, without asking the server: what the holder has written. */
  journalBytes(id: string): number {
    const dir = path.join(this.dataDir, "sessions", id);
    if (!existsSync(dir)) return 0;
    const segments = readdirSync(dir).filter((name) => name.endsWith(".out"));
    return segments.reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0);
  }
}

/** This process' environment without what would change a Sempre, but for the holder's place. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => name === "SEMPRE_HOLDER" || !/^(SEMPRE_|KIRO_|XDG_)/.test(name),
  );
  return Object.fromEntries(kept);
}

/** The port a new server listens on; undefined if it could not have the one it was told. */
function listening(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    child.on("line", (line: string) => {
      lines.push(line);
      const port = /listening on http:\/\/[^:]+:(\d+)\//.exec(line)?.[1];
      if (port) resolve(Number(port));
    });
    child.once("error", reject);
    // After its last line.
    child.once("close", () => {
      const said = lines.join("\n");
      if (/taken|in use/.test(said)) resolve(undefined);
      else reject(new Error(`the server did not start:\n${said}`));
    });
  });
}
