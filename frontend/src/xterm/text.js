// Reads what a terminal has above its screen and on it, as plain text.

/** Whether a row's last cell was left free because the next row begins with a character that takes two. */
function leavesGap(row, next, cols) {
  const last = row.getCell(cols - 1);
  return last?.getCode() === 0 && last.getWidth() === 1 && next.getCell(0)?.getWidth() === 2;
}

/** The lines of a buffer, each whole however many rows it takes, without blanks at the end. */
function linesOf(buffer, cols) {
  const { length } = buffer;
  const lines = [];
  let begun = "";
  // behind the last row of a buffer that is full, it would give the first again
  const at = (y) => (y < length ? buffer.getLine(y) : undefined);
  for (let y = 0, row = at(0); row !== undefined; y++) {
    const next = at(y + 1);
    if (next?.isWrapped) {
      begun += row.translateToString(false, 0, leavesGap(row, next, cols) ? cols - 1 : cols);
    } else {
      lines.push((begun + row.translateToString(true, 0, cols)).trimEnd());
      begun = "";
    }
    row = next;
  }
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * All lines, each with its end; empty where nothing stands. A full-screen program hides what was there before it: that
 * comes first, and what the program shows after an empty line.
 */
export function textOf({ buffer: { active, normal }, cols }) {
  const lines = linesOf(normal, cols);
  const shown = active.type === "alternate" ? linesOf(active, cols) : [];
  if (lines.length > 0 && shown.length > 0) lines.push("");
  for (const line of shown) lines.push(line);
  return lines.length === 0 ? "" : lines.join("\n") + "\n";
}
