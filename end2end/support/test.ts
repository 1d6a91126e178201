// The test function of this suite: a server per test, pages that are watched, and a way in.
import { expect, test as base, type BrowserContext, type ConsoleMessage, type Page } from "@playwright/test";

import { Network } from "./network";
import { Server, type NewSession, type Session } from "./server";
import { Terminal } from "./terminal";

/** Headless Chromium draws WebGL by the CPU and says so; nothing the page does. */
const GPU_STALL =
  /^\[\.WebGL-0x[0-9a-f]+\]GL Driver Message \(OpenGL, Performance, GL_CLOSE_PATH_NV, High\): GPU stall due to ReadPixels/;
/** The graphics process of a headless Chromium on a busy machine; the terminal goes on without it. */
const GPU_LOST = /WebGL: CONTEXT_LOST_WEBGL/;
/** xterm.js on a machine that does something else as well. */
const BUSY_MACHINE = /^task queue exceeded allotted deadline by \d+ms/;

/** What pages of a test must not do: complain, fail, ask other servers. */
export class Watch {
  private readonly complaints: string[] = [];
  private readonly others: string[] = [];
  private readonly allowed: RegExp[] = [GPU_STALL, GPU_LOST, BUSY_MACHINE];

  /** What a test brings about on purpose. */
  allow(...complaints: RegExp[]): void {
    this.allowed.push(...complaints);
  }

  /** What is said while no server can be reached. */
  allowLostConnections(): void {
    this.allow(
      /net::ERR_(CONNECTION_|SOCKET_|INTERNET_DISCONNECTED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|NETWORK_)/,
      /^request failed: .*net::ERR_FAILED/,
      /WebSocket connection to .* failed/,
    );
  }

  /** Another address of the test's own server. */
  own(url: string): void {
    this.others.push(new URL(url).origin);
  }

  /** Watches all pages of a context; `origins` are those of the test's own server. */
  over(context: BrowserContext, origins: () => string[]): void {
    const complain = (text: string) => this.complaints.push(text);
    const foreign = (url: string) => {
      const known = [...origins(), ...this.others];
      const own = /^(data|blob|about):/.test(url) || known.includes(new URL(url).origin.replace(/^ws/, "http"));
      if (!own) complain(`request to another server: ${url}`);
    };
    context.on("console", (message: ConsoleMessage) => {
      const at = message.location().url;
      if (["error", "warning"].includes(message.type())) complain(`${message.text()} (${at})`);
    });
    context.on("weberror", (error) => complain(`page error: ${error.error().message}`));
    context.on("dialog", (dialog) => {
      complain(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("request", (request) => foreign(request.url()));
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // A page that is left takes along what it asked for.
      const left = why === "net::ERR_ABORTED";
      if (!left) complain(`request failed: ${request.url()} ${why}`);
    });
    context.on("page", (page) => {
      page.on("websocket", (socket) => foreign(socket.url()));
      page.on("crash", () => complain("the page crashed"));
    });
  }

  /** What was complained about and not allowed. */
  report(): string[] {
    return this.complaints.filter((text) => !this.allowed.some((allowed) => allowed.test(text)));
  }
}

interface Fixtures {
  /** Flags of the server besides those that all tests give it. */
  flags: string[];
  server: Server;
  /** A network between the pages and the server; pages use it only if a test opens them by `network.url()`. */
  network: Network;
  watch: Watch;
  /** Logs the context in and opens `route`. */
  open: (route?: string, base?: { url(route?: string): string }) => Promise<Page>;
  /** A session of bash and its standalone page, live, with the focus in the terminal. */
  shell: (session?: NewSession) => Promise<{ session: Session; terminal: Terminal }>;
}

export const test = base.extend<Fixtures>({
  flags: [[], { option: true }],
  server: async ({ flags }, use, info) => {
    const server = await Server.start(flags);
    await use(server);
    if (info.status !== info.expectedStatus) await info.attach("server.log", { body: server.log.join("\n") });
    await server.dispose();
  },
  network: async ({ server }, use) => {
    const network = await Network.start(() => server.address);
    await use(network);
    await network.dispose();
  },
  watch: [
    async ({ server, network, context }, use) => {
      const watch = new Watch();
      watch.over(context, () => [server.url(), network.url()].map((url) => new URL(url).origin));
      await use(watch);
      expect(watch.report(), "what the pages complained about").toEqual([]);
    },
    { auto: true },
  ],
  open: async ({ page, context, server }, use) => {
    await use(async (route = "/", base = server) => {
      // What a browser does with the login address, without showing it; `access.spec.ts` shows it.
      const login = { params: { token: server.token }, headers: { accept: "text/html" } };
      expect((await context.request.get(base.url(), login)).ok()).toBe(true);
      await page.goto(base.url(route));
      return page;
    });
  },
  shell: async ({ open, server }, use) => {
    await use(async (request = {}) => {
      const session = await server.create(request);
      const terminal = new Terminal(await open(`/t/${session.session_id}`));
      await terminal.becomes("live");
      await terminal.hasFocus();
      await terminal.prompts();
      return { session, terminal };
    });
  },
});

export { expect };
