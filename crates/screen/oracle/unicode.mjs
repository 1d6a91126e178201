// The unicode add-on as the page has it, and its rule for widths and joining without a terminal around it.

export const CODE_POINTS = 0x110000;

// The add-on decodes its tables while it loads: with Node's Buffer where there is one, else, as in a browser, with
// atob. The first is wrong in 0.4.0: it reads from the start of the pool that the Buffer lies in, and code points past
// U+FFFF have no properties. The page runs in browsers, so Buffer is hidden meanwhile.
const { Buffer } = globalThis;
globalThis.Buffer = undefined;
const { UnicodeGraphemesAddon } = await import("@xterm/addon-unicode-graphemes").finally(() => {
  globalThis.Buffer = Buffer;
});

export { UnicodeGraphemesAddon };

/** The provider the page's terminals use: `charProperties(codepoint, preceding)` is what is observed. */
export function provider() {
  const versions = new Map();
  const unicode = { register: (one) => versions.set(one.version, one), activeVersion: "6" };
  new UnicodeGraphemesAddon().activate({ unicode });
  const active = versions.get(unicode.activeVersion);
  if (active.wcwidth(0x1f600) !== 2) throw new Error("the add-on's tables were not read as in a browser");
  return active;
}

/** The cells of the cluster so far. */
export const width = (properties) => (properties >> 1) & 3;
/** Whether the code point joins the cell before. */
export const joins = (properties) => (properties & 1) === 1;
