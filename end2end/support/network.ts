// A network between pages and a server that can be cut or frozen: a TCP proxy.
import { once } from "node:events";
import { Transform, type TransformCallback } from "node:stream";
import { createServer, connect, type AddressInfo, type Server as TcpServer, type Socket } from "node:net";

export class Network {
  private readonly sockets = new Set<Socket>();
  private state: "open" | "cut" | "frozen" = "open";
  private bytesPerSecond = Infinity;

  private constructor(
    private readonly listener: TcpServer,
    private readonly target: () => { host: string; port: number },
  ) {}

  /** Listens on a free port and leads every connection to `target`. */
  static async start(target: () => { host: string; port: number }): Promise<Network> {
    const listener = createServer();
    const network = new Network(listener, target);
    listener.on("connection", (client) => network.accept(client));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return network;
  }

  /** Address of a page by way of this network. */
  url(route = "/"): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}${route}`;
  }

  private accept(client: Socket): void {
    this.keep(client);
    if (this.state === "cut") return void client.destroy();
    const server = connect(this.target());
    this.keep(server);
    client.pipe(server);
    server.pipe(new Throttle(() => this.bytesPerSecond)).pipe(client);
    for (const [one, other] of [[client, server], [server, client]] as const) {
      one.on("close", () => other.destroy());
    }
    if (this.state === "frozen") for (const socket of [client, server]) hold(socket);
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay();
    socket.on("close", () => this.sockets.delete(socket));
    // Cut connections and a server that is away are what this is for.
    socket.on("error", () => socket.destroy());
  }

  /** From now on, pages get at most this many bytes per second on each connection. */
  slow(bytesPerSecond: number): void {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Breaks every connection, and each new one. */
  cut(): void {
    this.state = "cut";
    for (const socket of this.sockets) socket.destroy();
  }

  /** Lets nothing through any more and tells nobody, like a network that is gone. */
  freeze(): void {
    this.state = "frozen";
    for (const socket of this.sockets) hold(socket);
  }

  /** Lets everything through again; frozen connections go on where they were. */
  mend(): void {
    this.state = "open";
    for (const socket of this.sockets) socket.uncork(), socket.resume();
  }

  async dispose(): Promise<void> {
    this.cut();
    this.listener.close();
    await once(this.listener, "close");
  }
}

/** Lets bytes through no faster than a line would, and takes in no more than it lets through. */
class Throttle extends Transform {
  constructor(private readonly bytesPerSecond: () => number) {
    super({ highWaterMark: 4 * 1024, readableHighWaterMark: 4 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const ms = (chunk.length * 1000) / this.bytesPerSecond();
    if (ms < 1) return done(null, chunk);
    setTimeout(() => done(null, chunk), ms);
  }
}

/** Neither reads nor writes. */
function hold(socket: Socket): void {
  socket.cork();
  socket.pause();
}
