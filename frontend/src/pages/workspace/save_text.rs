//! Saves what a terminal shows and has above its screen as a file.

use js_sys::Date;

use crate::{
    browser::download, i18n::Words, routing::pane_target::PaneTarget, ui::notice::Notice,
    workspace::any_pane::AnyPane,
};

/// Has the browser save it, or says why not.
pub(super) fn save_text(pane: &AnyPane, words: &Words) {
    let text = pane.terminal().text();
    let said = if text.length() == 0 {
        words.nothing_to_save
    } else if download::save(&file_name(&pane.target(), &local_time()), &text).is_err() {
        words.not_saved
    } else {
        return;
    };
    pane.view().notices.show(Notice::new(said));
}

/// The time where the user is, as names of files may have it.
fn local_time() -> String {
    let now = Date::new_0();
    let (month, day) = (now.get_month() + 1, now.get_date());
    let (hour, minute, second) = (now.get_hours(), now.get_minutes(), now.get_seconds());
    let year = now.get_full_year();
    format!("{year}-{month:02}-{day:02}_{hour:02}-{minute:02}-{second:02}")
}

/// `pod_container_time.txt`, or `pod_container_log_time.txt`, whatever an address may have called them.
fn file_name(target: &PaneTarget, time: &str) -> String {
    let [_, pod, container] = target.names();
    let log = match target {
        PaneTarget::Terminal(_) => "",
        PaneTarget::Log(_) => "_log",
    };
    let name = format!("{pod}_{container}{log}_{time}");
    let is_plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let name = name.replace(|character| !is_plain(character), "-");
    format!("{name}.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_container_and_time() {
        let named = |address: &str| {
            let target = PaneTarget::from_address(address).unwrap();
            file_name(&target, "2026-11-26_20-15-03")
        };
        for (address, name) in [
            (
                "shell/shop/web-0.a/app",
                "web-0.a_app_2026-11-26_20-15-03.txt",
            ),
            (
                "shell/shop/a%2Fb%3Ac/app",
                "a-b-c_app_2026-11-26_20-15-03.txt",
            ),
            (
                "log/shop/web-0/app",
                "web-0_app_log_2026-11-26_20-15-03.txt",
            ),
        ] {
            assert_eq!(named(address), name);
        }
    }
}
