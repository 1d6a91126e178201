// A finger on the page, as the browser itself gets it from a touch screen.
import type { CDPSession, Locator, Page } from "@playwright/test";

interface Point {
  x: number;
  y: number;
}

export class Finger {
  private constructor(private readonly session: CDPSession) {}

  static async on(page: Page): Promise<Finger> {
    return new Finger(await page.context().newCDPSession(page));
  }

  private async send(type: "touchStart" | "touchMove" | "touchEnd", points: Point[]): Promise<void> {
    await this.session.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  }

  /** Touches the middle of `element`, goes `px` down (up, if negative), and is lifted. */
  async drag(element: Locator, px: number): Promise<void> {
    const box = await element.boundingBox();
    if (!box) throw new Error("the element is not on the page");
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 - px / 2 };
    const steps = Math.ceil(Math.abs(px) / 12);
    await this.send("touchStart", [at]);
    for (let step = 1; step <= steps; step += 1) {
      await this.send("touchMove", [{ x: at.x, y: at.y + (px * step) / steps }]);
    }
    await this.send("touchEnd", []);
  }

  /** The same over an element that the browser scrolls: waits until what was thrown stands. */
  async scroll(element: Locator, px: number): Promise<void> {
    const stands = await element.evaluateHandle((scrolled) => ({
      yet: new Promise((stands) => scrolled.addEventListener("scrollend", stands, { once: true })),
    }));
    await this.drag(element, px);
    await stands.evaluate(({ yet }) => yet);
  }
}
