// How many cells characters take, as xterm.js asks for each one that it prints, and which of them are drawn as one.

/** What is drawn as one though it takes the cells of several has one of these in it: joined emoji, skin colours, flags. */
const JOINING = /[\u200d\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}]/u;

/**
 * What `terminal.unicode.register` takes. `cells` tells how many cells a code point takes, 0, 1 or 2. From the first one
 * that joins others, each row of the terminal is looked through for what is drawn as one.
 */
export function provider(version, terminal, cells) {
  // one more than the cells, 0 where they were not asked for yet; the browser gives memory to what is used of it
  const known = new Uint8Array(0x110000);
  let alone = true;
  const ask = (codePoint) => {
    known[codePoint] = 1 + cells(codePoint);
    if (alone && JOINING.test(String.fromCodePoint(codePoint))) {
      alone = false;
      terminal.registerCharacterJoiner(joiner());
    }
  };
  const wcwidth = (codePoint) => {
    if (known[codePoint] === 0) ask(codePoint);
    return known[codePoint] - 1;
  };
  // the lowest bit says whether it goes into the cells of the one before, the two above it how many cells those are
  const charProperties = (codePoint, before) => {
    const width = wcwidth(codePoint);
    const cellsBefore = (before >> 1) & 3;
    return width === 0 && cellsBefore > 0 ? (cellsBefore << 1) | 1 : width << 1;
  };
  return { version, wcwidth, charProperties };
}

/** What `terminal.registerCharacterJoiner` takes: tells from where to where a text is drawn as one. */
function joiner() {
  if (typeof Intl.Segmenter !== "function") return () => [];
  const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
  return (text) => {
    if (!JOINING.test(text)) return [];
    return Array.from(segmenter.segment(text))
      .filter(({ segment }) => JOINING.test(segment))
      .map(({ segment, index }) => [index, index + segment.length]);
  };
}
