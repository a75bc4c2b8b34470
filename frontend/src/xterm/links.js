// Loads what finds addresses in the text of a terminal.

async function load(terminal, chosen) {
  const { WebLinksAddon } = await import("xterm-addon-web-links");
  terminal.loadAddon(new WebLinksAddon(chosen));
}

/** Calls `chosen` with the event and the address when one is clicked that begins with http:// or https://. */
export function findAddresses(terminal, chosen) {
  // without it, all is as before
  load(terminal, chosen).catch(() => {});
}
