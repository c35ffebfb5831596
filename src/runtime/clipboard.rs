//! Text for the clipboard of the terminal (OSC 52), through what stands between: tmux and GNU screen keep such sequences to
//! themselves unless they are wrapped. Whether a text arrives, nobody tells.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::surroundings::Multiplexer;

/// What GNU screen takes of a string in one go.
const SCREEN_TAKES: usize = 768;

/// Begins a device control string, which both hand on.
const BEGIN: &str = "\x1bP";

/// Ends it.
const END: &str = "\x1b\\";

/// What fits between the two.
const PIECE: usize = SCREEN_TAKES - BEGIN.len() - END.len();

/// The bytes that put a text into the terminal's clipboard.
pub(super) fn sequence(text: &str, through: Multiplexer) -> String {
    // It ends with BEL, since ESC \ would end what it is wrapped in.
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match through {
        Multiplexer::None => plain,
        // One of the two arrives: bare with `set-clipboard on`, wrapped with `allow-passthrough on`.
        Multiplexer::Tmux => {
            let doubled = plain.replace('\x1b', "\x1b\x1b");
            format!("{plain}{BEGIN}tmux;{doubled}{END}")
        }
        Multiplexer::Screen => {
            let mut pieces = String::new();
            let mut rest = plain.as_str();
            while !rest.is_empty() {
                // Base64 is ASCII: it is split anywhere.
                let (piece, behind) = rest.split_at(rest.len().min(PIECE));
                pieces.extend([BEGIN, piece, END]);
                rest = behind;
            }
            pieces
        }
    }
}

/// What is said once a text was sent.
pub(super) fn sent(through: Multiplexer) -> &'static str {
    match through {
        Multiplexer::None => "sent to the terminal's clipboard",
        Multiplexer::Tmux => {
            "sent to the terminal's clipboard (tmux needs: set -g set-clipboard on)"
        }
        Multiplexer::Screen => "sent to the terminal's clipboard, through screen",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_alone_gets_the_text_in_base64() {
        assert_eq!(
            sequence("Lee Gu\t+44", Multiplexer::None),
            "\x1b]52;c;TGVlIEd1CSs0NA==\x07"
        );
    }

    #[test]
    fn tmux_gets_it_bare_and_wrapped_with_each_escape_doubled() {
        assert_eq!(
            sequence("ok", Multiplexer::Tmux),
            "\x1b]52;c;b2s=\x07\x1bPtmux;\x1b\x1b]52;c;b2s=\x07\x1b\\"
        );
    }

    #[test]
    fn screen_gets_it_in_pieces_that_give_the_whole() {
        let text = "0123456789".repeat(500);
        let sequence = sequence(&text, Multiplexer::Screen);
        let pieces: Vec<&str> = sequence.split_inclusive(END).collect();
        assert_eq!(pieces.len(), 9);
        let mut whole = String::new();
        for piece in pieces {
            assert!(piece.len() <= SCREEN_TAKES, "{}", piece.len());
            let inner = piece.strip_prefix(BEGIN).unwrap();
            whole.push_str(inner.strip_suffix(END).unwrap());
        }
        assert_eq!(whole, super::sequence(&text, Multiplexer::None));
    }
}
