// Loads what searches in a terminal, when somebody searches for the first time.

/** Beyond so many matches nobody counts, and none more are marked. */
const LIMIT = 1000;

/** The add-on, loaded into a terminal; `found` is told which match is shown, of how many. */
export async function loadSearch(terminal, found) {
  const { SearchAddon } = await import("xterm-addon-search");
  const addon = new SearchAddon({ highlightLimit: LIMIT });
  // What is shown of the matches is selected, too, and a selection covers every mark that is not on top.
  const onTop = (options) => terminal.registerDecoration({ ...options, layer: "top" });
  const marked = new Proxy(terminal, {
    get: (_, name) => (name === "registerDecoration" ? onTop : Reflect.get(terminal, name)),
  });
  terminal.loadAddon({ activate: () => addon.activate(marked), dispose: () => addon.dispose() });
  addon.onDidChangeResults(({ resultIndex, resultCount }) => found(resultIndex, resultCount));
  return addon;
}
