//! The local time beside the UTC time: only on screens. Logs, exports and what programs read stay in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::App;
use super::sync::clock_or_day;

/// The zone of whoever sits here. The default is UTC, beside which nothing is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// A zone.
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// ` (15:02)` where the clock there shows another time than UTC, with the day where that is another too; else nothing.
    pub fn beside(&self, at: Timestamp) -> String {
        let there = at.to_zoned(self.0.clone());
        if there.offset().is_zero() {
            return String::new();
        }
        let same_day = there.date() == at.to_zoned(TimeZone::UTC).date();
        let form = if same_day { "%H:%M" } else { "%m-%d %H:%M" };
        format!(" ({})", there.strftime(form))
    }
}

/// Cells of `11-23 14:37Z`.
const DAY_AND_TIME: usize = 12;

impl Zone {
    /// A text from below with the local time behind each UTC time that has its day: `11-23 14:37Z (15:37)`. What has no year is of
    /// the year of `now`, or of the one before where it would lie ahead by months.
    pub fn told(&self, text: &str, now: Timestamp) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('Z') {
            let (before, after) = rest.split_at(at + 1);
            out.push_str(before);
            if !after.starts_with(" (")
                && let Some(at) = stamp(before, now)
            {
                out.push_str(&self.beside(at));
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The time that a text ends with, if it does.
fn stamp(text: &str, now: Timestamp) -> Option<Timestamp> {
    let short = text.get(text.len().checked_sub(DAY_AND_TIME)?..)?;
    let (day, time) = short.strip_suffix('Z')?.split_once(' ')?;
    let lead = &text[..text.len() - DAY_AND_TIME];
    let named = lead.len().checked_sub(5).and_then(|from| lead.get(from..));
    let at = |year: &str| format!("{year}-{day}T{time}:00Z").parse::<Timestamp>();
    let named = named.and_then(|year| year.strip_suffix('-'));
    if let Some(year) = named.filter(|year| year.bytes().all(|b| b.is_ascii_digit())) {
        return at(year).ok();
    }
    let year = now.to_zoned(TimeZone::UTC).year();
    let this = at(&format!("{year:04}")).ok()?;
    let ahead = this.duration_since(now).as_hours() > 24 * 180;
    if ahead {
        return at(&format!("{:04}", year - 1)).ok();
    }
    Some(this)
}

impl App {
    /// A time as the screen shows it: `14:02Z (15:02)`, with the day in front unless it is today.
    pub fn when(&self, at: Timestamp) -> String {
        let utc = clock_or_day(at, self.now);
        format!("{utc}{}", self.settings.zone.beside(at))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use super::*;
    use crate::app::Settings;
    use crate::app::fixture::{Driver, settings};
    use crate::view::screens::screen;

    #[test]
    fn a_wide_screen_shows_the_local_time_and_a_narrow_one_only_utc() {
        for (size, local) in [((140, 40), true), ((80, 24), false)] {
            let wishes = Settings {
                zone: Zone::new(TimeZone::fixed(Offset::constant(1))),
                ..settings()
            };
            let mut t = Driver::with(wishes, size);
            assert_eq!(screen(&t.app)[0].contains("Z ("), local, "{size:?}");
            // The header leaves it out where it is narrow, a list where it does not fit.
            t.keys("4");
            let rows = screen(&t.app);
            assert!(rows[4].contains("13:58Z (14:58)"), "{rows:#?}");
            t.keys("3");
            let mut rows = screen(&t.app);
            rows.remove(0);
            assert!(rows.iter().any(|row| row.contains("Z (")), "{rows:#?}");
            // Where the account is an app's, whose id nobody reads, there is room at any width.
            t.app.session.account = "app 7fe2".to_owned();
            let header = screen(&t.app)[0].clone();
            assert!(header.contains("Z ("), "{header}");
            assert!(!header.contains(" … "), "{header}");
        }
    }

    #[test]
    fn what_comes_from_below_gets_the_local_time_too() {
        let zone = Zone::new(TimeZone::fixed(Offset::constant(1)));
        let now = "2026-11-23T15:00:00Z".parse().unwrap();
        for (text, told) in [
            (
                "pat 11-23 14:37Z: number none",
                "pat 11-23 14:37Z (15:37): number none",
            ),
            (
                "2026-11-22 23:30Z read, 11-20 12:03Z",
                "2026-11-22 23:30Z (11-23 00:30) read, 11-20 12:03Z (13:03)",
            ),
            ("12-31 23:30Z", "12-31 23:30Z (01-01 00:30)"),
            ("11-23 14:37Z (15:37)", "11-23 14:37Z (15:37)"),
            ("read 14:37Z, Zoe Z and 山Z", "read 14:37Z, Zoe Z and 山Z"),
        ] {
            assert_eq!(zone.told(text, now), told);
            assert_eq!(Zone::default().told(text, now), text);
        }
    }

    #[test]
    fn the_local_time_stands_beside_with_its_day_where_it_is_another() {
        let beside = |hours: i8, at: &str| {
            let zone = Zone::new(TimeZone::fixed(Offset::constant(hours)));
            zone.beside(at.parse().unwrap())
        };
        assert_eq!(beside(1, "2026-11-22T14:02:59Z"), " (15:02)");
        assert_eq!(beside(1, "2026-11-22T23:30:00Z"), " (11-23 00:30)");
        assert_eq!(beside(-5, "2026-11-22T02:00:00Z"), " (11-21 21:00)");
        assert_eq!(beside(0, "2026-11-22T14:02:59Z"), "");
        assert_eq!(
            Zone::default().beside("2026-11-22T14:02:59Z".parse().unwrap()),
            ""
        );
    }
}
