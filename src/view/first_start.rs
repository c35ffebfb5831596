//! Draws the screen of a program that no tenant is configured for yet.

use jiff::Timestamp;
use ratatui::buffer::Buffer;

use crate::app::first_start::FirstStart;
use crate::app::layout::Area;

use super::paint::Painter;
use super::theme::Theme;

/// Draws it into an empty buffer, and says where the cursor stands; a window that is too low loses the end of the text, never the
/// keys.
pub fn draw(
    first: &FirstStart,
    (theme, ascii, now): (&Theme, bool, Timestamp),
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let area = buffer.area;
    let mut painter = Painter::new(buffer, theme, ascii);
    painter.ground();
    let whole = Area {
        x: 0,
        y: 0,
        width: area.width,
        height: area.height,
    };
    let (body, footer) = whole.split_end(1);
    painter.line(body, 0, "teamsconnector", theme.tenant);
    let (_, text) = body.split(2);
    if first.help {
        for (n, row) in (0..text.height).zip(&first.keys().rows(area.width.into())) {
            painter.line(text, n, &row.text, painter.tone(row.tone));
        }
    } else if let Some(form) = &first.form {
        super::tenant::draw(&mut painter, form, text);
        let asked = first.question();
        if !asked.is_empty() {
            let rows = u16::try_from(asked.len() + 1).unwrap_or(u16::MAX);
            let (_, below) = text.split_end(rows);
            painter.clear(below);
            painter.rule(below, 0, "");
            for (n, line) in (1..).zip(&asked) {
                painter.line(below, n, line, theme.warn);
            }
            painter.cursor = None;
        }
    } else if let Some(open) = &first.pick {
        let (list, below) = text.split_end(1);
        super::chooser::draw(&mut painter, open, (list, now));
        let note = first.note.as_deref().unwrap_or_default();
        painter.line(below, 0, note, theme.warn);
    } else {
        // Longer lines than this are hard to follow.
        let rows = first.doc().rows(usize::from(area.width.min(100)));
        for (n, row) in (0..text.height).zip(&rows) {
            painter.line(text, n, &row.text, painter.tone(row.tone));
        }
    }
    let mut x = footer.x;
    for &(key, word) in first.footer() {
        for (part, style) in [(key, theme.strong), (word, theme.dim)] {
            let room = area.width.saturating_sub(x);
            x += painter.put((x, footer.y), room, part, style) + 1;
        }
        x += 1;
    }
    painter
        .cursor
        .filter(|cursor| area.contains((*cursor).into()))
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::app::event::Code;

    fn screen((width, height): (u16, u16), keys: &[Code]) -> String {
        let mut first = FirstStart::new("/home/pat/.config/teamsconnector/config.toml".to_owned());
        for key in keys {
            first.key((*key).into());
        }
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let theme = Theme::mono();
        terminal
            .draw(|frame| {
                draw(
                    &first,
                    (&theme, true, Timestamp::UNIX_EPOCH),
                    frame.buffer_mut(),
                );
            })
            .unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn all_steps_and_keys_stand_in_80x24_and_the_keys_at_any_size() {
        let text = screen((80, 24), &[]);
        for part in [
            "press d",
            "press c",
            "tenants add NAME",
            "--tenant NAME",
            "config.toml",
            "q quit",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        for width in [1, 20, 40, 80, 300] {
            for height in [1, 5, 15, 100] {
                assert!(screen((width, height), &[]).contains('d'));
            }
        }
    }
    #[test]
    fn the_footer_names_the_list_of_keys_and_fits_80_columns() {
        let form = [Code::Char('c')];
        let choice = [Code::Char('c'), Code::Tab, Code::Tab];
        for (keys, named) in [
            (&[][..], "? keys"),
            (&form, "Ctrl-L keys"),
            (&choice, "Ctrl-L keys"),
        ] {
            let text = screen((80, 24), keys);
            let last = text.lines().last().unwrap_or_default();
            assert!(last.contains(named) && last.contains("  \""), "{last}");
            let text = screen((80, 24), &[keys, &[Code::F(1)]].concat());
            assert!(text.contains("Esc back") && text.contains("demo") == keys.is_empty());
        }
    }

    #[test]
    fn the_form_says_what_is_wrong_and_keeps_its_keys() {
        let keys = [Code::Char('c'), Code::Char('x'), Code::Enter];
        let text = screen((80, 24), &keys);
        for part in [
            "ADD A TENANT",
            "> Tenant",
            crate::domain::words::TENANT_ADDRESS,
            "[device-code]  browser   client-secret   certificate",
            "[read-only]  read and write",
            "Enter save and sign in",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        // The same question, by the same keys, as in the console.
        let text = screen((80, 24), &[&keys[..], &[Code::Esc]].concat());
        for part in [
            "Leave without saving?  ADD A TENANT",
            "y drops what was typed; Esc goes back to the form.",
            "y yes  n no  Esc back",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        for (width, height) in [(1, 1), (20, 5), (40, 12), (300, 100)] {
            screen((width, height), &keys);
            screen((width, height), &[&keys[..], &[Code::Esc]].concat());
        }
    }
}
