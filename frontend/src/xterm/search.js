// Loads what searches in a terminal, when somebody searches for the first time.

/** Beyond so many matches nobody counts, and none more are marked. */
const LIMIT = 1000;

/** The add-on, loaded into a terminal; `found` is told which match is shown, of how many. */
export async function loadSearch(terminal, found) {
  const { SearchAddon } = await import("xterm-addon-search");
  const addon = new SearchAddon({ highlightLimit: LIMIT });
  terminal.loadAddon(addon);
  addon.onDidChangeResults(({ resultIndex, resultCount }) => found(resultIndex, resultCount));
  return addon;
}
