//! The file of a theme: roles of text, each with the words that say how it looks. What the words look like is the view's matter.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Words;
use super::error::ConfigError;
use super::look::is_theme_name;
use super::mistakes;
use super::table::{Table, nearest, parsed};

/// A theme that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// What holds where nothing is said.
    pub base: BuiltIn,
    /// How roles look.
    pub roles: Vec<(Role, Stroke)>,
}

/// Themes that are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    /// Sixteen colours on the terminal's own ground.
    Default,
    /// The same for a light ground.
    Light,
    /// White on black, and nothing pale.
    HighContrast,
    /// No colour at all.
    Mono,
}

impl Words for BuiltIn {
    const ALL: &'static [(&'static str, Self)] = &[
        ("default", Self::Default),
        ("light", Self::Light),
        ("high-contrast", Self::HighContrast),
        ("mono", Self::Mono),
    ];
}

/// What a text is, as far as its look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything else.
    Plain,
    /// Less important text.
    Dim,
    /// Titles and names.
    Strong,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Queued, or under way.
    Busy,
    /// The row under the cursor.
    Cursor,
    /// The tenant's name.
    Tenant,
    /// A badge that must be seen.
    Badge,
    /// The tab in front.
    Tab,
    /// A field that is typed in.
    Field,
}

impl Words for Role {
    const ALL: &'static [(&'static str, Self)] = &[
        ("plain", Self::Plain),
        ("dim", Self::Dim),
        ("strong", Self::Strong),
        ("good", Self::Good),
        ("warn", Self::Warn),
        ("bad", Self::Bad),
        ("busy", Self::Busy),
        ("cursor", Self::Cursor),
        ("tenant", Self::Tenant),
        ("badge", Self::Badge),
        ("tab", Self::Tab),
        ("field", Self::Field),
    ];
}

/// How a role looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stroke {
    /// Of the letters: `0` to `15` of the terminal's own sixteen.
    pub colour: Option<Colour>,
    /// Behind them.
    pub behind: Option<Colour>,
    /// What else.
    pub weights: Vec<Weight>,
}

/// A colour of the terminal's own palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// What the terminal has for ordinary text.
    Default,
    /// One of the sixteen.
    Named(u8),
}

/// How a letter is drawn beside its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Heavier.
    Bold,
    /// Paler.
    Dim,
    /// With a line below.
    Underlined,
    /// Letters and ground change places.
    Reversed,
}

impl Words for Weight {
    const ALL: &'static [(&'static str, Self)] = &[
        ("bold", Self::Bold),
        ("dim", Self::Dim),
        ("underlined", Self::Underlined),
        ("reversed", Self::Reversed),
    ];
}

const COLOURS: [&str; 8] = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
];

const FORM: &str = "write a colour (default, black, red, green, yellow, blue, magenta, cyan, white, or bright- and one of them), \"on\" and a colour, bold, dim, underlined, reversed; as in \"black on bright-yellow bold\"";

impl Palette {
    /// Reads a theme by its name: one that is built in, or a file in `themes/` beside the configuration.
    pub fn load(config_file: &Path, name: &str) -> Result<Self, ConfigError> {
        if let Some(base) = BuiltIn::from_word(name) {
            return Ok(Self {
                base,
                roles: Vec::new(),
            });
        }
        let (path, text) = file(config_file, name)?;
        read(&path, &text)
    }

    /// All mistakes of a theme, by line.
    pub fn mistakes(config_file: &Path, name: &str) -> Vec<ConfigError> {
        if BuiltIn::from_word(name).is_some() {
            return Vec::new();
        }
        match file(config_file, name) {
            Ok((path, text)) => mistakes::all(&path, &text, read).1,
            Err(error) => vec![error],
        }
    }
}

/// The file of a theme, and what stands in it.
fn file(config_file: &Path, name: &str) -> Result<(PathBuf, String), ConfigError> {
    let folder = config_file.with_file_name("themes");
    let path = folder.join(format!("{name}.toml"));
    match fs::read_to_string(&path) {
        _ if !is_theme_name(name) => Err(no_theme(&folder, name)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(no_theme(&folder, name)),
        Err(source) => Err(ConfigError::Io { path, source }),
        Ok(text) => Ok((path, text)),
    }
}

fn no_theme(folder: &Path, name: &str) -> ConfigError {
    let built_in = BuiltIn::ALL.iter().map(|(word, _)| (*word).to_owned());
    let mut known: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(name.strip_suffix(".toml")?.to_owned())
        })
        .collect();
    known.sort();
    known = built_in.chain(known).collect();
    let words: Vec<&str> = known.iter().map(String::as_str).collect();
    ConfigError::NoSuchTheme {
        at: None,
        name: name.to_owned(),
        folder: folder.to_owned(),
        nearest: nearest(name, &words).map(ToOwned::to_owned),
        known,
    }
}

