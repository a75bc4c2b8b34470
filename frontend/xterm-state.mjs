// An add-on of xterm.js 6 that writes down all of a terminal's state, so that another terminal can go on where it was.
//
// The add-on that xterm.js has for this writes sequences that bring a screen back: what it does not think of is lost
// (scroll region, charsets, tab stops, palette, links; xterm.js #3433, #3677, #6165). This one copies what is there:
// all data of the objects that a sequence can change, whatever it is, and the lines cell by cell. So it reads the inside
// of one version of xterm.js; e2e/specs/state.spec.ts compares two terminals, one of them copied, after all sequences
// that this version knows.

/** Changes whenever what is written has another meaning; xterm.js's own version is in it. */
const FORMAT = "6.0.0/1";

/** In a line's text: a cell that was never written. These are no characters, so hardly any text has them. */
const EMPTY = "\ufdd0";
/** The cell before it is two wide, and the next is its second half. */
const WIDE = "\ufdd1";
/** Stands around the text of a cell that has several characters. */
const JOINED = "\ufdd2";
/** Begins a cell that is none of these: its content and how long its text is, as numbers, then that text. */
const OTHER = "\ufdd3";
const MARKS = /[\ufdd0-\ufdd3]/;

/** Of a cell's first word (xterm.js's Constants.ts): its character, whether it has several, where its width begins. */
const CODE_POINT = 0x1fffff;
const IS_JOINED = 0x200000;
const WIDTH_AT = 22;
/** Of its third word: whether it has more attributes elsewhere. */
const HAS_EXTENDED = 0x10000000;
/** Words of a cell. */
const CELL = 3;

/** The parser's states in which a control character acts at once, without ending the sequence. */
const CONTROLS_ACT = new Set([1, 2, 3, 4, 5, 6]);
/** What begins a sequence, in whatever state the parser is. */
const BEGINS = /[\x1b\x90\x98\x9b\x9d-\x9f](?=[^\x1b\x90\x98\x9b\x9d-\x9f]*$)/;

/** The options that sequences change. */
const OPTIONS = ["convertEol", "cursorBlink"];
/** The colours that sequences change, beside those of the palette. */
const COLOURS = ["foreground", "background", "cursor"];

export class StateAddon {
  activate(terminal) {
    this._terminal = terminal;
    this._core = terminal._core;
    this._fresh = this._services();
  }

  dispose() {}

  /** Whether no sequence is open. */
  isIdle() {
    return this._core._inputHandler._parser.currentState === 0;
  }

