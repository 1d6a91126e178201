// A terminal in a page, as a person sees it and as the attributes of its host tell.
import { expect, type Locator, type Page } from "@playwright/test";

/** Where the viewer's connection stands: `data-state` of the host. */
export type State = "connecting" | "replaying" | "live" | "reconnecting" | "ended" | "gone" | "logged-out" | "disconnected";

interface XCell {
  getChars(): string;
  getFgColor(): number;
  getBgColor(): number;
  isBold(): number;
  isInverse(): number;
}

interface XLine {
  isWrapped: boolean;
  length: number;
  translateToString(trim: boolean): string;
  getCell(at: number): XCell | undefined;
}

/** The part of xterm.js that the tests read. */
interface XTerm {
  cols: number;
  rows: number;
  scrollToTop(): void;
  modes: { bracketedPasteMode: boolean };
  buffer: {
    active: {
      type: "normal" | "alternate";
      length: number;
      baseY: number;
      viewportY: number;
      cursorX: number;
      cursorY: number;
      getLine(at: number): XLine | undefined;
    };
  };
}

type Host = Element & { sempreTerminal?: XTerm };

export class Terminal {
  readonly host: Locator;
  private started = 0;

  constructor(readonly page: Page) {
    this.host = page.getByTestId("terminal");
  }

  /** Waits for the state. */
  async becomes(state: State): Promise<void> {
    await expect(this.host).toHaveAttribute("data-state", state);
  }

  private async attribute(name: string): Promise<string> {
    const value = await this.host.getAttribute(name);
    if (value === null) throw new Error(`the terminal's host has no ${name}`);
    return value;
  }

  /** Output drawn, in bytes. */
  async offset(): Promise<number> {
    return Number(await this.attribute("data-offset"));
  }

  /** This tab's writer id. */
  writer(): Promise<string> {
    return this.attribute("data-writer");
  }

  /** Typed bytes that the server has not confirmed. */
  async pending(): Promise<number> {
    return Number(await this.attribute("data-pending"));
  }

  async size(): Promise<{ cols: number; rows: number }> {
    return { cols: Number(await this.attribute("data-cols")), rows: Number(await this.attribute("data-rows")) };
  }

  /** All lines, those above the screen included; wrapped ones joined; empty ones at the end left out. */
  async lines(): Promise<string[]> {
    const text = await this.host.evaluate((host: Host) => {
      const buffer = host.sempreTerminal?.buffer.active;
      if (!buffer) return "";
      let text = "";
      for (let at = 0; at < buffer.length; at += 1) {
        const line = buffer.getLine(at);
        const wraps = buffer.getLine(at + 1)?.isWrapped ?? false;
        text += (line?.translateToString(!wraps) ?? "") + (wraps ? "" : "\n");
      }
      return text;
    });
    return text.trimEnd().split("\n");
  }

  /** The screen cell by cell, with colours and the cursor's place. */
  async cells(): Promise<string> {
    return this.host.evaluate((host: Host) => {
      const terminal = host.sempreTerminal;
      if (!terminal) return "";
      const { active } = terminal.buffer;
      const rows = [`cursor ${active.cursorX} ${active.cursorY}`];
      for (let row = 0; row < terminal.rows; row += 1) {
        const line = active.getLine(active.baseY + row);
        let [text, looks] = ["", ""];
        for (let at = 0; at < terminal.cols; at += 1) {
          const cell = line?.getCell(at);
          text += cell?.getChars() || " ";
          looks += `${cell?.getFgColor()},${cell?.getBgColor()},${cell?.isBold() ? 1 : 0}${cell?.isInverse() ? 1 : 0};`;
        }
        rows.push(`${line?.isWrapped ? "+" : "|"}${text}`, looks);
      }
      return rows.join("\n");
    });
  }

  /** The first line that is seen, counted from the oldest the terminal has. */
  async viewportTop(): Promise<number> {
    return this.host.evaluate((host: Host) => host.sempreTerminal?.buffer.active.viewportY ?? -1);
  }

  /** Scrolls to the oldest line the terminal has, as one does with the scroll bar. */
  async scrollToTop(): Promise<void> {
    await this.host.evaluate((host: Host) => host.sempreTerminal?.scrollToTop());
    await expect.poll(() => this.viewportTop()).toBe(0);
  }

  async text(): Promise<string> {
    return (await this.lines()).join("\n");
  }

  /** Waits until the text matches. */
  async shows(wanted: string | RegExp): Promise<void> {
    const pattern = typeof wanted === "string" ? new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")) : wanted;
    await expect.poll(() => this.text()).toMatch(pattern);
  }

  /** Waits until the last line is an empty prompt. */
  async prompts(): Promise<void> {
    await this.shows(/sempre-test\$\s*$/);
  }

  /** Whether a program has taken the whole screen. */
  async isAlternate(): Promise<boolean> {
    return this.host.evaluate((host: Host) => host.sempreTerminal?.buffer.active.type === "alternate");
  }

  async takesBracketedPaste(): Promise<boolean> {
    return this.host.evaluate((host: Host) => host.sempreTerminal?.modes.bracketedPasteMode ?? false);
  }

  /** Types on the keyboard; the focus must be in the terminal. */
  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** Types a line and Enter. */
  async run(line: string): Promise<void> {
    await this.type(`${line}\n`);
  }

  /**
   * Runs a program that reads what is typed next, and waits until that would not be the shell's any more: text that
   * comes before a shell lets go of the terminal is not echoed, and its Enter and Ctrl-D mean nothing special.
   */
  async start(program: string): Promise<void> {
    this.started += 1;
    await this.run(`echo start-$((${this.started} * 1)); ${program}`);
    await this.shows(new RegExp(`^start-${this.started}$`, "m"));
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** Pastes as the browser does after Ctrl+V, without the clipboard that all pages share. */
  async paste(text: string): Promise<void> {
    await this.host.locator("textarea").evaluate((area, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  }

  /** Whether the keys go to the terminal. */
  async hasFocus(): Promise<void> {
    await expect(this.host.locator("textarea")).toBeFocused();
  }

  /** Clicks into it. */
  async focus(): Promise<void> {
    await this.host.click();
    await this.hasFocus();
  }

  /** Notes every value of `data-offset` from now on; see {@link offsetsSeen}. */
  async noteOffsets(): Promise<void> {
    await this.host.evaluate((host) => {
      const seen = [Number(host.getAttribute("data-offset"))];
      Object.assign(globalThis, { offsetsSeen: seen });
      const note = () => seen.push(Number(host.getAttribute("data-offset")));
      new MutationObserver(note).observe(host, { attributeFilter: ["data-offset"] });
    });
  }

  async offsetsSeen(): Promise<number[]> {
    return this.page.evaluate(() => (globalThis as unknown as { offsetsSeen: number[] }).offsetsSeen);
  }
}