fn read(path: &Path, text: &str) -> Result<Palette, ConfigError> {
    let document = parsed(path, text)?;
    let root = Table {
        path,
        text,
        name: "the theme".to_owned(),
        span: None,
        items: document.as_table(),
    };
    let mut keys = vec!["base"];
    keys.extend(Role::ALL.iter().map(|(word, _)| *word));
    root.only(&keys)?;
    let mut roles = Vec::new();
    for (word, role) in Role::ALL {
        if let Some(text) = root.string(word)? {
            let stroke = stroke(&text).ok_or_else(|| root.wrong_key(word, FORM))?;
            roles.push((*role, stroke));
        }
    }
    Ok(Palette {
        base: root.word::<BuiltIn>("base")?.unwrap_or(BuiltIn::Default),
        roles,
    })
}

fn stroke(text: &str) -> Option<Stroke> {
    let mut stroke = Stroke::default();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(weight) = Weight::from_word(word) {
            stroke.weights.push(weight);
        } else if word == "on" {
            let behind = colour(words.next()?)?;
            stroke.behind.replace(behind).is_none().then_some(())?;
        } else {
            stroke
                .colour
                .replace(colour(word)?)
                .is_none()
                .then_some(())?;
        }
    }
    Some(stroke)
}

fn colour(word: &str) -> Option<Colour> {
    if word == "default" {
        return Some(Colour::Default);
    }
    let (name, bright) = match word.strip_prefix("bright-") {
        Some(name) => (name, 8),
        None => (word, 0),
    };
    let place = COLOURS.iter().position(|colour| *colour == name)?;
    Some(Colour::Named(u8::try_from(place).ok()? + bright))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../assets/themes/dusk.toml");

    fn refusal(text: &str) -> String {
        read(Path::new("/x/themes/mine.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_sample_names_every_role() {
        let sample = read(Path::new("dusk.toml"), SAMPLE).unwrap();
        assert_eq!(sample.base, BuiltIn::Default);
        for (word, _) in Role::ALL {
            assert!(
                SAMPLE.contains(&format!("\n{word} ")) || SAMPLE.contains(&format!("\n# {word} ")),
                "{word}"
            );
        }
        assert!(sample.roles.contains(&(
            Role::Badge,
            Stroke {
                colour: Some(Colour::Named(0)),
                behind: Some(Colour::Named(13)),
                weights: vec![Weight::Bold],
            }
        )));
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        assert_eq!(
            refusal("warm = \"red\"\n"),
            "mine.toml:1:1: unknown key \"warm\" in the theme; did you mean \"warn\"?"
        );
        for wrong in [
            "pink",
            "red blue",
            "on",
            "red on",
            "red on blue on green",
            "bright-default",
        ] {
            let said = refusal(&format!("\nwarn = \"{wrong}\"\n"));
            assert!(
                said.starts_with(&format!("mine.toml:2:8: warn = \"{wrong}\" in the theme")),
                "{said}"
            );
        }
        assert!(refusal("base = \"drak\"\n").contains("\"default\", \"light\""));
    }

    #[test]
    fn all_mistakes_of_a_theme_are_told_at_once_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        fs::create_dir(folder.path().join("themes")).unwrap();
        let text = "good = \"green\"\nwarm = \"red\"\nbad = \"pink\"\nbusy = 3\nbase = \"drak\"\n";
        fs::write(folder.path().join("themes/mine.toml"), text).unwrap();
        let told: Vec<String> = Palette::mistakes(&config, "mine")
            .iter()
            .map(|error| error.to_string().chars().take(17).collect())
            .collect();
        assert_eq!(
            told,
            [
                "mine.toml:2:1: un",
                "mine.toml:3:7: ba",
                "mine.toml:4:8: bu",
                "mine.toml:5:8: ba"
            ]
        );
        assert!(Palette::mistakes(&config, "light").is_empty());
        assert_eq!(Palette::mistakes(&config, "gone").len(), 1);
    }

    #[test]
    fn a_theme_that_is_not_there_is_told_with_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        fs::create_dir(folder.path().join("themes")).unwrap();
        fs::write(folder.path().join("themes/dusk.toml"), SAMPLE).unwrap();
        assert_eq!(Palette::load(&config, "dusk").unwrap().roles.len(), 11);
        assert_eq!(Palette::load(&config, "mono").unwrap().base, BuiltIn::Mono);
        let said = |name| Palette::load(&config, name).unwrap_err().to_string();
        assert!(
            said("ligt").ends_with("did you mean \"light\"?"),
            "{}",
            said("ligt")
        );
        assert!(
            said("nothing").ends_with("; there are: default, light, high-contrast, mono, dusk")
        );
        assert!(said("../config").contains("no theme"));
    }
}