  /**
   * What is to be written to another terminal after its state, so that the rest of a sequence that is open goes on.
   * `text` is what was written since no sequence was open, or the beginning of that.
   */
  open(text, isWhole) {
    const state = this._core._inputHandler._parser.currentState;
    const begin = state === 0 ? -1 : text.search(BEGINS);
    if (begin < 0) {
      return "";
    }
    const sequence = text.slice(begin);
    if (!isWhole) {
      // one that means nothing, and ends as that one does
      return /^(\x1b\]|\x9d)/.test(sequence) ? "\x1b]0x;" : "\x1bX";
    }
    // what acted does not do so twice
    return CONTROLS_ACT.has(state) ? sequence[0] + sequence.slice(1).replace(/[\0-\x1f\x7f]/g, "") : sequence;
  }

  /** All of its state, with that many lines of scrollback at most, as text. */
  take(scrollback) {
    const { buffers, isUserScrolling } = this._core._bufferService;
    const { normal, alt } = buffers;
    const dropped = Math.max(0, normal.ybase - scrollback);
    const styles = new Styles();
    return JSON.stringify({
      format: FORMAT,
      services: this._services(),
      isAlternate: buffers.active === alt,
      isUserScrolling,
      normal: takeBuffer(normal, dropped, styles),
      alt: takeBuffer(alt, 0, styles),
      styles: styles.all,
      links: this._links(dropped),
    });
  }

  /** Puts a state into a terminal of the same size that was not written to. Gives false if it can't be read. */
  put(text) {
    let state;
    try {
      state = JSON.parse(text);
    } catch {
      return false;
    }
    if (state?.format !== FORMAT) {
      return false;
    }
    const { _bufferService: service, _inputHandler: input } = this._core;
    const { buffers } = service;
    if (state.isAlternate) {
      buffers.activateAltBuffer();
    }
    const styles = state.styles.map(([fg, bg, ext, url]) => ({ fg, bg, ext, url }));
    const { constructor: Extended } = input._curAttrData.extended;
    for (const [buffer, saved] of [[buffers.normal, state.normal], [buffers.alt, state.alt]]) {
      putBuffer(buffer, saved, styles, Extended);
    }
    this._putLinks(state.links);
    this._putServices(state.services);
    service.isUserScrolling = state.isUserScrolling;
    this._shown();
    return true;
  }

  /** Forgets all that a program has set; the text stays. The normal screen is shown, with the cursor where it is. */
  renew() {
    const { _bufferService: service, _inputHandler: input } = this._core;
    const { buffers } = service;
    buffers.activateNormalBuffer();
    const { normal } = buffers;
    input._parser.reset();
    this._putServices(this._fresh);
    normal.scrollTop = 0;
    normal.scrollBottom = service.rows - 1;
    normal.savedX = 0;
    normal.savedY = 0;
    normal.savedCharset = undefined;
    put(normal.savedCurAttrData, data(input._curAttrData));
    normal.tabs = {};
    normal.setupTabStops();
    this._shown();
  }

  /** The state of all but the buffers. */
  _services() {
    const core = this._core;
    const { _inputHandler: input } = core;
    return {
      input: data(input),
      precedingJoinState: input._parser.precedingJoinState,
      core: data(core.coreService),
      charset: data(core._charsetService),
      mouse: data(core.coreMouseService),
      options: OPTIONS.map((name) => core.optionsService.rawOptions[name]),
      colours: this._colours(),
    };
  }

  _putServices(saved) {
    const core = this._core;
    const { _inputHandler: input } = core;
    put(input, saved.input);
    input._parser.precedingJoinState = saved.precedingJoinState;
    put(core.coreService, saved.core);
    put(core._charsetService, saved.charset);
    put(core.coreMouseService, saved.mouse);
    // who listens to it is told
    core.coreMouseService.activeProtocol = saved.mouse._activeProtocol;
    OPTIONS.forEach((name, index) => {
      this._terminal.options[name] = saved.options[index];
    });
    this._putColours(saved.colours);
    input.setTitle(input._windowTitle);
  }

  /** The colours that are not the theme's; a page that is loaded anew may have another theme. */
  _colours() {
    const theme = this._core._themeService;
    if (theme === undefined) {
      return { own: [], palette: [] };
    }
    const [now, themes] = [theme._colors, theme._restoreColors];
    const changed = (colour, themed) => colour.css !== themed.css;
    return {
      own: COLOURS.filter((name) => changed(now[name], themes[name])).map((name) => [name, data(now[name])]),
      palette: now.ansi.flatMap((colour, at) => (changed(colour, themes.ansi[at]) ? [[at, data(colour)]] : [])),
    };
  }

  _putColours({ own, palette }) {
    this._core._themeService?.modifyColors((colours) => {
      const theme = this._core._themeService._restoreColors;
      for (const name of COLOURS) {
        colours[name] = theme[name];
      }
      theme.ansi.forEach((colour, at) => {
        colours.ansi[at] = colour;
      });
      for (const [name, colour] of own) {
        colours[name] = colour;
      }
      for (const [at, colour] of palette) {
        colours.ansi[at] = colour;
      }
    });
  }

  /** The links (OSC 8), each with the lines that it is on. */
  _links(dropped) {
    const { _oscLinkService: links, _bufferService: service } = this._core;
    const { normal, alt } = service.buffers;
    const [onNormal, onAlt] = [new Set(normal.markers), new Set(alt.markers)];
    const lines = ({ lines }) => [
      lines.filter((marker) => onNormal.has(marker) && marker.line >= dropped).map(({ line }) => line - dropped),
      lines.filter((marker) => onAlt.has(marker)).map(({ line }) => line),
    ];
    const all = [...links._dataByLinkId.values()].map((entry) => [entry.id, entry.key, entry.data, ...lines(entry)]);
    return { next: links._nextId, all };
  }

  _putLinks({ next, all }) {
    const { _oscLinkService: links, _bufferService: service } = this._core;
    const { normal, alt } = service.buffers;
    links._nextId = next;
    for (const [id, key, data, onNormal, onAlt] of all) {
      const entry = { id, data, lines: [] };
      if (key != null) {
        entry.key = key;
        links._entriesWithId.set(key, entry);
      }
      const mark = (buffer, line) => {
        const marker = buffer.addMarker(line);
        entry.lines.push(marker);
        marker.onDispose(() => links._removeMarkerFromLink(entry, marker));
      };
      onNormal.forEach((line) => mark(normal, line));
      onAlt.forEach((line) => mark(alt, line));
      links._dataByLinkId.set(id, entry);
    }
  }

  /** Tells those who draw. */
  _shown() {
    const { buffers, _onScroll } = this._core._bufferService;
    const { active, normal, alt } = buffers;
    buffers._onBufferActivate.fire({ activeBuffer: active, inactiveBuffer: active === alt ? normal : alt });
    _onScroll.fire(active.ydisp);
    this._terminal.refresh(0, this._terminal.rows - 1);
  }
}

