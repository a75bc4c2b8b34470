// Text that a decoder damages first: every lead byte, with the least and the greatest bytes that may follow; and bytes that are no text.

/** The least and the greatest second byte where a lead byte allows fewer than 0x80 to 0xBF. */
const SECOND: Record<number, [number, number]> = {
  0xe0: [0xa0, 0xbf],
  0xed: [0x80, 0x9f],
  0xf0: [0x90, 0xbf],
  0xf4: [0x80, 0x8f],
};

/** One for each kind of bytes that are not UTF-8. */
const NO_TEXT = [
  // continuations alone
  [0x80],
  [0xbf],
  // overlong
  [0xc0, 0xaf],
  [0xc1, 0xbf],
  [0xe0, 0x80, 0x80],
  [0xf0, 0x80, 0x80, 0x80],
  // halves of surrogate pairs
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  // too large
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xfe],
  [0xff],
  // cut off
  [0xc2],
  [0xe2, 0x80],
  [0xf0, 0x9f, 0x8e],
  // cut off by one that is whole
  [0xe2, 0x80, 0xe2, 0x80, 0x94],
  // Latin-1
  [0x63, 0x61, 0x66, 0xe9],
];

/** All the ways to put one byte of each place behind the other. */
function product(places: number[][]): number[][] {
  return places.reduce<number[][]>((all, place) => all.flatMap((begin) => place.map((byte) => [...begin, byte])), [[]]);
}

function everyLead(): number[][] {
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  const of = (lead: number) => {
    const rest = lead < 0xe0 ? 0 : lead < 0xf0 ? 1 : 2;
    const ends = [0x80, 0xbf];
    return product([[lead], SECOND[lead] ?? ends, ...Array.from({ length: rest }, () => ends)]);
  };
  return [...range(0x20, 0x7e).map((byte) => [byte]), ...range(0xc2, 0xf4).flatMap(of)];
}

/** How many stand in a line. */
const PER_LINE = 12;

/** The text, each line with a line end; between its characters stand bars, for some of them have no width. */
export const TEXT = (() => {
  const all = [...everyLead(), ...NO_TEXT];
  const lines: number[] = [];
  for (let from = 0; from < all.length; from += PER_LINE) {
    const line = all.slice(from, from + PER_LINE).flatMap((bytes) => [...bytes, 0x7c]);
    lines.push(0x7c, ...line, 0x0a);
  }
  return Buffer.from(lines);
})();

/** What a terminal shows of it. */
export const SHOWN = new TextDecoder("utf-8", { ignoreBOM: true })
  .decode(TEXT)
  // a control character
  .replaceAll("\u0080", "")
  .split("\n")
  .slice(0, -1);
