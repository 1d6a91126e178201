// A peer of the benchmark: node-pty behind a WebSocket, with a headless xterm.js that is kept fed, as a server needs
// it that can show the screen to whoever comes back.
//
//   POST /sessions {"cmd": [...]}  -> {"session_id": "1"}     DELETE /sessions/1
//   GET /sessions/1/snapshot      -> ANSI text, x-serialize-ms
//   ws /ws/1                      -> the screen, then output as binary messages; text {"ack": BYTES} from the viewer

import { createRequire } from "node:module";
import http from "node:http";
import { WebSocketServer } from "ws";
import pty from "node-pty";

const require = createRequire(import.meta.url);
const { Terminal } = require("@xterm/headless");
const { SerializeAddon } = require("@xterm/addon-serialize");

/** Rows kept above the screen. */
const SCROLLBACK = Number(process.argv[2] ?? 5000);
/** Flow control by what viewers have drawn, bytes, as VS Code has it. */
const VIEWER_HIGH = 100_000;
const VIEWER_LOW = 5_000;
/** Output the headless terminal may be behind, bytes; at 50 MB it would throw output away. */
const SCREEN_HIGH = 1024 * 1024;
const SCREEN_LOW = 256 * 1024;

const sessions = new Map();
let lastId = 0;

class Session {
  constructor(cmd) {
    const [program, ...args] = cmd;
    this.screen = new Terminal({ cols: 80, rows: 24, scrollback: SCROLLBACK, allowProposedApi: true });
    this.serializer = new SerializeAddon();
    this.screen.loadAddon(this.serializer);
    this.viewers = new Map();
    this.behind = 0;
    this.paused = false;
    this.pty = pty.spawn(program, args, { name: "xterm-256color", cols: 80, rows: 24, encoding: null });
    this.pty.onData((bytes) => this.output(bytes));
    this.pty.onExit(() => this.viewers.forEach((_, socket) => socket.close()));
  }

  output(bytes) {
    this.behind += bytes.length;
    this.screen.write(bytes, () => {
      this.behind -= bytes.length;
      this.flow();
    });
    this.viewers.forEach((viewer, socket) => this.send(socket, viewer, bytes));
    this.flow();
  }

  /** What comes while the viewer's first screen is made waits for it. */
  send(socket, viewer, bytes) {
    viewer.unacked += bytes.length;
    if (viewer.waiting) viewer.waiting.push(bytes);
    else socket.send(bytes);
  }

  flow() {
    const unacked = Math.max(0, ...[...this.viewers.values()].map((viewer) => viewer.unacked));
    if (!this.paused && (unacked > VIEWER_HIGH || this.behind > SCREEN_HIGH)) {
      this.paused = true;
      this.pty.pause();
    } else if (this.paused && unacked <= VIEWER_LOW && this.behind < SCREEN_LOW) {
      this.paused = false;
      this.pty.resume();
    }
  }

  /** The screen and when it was made; waits until all output has been drawn. */
  snapshot() {
    return new Promise((resolve) => {
      this.screen.write("", () => {
        const started = performance.now();
        const ansi = this.serializer.serialize({ scrollback: SCROLLBACK });
        resolve({ ansi, ms: performance.now() - started });
      });
    });
  }

  async attach(socket) {
    const viewer = { unacked: 0, waiting: [] };
    socket.on("message", (data, binary) => {
      if (binary) {
        this.pty.write(data.toString());
      } else {
        viewer.unacked -= JSON.parse(data.toString()).ack;
        this.flow();
      }
    });
    socket.on("close", () => {
      this.viewers.delete(socket);
      this.flow();
    });
    this.viewers.set(socket, viewer);
    const screen = Buffer.from((await this.snapshot()).ansi);
    viewer.unacked += screen.length;
    [screen, ...viewer.waiting].forEach((bytes) => socket.send(bytes));
    viewer.waiting = null;
  }

  end() {
    this.pty.kill("SIGKILL");
    this.screen.dispose();
  }
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function answer(request, response) {
  const [, , id, what] = request.url.split("/");
  if (request.method === "POST") {
    const session = new Session((await body(request)).cmd);
    lastId += 1;
    sessions.set(String(lastId), session);
    response.end(JSON.stringify({ session_id: String(lastId) }));
  } else if (!sessions.has(id)) {
    response.writeHead(404).end();
  } else if (request.method === "DELETE") {
    sessions.get(id).end();
    sessions.delete(id);
    response.end();
  } else if (what === "snapshot") {
    const { ansi, ms } = await sessions.get(id).snapshot();
    response.writeHead(200, { "x-serialize-ms": String(ms) }).end(ansi);
  } else {
    response.writeHead(404).end();
  }
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket, request) => {
  const session = sessions.get(request.url.split("/")[2]);
  if (session) {
    socket._socket.setNoDelay(true);
    session.attach(socket);
  } else {
    socket.close();
  }
});
process.on("SIGTERM", () => {
  sessions.forEach((session) => session.end());
  process.exit(0);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
