// A viewer of the native wire inside a page: a WebSocket of the page's own, as an API client would use it.
import type { Page } from "@playwright/test";

export interface Heard {
  /** Bytes of output from offset 0 on. */
  bytes: number;
  /** SHA-256 of these bytes, hexadecimal. */
  sha256: string;
  /** Whether each frame began where the one before ended. */
  seamless: boolean;
}

/**
 * Attaches from offset 0 with `lag=wait`, types `line` once greeted, and listens until `exit`.
 * With `acks` it says what it has taken, and is sent no more than the window ahead of that.
 */
export function hearAll(page: Page, session: string, options: { line: string; acks: boolean }): Promise<Heard> {
  return page.evaluate(
    async ({ session, line, acks }) => {
      const query = `from=0&lag=wait${acks ? "&acks=1" : ""}`;
      const socket = new WebSocket(`ws://${location.host}/ws/sessions/${session}?${query}`, "sempre.v1");
      socket.binaryType = "arraybuffer";
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let [end, acked, seamless] = [0, 0, true];
      const send = () => {
        const text = new TextEncoder().encode(line);
        // Kind 1, input offset 0, the bytes.
        const frame = new Uint8Array(9 + text.length);
        frame[0] = 1;
        frame.set(text, 9);
        socket.send(frame);
      };
      const take = (frame: ArrayBuffer) => {
        const view = new DataView(frame);
        if (view.getUint8(0) !== 1) return;
        seamless &&= view.getBigUint64(1) === BigInt(end);
        parts.push(new Uint8Array(frame, 9));
        end += frame.byteLength - 9;
        if (acks && end - acked >= 64 * 1024) {
          acked = end;
          socket.send(JSON.stringify({ type: "ack", offset: end }));
        }
      };
      await new Promise<void>((resolve, reject) => {
        socket.onclose = (event) => reject(new Error(`closed with ${event.code} after ${end} bytes`));
        socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
          if (data instanceof ArrayBuffer) return take(data);
          const text = JSON.parse(data) as { type: string; message?: string };
          if (text.type === "hello") send();
          if (text.type === "error") reject(new Error(text.message));
          if (text.type === "exit") resolve();
        };
      });
      socket.close();
      const all = new Uint8Array(await new Blob(parts).arrayBuffer());
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
      const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      return { bytes: all.length, sha256, seamless };
    },
    { session, ...options },
  );
}
