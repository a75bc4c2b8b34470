// Random streams of every sequence that xterm.js knows, on a terminal that is copied or made as new. Runs within the page.

/** Two terminals that are not the same. */
export interface Difference {
  round: number;
  /** Where their insides differ, and how. */
  found: string;
  /** The shortest stream found that makes it, piece by piece; the copy was made behind the piece `copied`. */
  pieces: string[];
  copied: number;
}

/** What is tried, and how often. */
export interface Trials {
  /** `copy`: the rest of the stream goes to a copy too. `renew`: all but the text has to be as in a new terminal. */
  what: "copy" | "renew";
  seed: number;
  rounds: number;
}

/**
 * Writes random streams to terminals, and compares all that is in them, and what they answer, with all that has to be.
 * All that it needs is in it, for it is sent to the page.
 */
export async function compareTerminals({ what, seed, rounds }: Trials): Promise<{ difference?: Difference; sequences: number }> {
  // the inside of xterm.js has no types
  type Inside = any;
  // by the page's import map: exactly what it ships
  const modules = ["xterm", "xterm-state"];
  const [{ Terminal }, { StateAddon }] = (await Promise.all(modules.map((name) => import(name)))) as Inside[];

  let random = seed;
  /** mulberry32: a number below `count`. */
  const below = (count: number): number => {
    random = (random + 0x6d2b79f5) | 0;
    let t = Math.imul(random ^ (random >>> 15), 1 | random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count);
  };
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make);

  const hosts: HTMLElement[] = [];
  const open = (cols: number, rows: number): Inside => {
    const host = document.body.appendChild(document.createElement("div"));
    hosts.push(host);
    const terminal = new Terminal({ cols, rows, scrollback: 30, logLevel: "off", allowProposedApi: true });
    const state = new StateAddon();
    terminal.loadAddon(state);
    terminal.open(host);
    const answers: string[] = [];
    terminal.onData((data: string) => answers.push(data));
    return { terminal, state, answers, recent: "" };
  };
  const close = ({ terminal }: Inside): void => {
    terminal.dispose();
    hosts.pop()?.remove();
  };

  // all that this version knows, from its own tables
  const first = open(10, 5);
  const parser = first.terminal._core._inputHandler._parser;
  const names = (table: Inside): string[] => Object.keys(table).map((id) => parser.identToString(Number(id)) as string);
  const known = {
    csi: names(parser._csiHandlers),
    esc: names(parser._escHandlers),
    controls: Object.keys(parser._executeHandlers).map((code) => String.fromCharCode(Number(code))),
    osc: Object.keys(parser._oscParser._handlers),
    dcs: names(parser._dcsParser._handlers),
  };
  close(first);

  const MODES = [1, 3, 4, 6, 7, 9, 12, 20, 25, 45, 47, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1048, 1049, 2004, 2026];
  const TEXTS = ["a", "Zz", " ", "    ", "q", "lqk", "你", "é", "e\u0301", "x\u0308\u0301", "🎉", "👨‍👩‍👧", "❤️", "﷐", "﷑w", "a\ufdd2", "\ufdd3", "\ufffd", "\u0600", "─", "\u00a0", "ｱ", "한", "\r\n", "\n", "\r"];
  const WORDS = ["", "a", "title", "?", "你", "#123456", "rgb:12/ab/ff", "red"];
  const number = (): string => one(["", "0", "1", "2", "3", "5", "8", "10", "40", "100", "65536", String(below(120))]);
  const colour = (): string =>
    one(["38;5;", "48;5;", "58:5:"]) + below(256) + one(["", ";1", ":0"]) + one(["", `;38;2;${below(256)};0;9`, `;58:2::1:${below(256)}:3`]);
  const csi = (): string => {
    const name = one(known.csi);
    const final = name.slice(-1);
    const prefix = /^[<-?]/.exec(name)?.[0] ?? "";
    const between = name.slice(prefix.length, -1);
    let parameters = some(3, number).join(";");
    if (final === "h" || final === "l") {
      parameters = some(2, () => String(below(4) ? one(MODES) : below(2100))).join(";");
    } else if (final === "m") {
      parameters = below(2) ? colour() : some(4, () => one([String(below(110)), `4:${below(6)}`, "0"])).join(";");
    } else if (final === "t") {
      parameters = one(["22", "23", "22;0", "22;1", "22;2", "23;0", "23;1", "23;2", "18", "14"]);
    }
    return `${one(["\x1b[", "\x1b[", "\x9b"])}${prefix}${parameters}${between}${final}`;
  };
  const osc = (): string => {
    const id = one(known.osc);
    const links = [`;http://e/${below(3)}`, `id=${below(2)};http://e/${below(2)}`, ";"];
    const data =
      id === "8" ? one(links) : id === "4" ? `${below(20)};${one(WORDS)}` : id === "104" ? one(["", "1", "2;3"]) : one(WORDS);
    return `${one(["\x1b]", "\x9d"])}${id};${data}${one(["\x07", "\x1b\\", "\x9c", "\x18"])}`;
  };
  const piece = (): string => {
    switch (below(9)) {
      case 0:
      case 1:
      case 2:
        return some(6, () => one(TEXTS)).join("");
      case 3:
        return one(known.controls);
      case 4:
        return `\x1b${one(known.esc)}`;
      case 5:
        return osc();
      case 6:
        return one([`\x1bP$q${one(["m", "r", " q", '"p', "x"])}\x1b\\`, "\x1bPx\ny\x1b\\", "\x1b_a\x1b\\", "\x1bXab\x9c", `\x1bP${one(known.dcs)}`]);
      case 7:
        // broken off, and with controls that act within it
        return one([csi().slice(0, -1), osc().slice(0, -2), "\x1b", "\x1b[1\n", "\x1b[2\b;", "\x1b[\x18"]);
      default:
        return csi();
    }
  };

  /** What is not output: the user's. */
  const act = (at: Inside, text: string): void => {
    const { terminal, state } = at;
    const [, what, first, second] = /^<(\w+) (-?\d+) (\d+)>$/.exec(text) ?? [];
    if (what === "resize") {
      terminal.resize(Number(first), Number(second));
    } else if (what === "scroll") {
      // at once, where the view does it with the next picture
      terminal._core._bufferService.scrollLines(Number(first));
    } else {
      terminal._core.writeSync(text);
      at.recent = state.isIdle() ? "" : at.recent + text;
    }
  };
  const any = (): string => {
    const kind = below(40);
    return kind === 0 ? `<resize ${4 + below(20)} ${2 + below(9)}>` : kind === 1 ? `<scroll ${below(20) - 10} 0>` : piece();
  };

  /** These draw, work, or count objects; a copy has its own. */
  const OTHERS = new Set(
    ("_renderService _charSizeService _instantiationService _logService _coreBrowserService _mouseService viewport _compositionHelper " +
      "_linkifier _linkProviderService _characterJoinerService _decorationService _overviewRulerRenderer _accessibilityManager _writeBuffer " +
      "_store _disposables _workCell _nullCell _whitespaceCell _parseBuffer _parseStack _dirtyRowTracker _cachedBlankLine _id _selectionService " +
      "_parentContext _contrastCache _halfContrastCache contrastCache halfContrastCache _lifecycle _transitions _array _startIndex " +
      "_memoryCleanupPosition _memoryCleanupQueue _addonManager unicodeService _unicodeService _themeOptions _viewport _renderer _keyDownSeen _keyDownHandled _customWheelEventHandler").split(" "),
  );
  const inside = (root: Inside): Map<string, string> => {
    const all = new Map<string, string>();
    const seen = new Set<unknown>();
    const { normal, alt } = root._bufferService.buffers;
    const marks = new Set([...normal.markers, ...alt.markers]);
    const line = (of: Inside): string => {
      const cells = Array.from({ length: of.length }, (_, x) => {
        const [content, fg, bg] = [of._data[x * 3], of._data[x * 3 + 1], of._data[x * 3 + 2]];
        const more = bg & 0x10000000 ? `${of._extendedAttrs[x]?._ext}/${of._extendedAttrs[x]?._urlId}` : "";
        return `${content & 0x200000 ? `${content}=${of._combined[x]}` : content},${fg},${bg},${more}`;
      });
      return `${of.isWrapped} ${cells.join(" ")}`;
    };
    const walk = (value: Inside, path: string): void => {
      if (value === null || value === undefined || typeof value === "function") {
        // one as good as the other
        return;
      }
      if (typeof value !== "object") {
        all.set(path, JSON.stringify(value));
        return;
      }
      if (seen.has(value) || value instanceof Node || "_listeners" in value || "_deliveryQueue" in value) {
        return;
      }
      // data that stands in two places is compared in both
      if (Object.getPrototypeOf(value) !== Object.prototype && !Array.isArray(value)) {
        seen.add(value);
      }
      if ("_combined" in value) {
        all.set(path, line(value));
      } else if ("_maxLength" in value && "get" in value) {
        all.set(path, `${value.length} of ${value.maxLength} lines`);
        for (let at = 0; at < value.length; at++) {
          walk(value.get(at), `${path}[${at}]`);
        }
      } else if ("toArray" in value) {
        all.set(path, JSON.stringify(value.toArray()));
      } else if ("onDispose" in value && "line" in value) {
        all.set(path, `line ${value.line}`);
        seen.delete(value);
      } else if (value instanceof Map || value instanceof Set) {
        [...value.entries()].forEach(([key, entry], at) => walk(entry, `${path}<${at}:${typeof key === "object" ? "" : key}>`));
      } else {
        // a mark in a buffer that is gone marks nothing
        const isMarks = Array.isArray(value) && value.some((entry) => "onDispose" in Object(entry));
        const there = isMarks ? value.filter((entry: Inside) => marks.has(entry)) : value;
        for (const [name, entry] of Object.entries(there)) {
          // what a sequence that is over leaves behind the next one of its kind forgets
          const isOver =
            (["_params", "_collect"].includes(name) && [0, 7, 8].includes(value.currentState)) ||
            (name === "_oscParser" && value.currentState !== 8) ||
            (name === "_dcsParser" && value.currentState !== 13);
          if (!OTHERS.has(name) && !isOver) {
            walk(entry, `${path}.${name}`);
          }
        }
      }
    };
    walk(root, "");
    // what it was opened with
    for (const path of all.keys()) {
      if (/^\.optionsService\.(options|rawOptions)\.(cols|rows)$/.test(path)) {
        all.delete(path);
      }
    }
    return all;
  };
  const differ = (one: Inside, other: Inside, isNothing = (_: string): boolean => false): string | undefined => {
    const [a, b] = [inside(one.terminal._core), inside(other.terminal._core)];
    a.set("answers", one.answers.join());
    b.set("answers", other.answers.join());
    for (const path of new Set([...a.keys(), ...b.keys()])) {
      if (a.get(path) !== b.get(path) && !isNothing(path)) {
        return `${path}: ${a.get(path)} and in the other ${b.get(path)}`;
      }
    }
    return undefined;
  };

  /** Whether it is text, where the cursor stands in it, or what only text leads to. */
  const isText = (path: string): boolean =>
    /^(\._oscLinkService|answers|\._bufferService\.(isUserScrolling|buffers\._alt|buffers\._\w+\.(lines|markers|x$|y$|ybase$|ydisp$)))/.test(path);

  const attemptRenewal = (pieces: string[], [cols, rows]: [number, number]): string | undefined => {
    const used = open(cols, rows);
    pieces.forEach((piece) => act(used, piece));
    used.state.renew();
    const fresh = open(used.terminal.cols, used.terminal.rows);
    try {
      return differ(used, fresh, isText);
    } finally {
      close(fresh);
      close(used);
    }
  };

  const attemptCopy = (pieces: string[], copied: number, [cols, rows]: [number, number]): string | undefined => {
    const original = open(cols, rows);
    pieces.slice(0, copied).forEach((piece) => act(original, piece));
    original.answers.length = 0;
    const copy = open(original.terminal.cols, original.terminal.rows);
    try {
      if (!copy.state.put(original.state.take(30))) {
        return "it is not taken";
      }
      act(copy, original.state.open(original.recent, true));
      const before = differ(original, copy);
      if (before !== undefined) {
        return `when copied ${before}`;
      }
      for (const piece of pieces.slice(copied)) {
        act(original, piece);
        act(copy, piece);
      }
      const after = differ(original, copy);
      return after === undefined ? undefined : `then ${after}`;
    } finally {
      close(copy);
      close(original);
    }
  };

  const attempt = (pieces: string[], copied: number, size: [number, number]): string | undefined =>
    what === "copy" ? attemptCopy(pieces, copied, size) : attemptRenewal(pieces, size);

  for (let round = 0; round < rounds; round++) {
    const size: [number, number] = [4 + below(20), 2 + below(9)];
    const before = Array.from({ length: 1 + below(25) }, any);
    const after = Array.from({ length: below(15) }, any);
    // the page gives whole characters, but any of a sequence
    const cut = Array.from(piece());
    const at = below(cut.length + 1);
    before.push(cut.slice(0, at).join(""));
    after.unshift(cut.slice(at).join(""));
    let [pieces, copied] = [[...before, ...after], before.length];
    let found = attempt(pieces, copied, size);
    if (found !== undefined) {
      // what matters of it
      for (let index = 0; index < pieces.length; ) {
        const fewer = pieces.toSpliced(index, 1);
        const less = attempt(fewer, index < copied ? copied - 1 : copied, size);
        if (less === undefined) {
          index++;
        } else {
          [pieces, copied, found] = [fewer, index < copied ? copied - 1 : copied, less];
        }
      }
      const shown = pieces.map((piece) => piece.replace(/[\x7f-\x9f]/g, (c) => `<${c.charCodeAt(0).toString(16)}>`));
      return { difference: { round, found, pieces: shown, copied }, sequences: 0 };
    }
    if (round % 50 === 0) {
      // others want to work, too
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  return { sequences: Object.values(known).flat().length };
}
