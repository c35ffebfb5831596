//! Looks by meaning. Only the 16 named colours, so that the terminal's own palette counts; nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::app::doc::Tone;
use crate::app::session::Accent;

/// How each meaning looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Less important text.
    pub dim: Style,
    /// Titles and names.
    pub strong: Style,
    /// All is well.
    pub good: Style,
    /// Worth a look.
    pub warn: Style,
    /// Wrong.
    pub bad: Style,
    /// Queued, or under way.
    pub busy: Style,
    /// The row under the cursor.
    pub cursor: Style,
    /// The tenant's name.
    pub tenant: Style,
    /// A badge that must be seen: DEMO, READ-WRITE.
    pub badge: Style,
    /// The tab in front.
    pub tab: Style,
    /// A field that is typed in.
    pub field: Style,
    /// A QR code: dark on light whatever the terminal's own colours are.
    pub picture: Style,
    /// Whether a tenant has a colour.
    tinted: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            dim: Style::new().add_modifier(Modifier::DIM),
            strong: Style::new().add_modifier(Modifier::BOLD),
            good: Style::new().fg(Color::Green),
            warn: Style::new().fg(Color::Yellow),
            bad: Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            busy: Style::new().fg(Color::Cyan),
            cursor: Style::new().add_modifier(Modifier::REVERSED),
            tenant: Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            badge: Style::new()
                .fg(Color::Magenta)
                .add_modifier(Modifier::BOLD)
                .add_modifier(Modifier::REVERSED),
            tab: Style::new()
                .add_modifier(Modifier::BOLD)
                .add_modifier(Modifier::REVERSED),
            field: Style::new().add_modifier(Modifier::UNDERLINED),
            picture: Style::new().fg(Color::Black).bg(Color::White),
            tinted: true,
        }
    }
}

impl Theme {
    /// Without any colour (`NO_COLOR`): bold, dim, reversed and underlined are left.
    pub fn mono() -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
            good: Style::new(),
            warn: bold,
            bad: bold,
            busy: Style::new(),
            tenant: bold,
            badge: bold.add_modifier(Modifier::REVERSED),
            picture: Style::new().add_modifier(Modifier::REVERSED),
            tinted: false,
            ..Self::default()
        }
    }

    /// The look of a tenant's colour; its word always stands beside it.
    pub fn accent(&self, accent: Accent) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        if !self.tinted {
            return bold;
        }
        bold.fg(match accent {
            Accent::Red => Color::Red,
            Accent::Green => Color::Green,
            Accent::Yellow => Color::Yellow,
            Accent::Blue => Color::Blue,
            Accent::Magenta => Color::Magenta,
            Accent::Cyan => Color::Cyan,
        })
    }

    /// The look of a tone.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Dim => self.dim,
            Tone::Strong => self.strong,
            Tone::Good => self.good,
            Tone::Warn => self.warn,
            Tone::Bad => self.bad,
            Tone::Busy => self.busy,
        }
    }
}
