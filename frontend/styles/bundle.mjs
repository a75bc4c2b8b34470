// Makes one style sheet of those that index.css imports, each in its layer: a browser far away asks for one file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
// Trunk takes it from there, watches nothing there, and git does not know the folder.
const built = join(here, "../node_modules/.cache/style.css");

const IMPORT = /^@import "([^"]+)" layer\((\w+)\);$/gm;

/** A style sheet without its comments and indentation. Whose work it is stays. */
const shorten = (css) =>
  css
    .replace(/\/\*[^]*?\*\//g, (comment) => (/copyright/i.test(comment) ? comment : ""))
    .replace(/^\s+/gm, "");

const read = (name) => shorten(readFileSync(join(here, name), "utf8"));

const bundle = read("index.css").replace(IMPORT, (_, name, layer) => `@layer ${layer} {\n${read(name)}}`);
if (bundle.includes("@import")) {
  throw new Error("index.css: an import is not of the form that bundle.mjs knows");
}
mkdirSync(dirname(built), { recursive: true });
writeFileSync(built, bundle);