/** The looks of cells, each once. */
class Styles {
  all = [[0, 0, 0, 0]];
  _known = new Map([["0,0,0,0", 0]]);

  of(fg, bg, extended) {
    const style = extended === undefined ? [fg, bg, 0, 0] : [fg, bg, extended._ext, extended._urlId];
    const key = style.join();
    let index = this._known.get(key);
    if (index === undefined) {
      index = this.all.push(style) - 1;
      this._known.set(key, index);
    }
    return index;
  }
}

function takeBuffer(buffer, dropped, styles) {
  const { lines } = buffer;
  const saved = data(buffer);
  for (const line of ["ydisp", "ybase", "savedY"]) {
    saved[line] -= dropped;
  }
  saved.ydisp = Math.max(0, saved.ydisp);
  const all = Array.from({ length: lines.length - dropped }, (_, at) => takeLine(lines.get(at + dropped), styles));
  return { saved, most: lines.maxLength, lines: all };
}

function putBuffer(buffer, { saved, most, lines }, styles, Extended) {
  const Line = buffer.getBlankLine(buffer.savedCurAttrData).constructor;
  // the links bring their marks
  put(buffer, { ...saved, markers: [] });
  buffer.lines.length = 0;
  buffer.lines.maxLength = most;
  for (const line of lines) {
    buffer.lines.push(putLine(line, Line, styles, Extended));
  }
}

/** A line: how many cells, whether it goes on the one before, its text, and its styles with how many cells have each. */
function takeLine(line, styles) {
  const { _data: words, _combined: joined, _extendedAttrs: extended, length, isWrapped } = line;
  let text = "";
  const runs = [];
  let [last, count] = [-1, 0];
  for (let x = 0; x < length; x++) {
    const [content, fg, bg] = [words[x * CELL], words[x * CELL + 1], words[x * CELL + 2]];
    const style = fg === 0 && bg === 0 ? 0 : styles.of(fg, bg, bg & HAS_EXTENDED ? extended[x] : undefined);
    if (style !== last) {
      runs.push(last, count);
      [last, count] = [style, 0];
    }
    count++;
    const half = words[(x + 1) * CELL];
    const isWide = content >>> WIDTH_AT === 2 && x + 1 < length && half === 0
      && words[(x + 1) * CELL + 1] === fg && words[(x + 1) * CELL + 2] === bg;
    const cell = takeCell(content, joined[x], isWide);
    text += cell;
    if (isWide && cell[0] !== OTHER) {
      x++;
      count++;
    }
  }
  runs.push(last, count);
  const end = text.length - (/\ufdd0+$/.exec(text)?.[0].length ?? 0);
  const styled = runs.slice(2);
  return [length, isWrapped ? 1 : 0, text.slice(0, end), styled.length === 2 && styled[0] === 0 ? [] : styled];
}

