// A reverse proxy that gives a server one path of its host, and takes that path off before it passes requests on.
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

export class PrefixProxy {
  private readonly open = new Set<Duplex>();
  /** Requests for what is not below the path. */
  readonly strayed: string[] = [];

  private constructor(
    private readonly listener: HttpServer,
    private readonly base: string,
    private readonly target: { host: string; port: number },
  ) {}

  /** Listens on a free port; `/base/x` becomes `/x` at the target. */
  static async start(base: string, target: { host: string; port: number }): Promise<PrefixProxy> {
    const listener = createServer();
    const proxy = new PrefixProxy(listener, base, target);
    listener.on("connection", (socket) => proxy.keep(socket));
    listener.on("request", (asked, answer) => {
      const sent = proxy.pass(asked);
      if (!sent) return void answer.writeHead(404).end();
      sent.on("response", (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      });
      sent.on("error", () => answer.destroy());
      answer.on("close", () => sent.destroy());
      asked.pipe(sent);
    });
    listener.on("upgrade", (asked: IncomingMessage, client: Duplex, head: Buffer) => {
      const sent = proxy.pass(asked);
      if (!sent) return void client.destroy();
      sent.on("upgrade", (got, server, rest) => {
        const lines = got.rawHeaders.map((text, at) => text + (at % 2 === 0 ? ": " : "\r\n"));
        client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
        client.write(rest);
        server.write(head);
        proxy.keep(server);
        client.pipe(server).pipe(client);
        client.on("close", () => server.destroy());
        server.on("close", () => client.destroy());
      });
      sent.on("response", () => client.destroy());
      sent.on("error", () => client.destroy());
      sent.end();
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return proxy;
  }

  /** Address of a page by way of this proxy. */
  url(route = "/"): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}${this.base}${route}`;
  }

  private keep(socket: Duplex): void {
    this.open.add(socket);
    socket.on("close", () => this.open.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  private pass(asked: IncomingMessage): ReturnType<typeof request> | undefined {
    const path = asked.url ?? "";
    if (!path.startsWith(`${this.base}/`)) {
      this.strayed.push(path);
      return undefined;
    }
    const { method, headers } = asked;
    return request({ ...this.target, path: path.slice(this.base.length), method, headers, agent: false });
  }

  async dispose(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    this.listener.close();
    await once(this.listener, "close");
  }
}
