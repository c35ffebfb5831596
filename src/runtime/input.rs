//! Keys, on a thread of their own: after a hang-up the library spins inside one call, and then only this thread is lost.

use crossterm::event::{
    self, Event as Raw, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::app::event::{Code, Did, Key, Mouse, What};

/// Starts reading. The thread ends when nobody listens any more, or with the process.
pub(super) fn start(to: UnboundedSender<What>) {
    std::thread::spawn(move || {
        while let Ok(raw) = event::read() {
            let Some(what) = translate(raw) else { continue };
            if to.send(what).is_err() {
                return;
            }
        }
        // Reading failed for good: the terminal is gone.
        let _ = to.send(What::Hangup);
    });
}

fn translate(raw: Raw) -> Option<What> {
    match raw {
        Raw::Key(key) if key.kind != KeyEventKind::Release => translate_key(key).map(What::Key),
        Raw::Paste(text) => Some(What::Paste(text)),
        Raw::Resize(width, height) => Some(What::Resize { width, height }),
        Raw::Mouse(mouse) => translate_mouse(mouse).map(What::Mouse),
        Raw::Key(_) | Raw::FocusGained | Raw::FocusLost => None,
    }
}

fn translate_mouse(mouse: MouseEvent) -> Option<Mouse> {
    let did = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Did::Press,
        MouseEventKind::ScrollUp => Did::WheelUp,
        MouseEventKind::ScrollDown => Did::WheelDown,
        _ => return None,
    };
    Some(Mouse {
        at: (mouse.column, mouse.row),
        did,
    })
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    let code = match key.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up if key.modifiers.contains(KeyModifiers::SHIFT) => Code::ShiftUp,
        KeyCode::Down if key.modifiers.contains(KeyModifiers::SHIFT) => Code::ShiftDown,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        _ => return None,
    };
    Some(Key {
        code,
        ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
    })
}
