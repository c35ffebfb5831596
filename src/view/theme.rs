//! Looks by meaning. Only the 16 named colours, so that the terminal's own palette counts; nothing is told by colour alone.
//! What a theme's file says is laid over one that is built in.

use ratatui::style::{Color, Modifier, Style};

use crate::app::doc::Tone;
use crate::app::session::Accent;
use crate::config::palette::{BuiltIn, Colour, Palette, Role, Stroke, Weight};

/// How each meaning looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Everything that has no look of its own.
    pub plain: Style,
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
    /// Whether pale colours cannot be read on the ground.
    grounded: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            plain: Style::new(),
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
            grounded: false,
        }
    }
}

impl Theme {
    /// For a light ground: no yellow and no cyan, which cannot be read there.
    pub fn light() -> Self {
        Self {
            dim: Style::new().fg(Color::DarkGray),
            warn: Style::new().fg(Color::Magenta).add_modifier(Modifier::BOLD),
            busy: Style::new().fg(Color::Blue),
            tenant: Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD),
            badge: Style::new()
                .fg(Color::White)
                .bg(Color::Magenta)
                .add_modifier(Modifier::BOLD),
            grounded: true,
            ..Self::default()
        }
    }

    /// White on black whatever the terminal's own colours are, and nothing pale.
    pub fn high_contrast() -> Self {
        let bold = |colour| Style::new().fg(colour).add_modifier(Modifier::BOLD);
        Self {
            plain: Style::new().fg(Color::White).bg(Color::Black),
            dim: Style::new().fg(Color::White),
            strong: bold(Color::White),
            good: bold(Color::LightGreen),
            warn: bold(Color::LightYellow),
            bad: bold(Color::LightRed).add_modifier(Modifier::UNDERLINED),
            busy: bold(Color::LightCyan),
            cursor: bold(Color::Black).bg(Color::LightYellow),
            tenant: bold(Color::LightCyan),
            badge: bold(Color::Black).bg(Color::White),
            tab: bold(Color::Black).bg(Color::White),
            field: bold(Color::White).add_modifier(Modifier::UNDERLINED),
            ..Self::default()
        }
    }

    /// One that is built in, with what a file says laid over it.
    pub fn of(palette: &Palette) -> Self {
        let mut theme = match palette.base {
            BuiltIn::Default => Self::default(),
            BuiltIn::Light => Self::light(),
            BuiltIn::HighContrast => Self::high_contrast(),
            BuiltIn::Mono => Self::mono(),
        };
        for (role, stroke) in &palette.roles {
            *theme.role(*role) = style(stroke);
        }
        theme
    }

    fn role(&mut self, role: Role) -> &mut Style {
        match role {
            Role::Plain => &mut self.plain,
            Role::Dim => &mut self.dim,
            Role::Strong => &mut self.strong,
            Role::Good => &mut self.good,
            Role::Warn => &mut self.warn,
            Role::Bad => &mut self.bad,
            Role::Busy => &mut self.busy,
            Role::Cursor => &mut self.cursor,
            Role::Tenant => &mut self.tenant,
            Role::Badge => &mut self.badge,
            Role::Tab => &mut self.tab,
            Role::Field => &mut self.field,
        }
    }

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
            // Read as letters on the dark, and as a ground where the ground is light.
            Accent::Yellow if self.grounded => return bold.fg(Color::Black).bg(Color::Yellow),
            Accent::Cyan if self.grounded => return bold.fg(Color::Black).bg(Color::Cyan),
            Accent::Yellow => Color::Yellow,
            Accent::Blue => Color::Blue,
            Accent::Magenta => Color::Magenta,
            Accent::Cyan => Color::Cyan,
        })
    }

    /// The look of a tone.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.plain,
            Tone::Dim => self.dim,
            Tone::Strong => self.strong,
            Tone::Good => self.good,
            Tone::Warn => self.warn,
            Tone::Bad => self.bad,
            Tone::Busy => self.busy,
        }
    }
}

/// What the words of a theme's file look like.
fn style(stroke: &Stroke) -> Style {
    let mut style = Style::new();
    if let Some(letters) = stroke.colour {
        style = style.fg(colour(letters));
    }
    if let Some(behind) = stroke.behind {
        style = style.bg(colour(behind));
    }
    for weight in &stroke.weights {
        style = style.add_modifier(match weight {
            Weight::Bold => Modifier::BOLD,
            Weight::Dim => Modifier::DIM,
            Weight::Underlined => Modifier::UNDERLINED,
            Weight::Reversed => Modifier::REVERSED,
        });
    }
    style
}

/// The sixteen colours of a terminal, in their order.
pub(super) const SIXTEEN: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn colour(colour: Colour) -> Color {
    match colour {
        Colour::Default => Color::Reset,
        Colour::Named(n) => SIXTEEN.get(usize::from(n)).copied().unwrap_or(Color::Reset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixture::Driver;
    use crate::view::screens::frame;

    /// Everything that is drawn in more than one look has the same letters in all of them: no state is told by colour alone.
    #[test]
    fn themes_change_looks_and_no_letter() {
        let mut t = Driver::new();
        for keys in ["1", "2", "3", "4", "5", "6", "p"] {
            t.keys(keys);
            let letters = |theme: Theme| -> Vec<String> {
                let frame = frame(&t.app, &theme, t.app.size);
                frame
                    .content()
                    .iter()
                    .map(|cell| cell.symbol().to_owned())
                    .collect()
            };
            let plain = letters(Theme::mono());
            for theme in [Theme::default(), Theme::light(), Theme::high_contrast()] {
                assert_eq!(letters(theme), plain, "{keys}");
            }
        }
    }

    #[test]
    fn mono_has_no_colour_and_high_contrast_has_a_ground_everywhere() {
        let mut t = Driver::new();
        for keys in ["1", "2", "?"] {
            t.keys(keys);
            let mono = frame(&t.app, &Theme::mono(), t.app.size);
            assert!(
                mono.content()
                    .iter()
                    .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
            );
            let high = frame(&t.app, &Theme::high_contrast(), t.app.size);
            assert!(
                high.content()
                    .iter()
                    .all(|cell| cell.bg != Color::Reset && cell.fg != Color::Reset)
            );
            assert!(
                high.content()
                    .iter()
                    .all(|cell| !cell.modifier.contains(Modifier::DIM))
            );
        }
    }

    #[test]
    fn a_file_is_laid_over_what_is_built_in() {
        let theme = Theme::of(&Palette {
            base: BuiltIn::Light,
            roles: vec![(
                Role::Warn,
                Stroke {
                    colour: Some(Colour::Named(9)),
                    behind: Some(Colour::Default),
                    weights: vec![Weight::Bold],
                },
            )],
        });
        let wanted = Style::new()
            .fg(Color::LightRed)
            .bg(Color::Reset)
            .add_modifier(Modifier::BOLD);
        assert_eq!(theme.warn, wanted);
        assert_eq!(theme.busy, Theme::light().busy);
    }
}