function takeCell(content, joined, isWide) {
  const width = content >>> WIDTH_AT;
  const code = content & CODE_POINT;
  if (width === 1 || isWide) {
    const end = isWide ? WIDE : "";
    if (content & IS_JOINED) {
      if (code === 0 && !MARKS.test(joined)) {
        return JOINED + joined + JOINED + end;
      }
    } else if (code === 0) {
      if (!isWide) {
        return EMPTY;
      }
    } else if (!(code >= 0xfdd0 && code <= 0xfdd3) && !(code >= 0xd800 && code <= 0xdfff)) {
      return String.fromCodePoint(code) + end;
    }
  }
  const own = content & IS_JOINED ? joined : "";
  return `${OTHER}${content >>> 0},${own.length};${own}`;
}

function putLine([length, isWrapped, text, runs], Line, styles, Extended) {
  const line = new Line(length, undefined, isWrapped === 1);
  const { _data: words, _combined: joined, _extendedAttrs: extended } = line;
  let at = 0;
  for (let x = 0; x < length && at < text.length; x++) {
    const point = text.codePointAt(at);
    const begin = at;
    at += point > 0xffff ? 2 : 1;
    let content = point | (1 << WIDTH_AT);
    const mark = text[begin];
    if (mark === EMPTY) {
      content = 1 << WIDTH_AT;
    } else if (mark === JOINED) {
      const end = text.indexOf(JOINED, at);
      joined[x] = text.slice(at, end);
      at = end + 1;
      content = IS_JOINED | (1 << WIDTH_AT);
    } else if (mark === OTHER) {
      const numbers = text.slice(at, text.indexOf(";", at));
      const [word, count] = numbers.split(",").map(Number);
      at += numbers.length + 1;
      content = word;
      if (content & IS_JOINED) {
        joined[x] = text.slice(at, at + count);
      }
      at += count;
    }
    if (text[at] === WIDE && mark !== OTHER) {
      at++;
      content += 1 << WIDTH_AT;
      words[x * CELL] = content;
      x++;
      words[x * CELL] = 0;
    } else {
      words[x * CELL] = content;
    }
  }
  let x = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const { fg, bg, ext, url } = styles[runs[run]];
    const more = bg & HAS_EXTENDED ? new Extended(ext, url) : undefined;
    for (const end = x + runs[run + 1]; x < end; x++) {
      words[x * CELL + 1] = fg;
      words[x * CELL + 2] = bg;
      if (more !== undefined) {
        extended[x] = more;
      }
    }
  }
  return line;
}

/**
 * What of an object is data: numbers, text, and what is made of these alone. All else (services, events, the browser's
 * objects) another terminal has of its own. What is undefined is null here, as JSON has it.
 */
function data(object) {
  const entries = Object.entries(object).map(([name, value]) => [name, value === undefined ? null : dataOf(value)]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The same of a value; undefined if it is no data. */
function dataOf(value) {
  if (Array.isArray(value)) {
    const all = Array.from(value, (item) => (item === undefined ? null : dataOf(item)));
    return all.includes(undefined) ? undefined : all;
  }
  if (value === null || typeof value !== "object") {
    return typeof value === "function" ? undefined : value;
  }
  if (isRecord(value)) {
    return data(value);
  }
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).every((item) => item === undefined || dataOf(item) !== undefined)
    ? data(value)
    : undefined;
}

/** Whether it is one of xterm.js's attributes of a cell: an object of a class, but data all the same. */
function isRecord(value) {
  return typeof value?.clone === "function" && "_ext" in (value.extended ?? value);
}

/** Puts data into an object, in place of all of its data. */
function put(object, saved) {
  const none = Object.fromEntries(Object.keys(data(object)).map((name) => [name, null]));
  for (const [name, value] of Object.entries({ ...none, ...saved })) {
    if (isRecord(object[name])) {
      put(object[name], value);
    } else {
      object[name] = value === null ? undefined : structuredClone(value);
    }
  }
}
