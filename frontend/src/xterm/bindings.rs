//! xterm.js for Rust: what the binding crate has, which was written for xterm.js 4, and what xterm.js 6 added.

use js_sys::{Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;
pub(crate) use xterm_js_rs::{BufferRange, Disposable, Marker, addons::fit::FitAddon};
use xterm_js_rs::{Terminal, TerminalAddon, TerminalOptions};

#[wasm_bindgen]
extern "C" {
    /// A [`Terminal`] with the methods of xterm.js 6.
    #[wasm_bindgen(extends = Terminal)]
    pub(crate) type Xterm;

    /// Takes text that is in the browser's memory; `rendered` is called when it has been parsed.
    #[wasm_bindgen(method, js_name = write)]
    pub(crate) fn write_text(this: &Xterm, text: &JsString, rendered: &Function);

    /// Types a text: it comes out as what the keyboard types.
    #[wasm_bindgen(method)]
    pub(crate) fn input(this: &Xterm, text: &str);

    /// Has a function called when a program rings the bell.
    #[wasm_bindgen(method, js_name = onBell)]
    pub(crate) fn on_bell(this: &Xterm, rings: &Function);

    /// Moves what is seen by so many lines, up if negative.
    #[wasm_bindgen(method, js_name = scrollLines)]
    pub(crate) fn scroll_by(this: &Xterm, lines: i32);

    /// The live options: setting a property changes the terminal.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn options(this: &Xterm) -> Object;

    /// The tables of how many cells a character takes; `activeVersion` is the one in use.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn unicode(this: &Xterm) -> Unicode;

    /// The tables of how many cells a character takes.
    #[wasm_bindgen(extends = Object)]
    pub(crate) type Unicode;

    /// Adds one, by its name.
    #[wasm_bindgen(method)]
    pub(crate) fn register(this: &Unicode, provider: &Object);

    /// What understands the output.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn parser(this: &Xterm) -> Parser;

    /// What understands the output, and lets others have a part in it.
    pub(crate) type Parser;

    /// Gives those sequences to a handler first, with their numbers. It answers whether they are none of others'.
    #[wasm_bindgen(method, js_name = registerCsiHandler)]
    pub(crate) fn register_csi_handler(this: &Parser, sequence: &Object, handler: &Function);

    /// Gives OSC sequences of that number to a handler first, with what is in them. It answers whether they are none of
    /// others'.
    #[wasm_bindgen(method, js_name = registerOscHandler)]
    pub(crate) fn register_osc_handler(
        this: &Parser,
        number: u32,
        handler: &Function,
    ) -> Disposable;
}

#[wasm_bindgen]
extern "C" {

    /// A buffer, which may be asked for a line that is not there.
    pub(crate) type Buffer;

    /// A line, by its number from the top of the scrollback.
    #[wasm_bindgen(method, js_name = getLine)]
    pub(crate) fn line(this: &Buffer, y: u32) -> Option<Line>;

    /// A line of a buffer.
    pub(crate) type Line;

    /// Whether the line before goes on in this one.
    #[wasm_bindgen(method, getter, js_name = isWrapped)]
    pub(crate) fn is_wrapped(this: &Line) -> bool;

    /// Its text from a column up to before another.
    #[wasm_bindgen(method, js_name = translateToString)]
    pub(crate) fn text(this: &Line, trim: bool, from: u32, to: u32) -> String;
}

#[wasm_bindgen(module = "xterm-state")]
extern "C" {
    /// Our own add-on: writes down all of a terminal's state, and puts it back.
    #[wasm_bindgen(extends = TerminalAddon)]
    pub(crate) type StateAddon;

    #[wasm_bindgen(constructor)]
    pub(crate) fn new() -> StateAddon;

    /// All of its state, with that many lines above the screen at most.
    #[wasm_bindgen(method)]
    pub(crate) fn take(this: &StateAddon, scrollback: u32) -> String;

    /// Puts another terminal's state into a new one of the same size; false if another version wrote it.
    #[wasm_bindgen(method)]
    pub(crate) fn put(this: &StateAddon, state: &str) -> bool;

    /// Whether no sequence is open.
    #[wasm_bindgen(method, js_name = isIdle)]
    pub(crate) fn is_idle(this: &StateAddon) -> bool;

    /// The sequence that is open, of the text that was written since none was, or of its beginning.
    #[wasm_bindgen(method)]
    pub(crate) fn open(this: &StateAddon, text: &str, is_whole: bool) -> String;

    /// Forgets all that a program has set; the text stays, and the cursor where it is.
    #[wasm_bindgen(method)]
    pub(crate) fn renew(this: &StateAddon);
}

impl Clone for Xterm {
    /// Another handle of the same terminal.
    fn clone(&self) -> Self {
        AsRef::<JsValue>::as_ref(self).clone().unchecked_into()
    }
}

/// Makes a terminal from options of any version.
pub(crate) fn terminal(options: &Object) -> Xterm {
    Terminal::construct(Some(options.unchecked_ref::<TerminalOptions>())).unchecked_into()
}

/// Whether a full-screen program has the screen.
pub(crate) fn is_alternate(terminal: &Xterm) -> bool {
    get(terminal, &["buffer", "active", "type"]).as_deref() == Some("alternate")
}

/// At the end of a block of synchronized output: draws the terminal at once, if drawing was put off because of the
/// block. xterm.js has no name for that outside.
pub(crate) fn draw_put_off(terminal: &Xterm) {
    let put_off = [
        "_core",
        "_renderService",
        "_syncOutputHandler",
        "_isBuffering",
    ];
    if inside(terminal, &put_off).as_bool() != Some(true) {
        return;
    }
    let modes = inside(terminal, &["_core", "coreService", "decPrivateModes"]);
    let service = inside(terminal, &["_core", "_renderService"]);
    let draw = inside(&service, &["_renderRows"]);
    let (Some(modes), Some(draw)) = (modes.dyn_ref(), draw.dyn_ref::<Function>()) else {
        return;
    };
    set(modes, "synchronizedOutput", &false.into());
    let last = terminal.get_rows() - 1;
    // Nothing is put off any more, nor will it be drawn unasked.
    terminal.refresh(0, last);
    draw.call2(&service, &0.into(), &last.into()).ok();
}

/// Whether the program wants arrow keys as an application has them.
pub(crate) fn has_application_cursor(terminal: &Xterm) -> bool {
    inside(terminal, &["modes", "applicationCursorKeysMode"]).is_truthy()
}

/// Whether the program is told of the mouse's wheel.
pub(crate) fn reports_wheel(terminal: &Xterm) -> bool {
    let mode = get(terminal, &["modes", "mouseTrackingMode"]);
    // X10's mode knows buttons alone.
    !matches!(mode.as_deref(), None | Some("none" | "x10"))
}

fn get(object: &JsValue, path: &[&str]) -> Option<String> {
    inside(object, path).as_string()
}

/// What stands at the end of a path of properties; undefined where it breaks off.
fn inside(object: &JsValue, path: &[&str]) -> JsValue {
    path.iter().fold(object.clone(), |object, name| {
        // On what is no object there are no properties.
        Reflect::get(&object, &(*name).into()).unwrap_or_default()
    })
}

/// Whether pasted text is marked as such, for a program that asked for it.
pub(crate) fn is_bracketed_paste(terminal: &Xterm) -> bool {
    inside(terminal, &["modes", "bracketedPasteMode"]).as_bool() == Some(true)
}

/// Whether screen readers are given its lines.
pub(crate) fn is_for_screen_readers(terminal: &Xterm) -> bool {
    inside(terminal, &["options", "screenReaderMode"]).is_truthy()
}

/// The line in which the cursor is, up to the cursor.
pub(crate) fn before_cursor(terminal: &Xterm) -> String {
    let buffer = terminal.get_buffer().get_active();
    let y = buffer.get_base_y() + buffer.get_cursor_y();
    let x = buffer.get_cursor_x();
    let line = buffer.unchecked_into::<Buffer>().line(y);
    line.map_or_else(String::new, |line| line.text(false, 0, x))
}

/// Marks the line of the cursor, wherever it goes; nothing in a full-screen program.
pub(crate) fn mark_cursor(terminal: &Xterm) -> Option<Marker> {
    terminal.register_marker(0)
}

/// The line that is marked, with those before it and behind it that it goes on in; nothing if it is gone.
pub(crate) fn whole_line(terminal: &Xterm, place: &Marker) -> Option<String> {
    let buffer: Buffer = terminal.get_buffer().get_normal().unchecked_into();
    let line = |y: u32| buffer.line(y);
    let mut first = u32::try_from(inside(place, &["line"]).as_f64()? as i64).ok()?;
    while first > 0 && line(first)?.is_wrapped() {
        first -= 1;
    }
    let text = |line: Line| line.text(true, 0, terminal.get_cols());
    let mut whole = text(line(first)?);
    for y in first + 1.. {
        match line(y).filter(Line::is_wrapped) {
            Some(line) => whole += &text(line),
            None => break,
        }
    }
    Some(whole)
}

/// Makes a JavaScript object.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        set(&object, name, value);
    }
    object
}

/// Sets a property of a JavaScript object.
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("the object takes properties");
}
