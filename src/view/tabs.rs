//! The tabs of the panes, with what each holds.

use ratatui::style::Style;

use crate::app::App;

use super::paint::Painter;

/// The tabs, the one in front in a look of its own.
pub(super) fn tabs(app: &App, painter: &mut Painter<'_>) {
    for tab in app.tabs() {
        let style = if tab.pane == app.pane {
            painter.theme.tab
        } else {
            Style::new()
        };
        let at = (tab.area.x, tab.area.y);
        painter.put(at, tab.area.width, &tab.text, style);
    }
}

#[cfg(test)]
mod tests {
    use crate::app::fixture::Driver;
    use crate::view::screens::screen;

    #[test]
    fn all_tabs_are_there_at_every_width() {
        let row = |width: u16| {
            let t = Driver::sized((width, 24));
            screen(&t.app)[1].clone()
        };
        assert_eq!(
            row(80),
            "1 Users 5  2 Add users 4  3 Sync  4 Changes 2 !2  5 Licences !1  6 Numbers 8"
        );
        assert_eq!(
            row(70),
            "1 Users 5 2 Add users 4 3 Sync 4 Changes 2 !2 5 Licences !1 6 Numbers"
        );
        assert_eq!(
            row(60),
            "1 Users 2 Add 3 Sync 4 Changes 2 !2 5 Licences !1 6 Numbers"
        );
        // A run that goes says so in a sign where there is no room for the word.
        let mut t = Driver::new();
        t.keys("s");
        assert_eq!(
            screen(&t.app)[1],
            "1 Users 5 2 Add users 4 3 Sync… 4 Changes 2 !2 5 Licences !1 6 Numbers"
        );
    }
}
