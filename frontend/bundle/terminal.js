// What `app/term` uses of xterm.js, as one ES module that a page loads when it opens its first terminal.
// A name used in `app/term` stands here too; nothing else does.
export { Terminal } from "@xterm/xterm";
export { FitAddon } from "@xterm/addon-fit";
export { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
export { WebLinksAddon } from "@xterm/addon-web-links";
export { WebglAddon } from "@xterm/addon-webgl";
