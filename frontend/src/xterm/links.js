// Loads what finds addresses in the text of a terminal.

/** Calls `chosen` with the event and the address when one is clicked that begins with http:// or https://. */
export function findAddresses(terminal, chosen) {
  // the first prompt waits for none of this
  const written = terminal.onWriteParsed(async () => {
    written.dispose();
    const { WebLinksAddon } = await import("xterm-addon-web-links");
    terminal.loadAddon(new WebLinksAddon(chosen));
  });
}
